"""Which weights spoke, on what device, how long it took, and whether they were made for such a picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from fineview.core.evidence import Analysis
from fineview.gui.wording import tr


def facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """(name, value) rows."""
    model = analysis.model
    scores = ", ".join(f"{name} {score:.2f}" for name, score in analysis.domain_scores.items())
    seconds = ", ".join(f"{stage} {value:.2f}" for stage, value in analysis.seconds.items())
    return ((tr("Model"), f"{model.name} {model.version}" + ("" if model.trained else f" ({tr('untrained')})")),
            ("sha256", model.sha256), (tr("Domain"), f"{analysis.domain} ({scores})"),
            (tr("Device"), f"{analysis.device} {analysis.dtype}"), (tr("Seconds"), seconds),
            (tr("Notes"), " ".join(analysis.notes)))


def breakable(text: str) -> str:
    """A long hash may break after every eighth digit (zero-width space), so that it is readable in a narrow panel."""
    if len(text) < 40 or " " in text:
        return text
    return "\u200b".join(text[i:i + 8] for i in range(0, len(text), 8))


class Identity(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._none = QLabel(tr("This frame has not been analysed yet."))
        self._none.setObjectName("quiet")
        self._none.setWordWrap(True)
        self._domain = QLabel()
        self._domain.setObjectName("warning")
        self._domain.setWordWrap(True)
        self._rows: dict[str, QLabel] = {}
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._none)
        column.addWidget(self._domain)
        column.addLayout(self._form)
        self.show_analysis(None, "")

    def show_analysis(self, analysis: Analysis | None, banner: str) -> None:
        rows = dict(facts(analysis)) if analysis is not None else {}
        for name, value in rows.items():
            if name not in self._rows:
                self._rows[name] = _value()
                self._form.addRow(name, self._rows[name])
            self._rows[name].setText(breakable(value))
            self._rows[name].setToolTip(value)
        for name, label in self._rows.items():
            self._form.setRowVisible(label, bool(rows.get(name)))
        self._none.setVisible(analysis is None)
        self._domain.setText(banner)
        self._domain.setVisible(bool(banner))


def _value() -> QLabel:
    made = QLabel()
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made
