"""Which weights spoke, on what device, how long it took, and whether they were made for such a picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from fineview.core.evidence import Analysis, FusionState
from fineview.gui.wording import plain, tr

_FUSIONS: dict[FusionState, str] = {
    "none": "none: one network", "trained": "trained", "untrained": "untrained: it adds nothing yet"}


def facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """(name, value) rows."""
    model = analysis.model
    scores = ", ".join(f"{name} {score:.2f}" for name, score in analysis.domain_scores.items())
    seconds = ", ".join(f"{stage} {value:.2f}" for stage, value in analysis.seconds.items())
    return ((tr("Model"), f"{model.name} {model.version}" + ("" if model.trained else f" ({tr('untrained')})")),
            ("sha256", model.sha256), (tr("Fusion"), tr(_FUSIONS[model.fusion])),
            (tr("Domain"), f"{analysis.domain} ({scores})"),
            (tr("Device"), f"{analysis.device} {analysis.dtype}"), (tr("Seconds"), seconds),
            (tr("Notes"), " ".join(analysis.notes)))


def breakable(text: str) -> str:
    """A long hash may break after every eighth digit (zero-width space), so that it is readable in a narrow panel."""
    if len(text) < 40 or " " in text:
        return text
    return "\u200b".join(text[i:i + 8] for i in range(0, len(text), 8))


def table(rows: tuple[tuple[str, str], ...]) -> str:
    """Rows with a value as a table of two columns; words from models never become markup."""
    lines = [f"<tr><td style='padding: 0 12px 4px 0'>{plain(name)}</td><td>{plain(breakable(value))}</td></tr>"
             for name, value in rows if value]
    return f"<table>{''.join(lines)}</table>"


class Identity(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._none = QLabel(tr("This frame has not been analysed yet."))
        self._none.setObjectName("quiet")
        self._none.setWordWrap(True)
        self._domain = QLabel()
        self._domain.setObjectName("warning")
        self._domain.setWordWrap(True)
        # One label with a table: a form of wrapping labels guesses their heights wrong once the text changes.
        self._facts = QLabel()
        self._facts.setWordWrap(True)
        self._facts.setTextFormat(Qt.TextFormat.RichText)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._none)
        column.addWidget(self._domain)
        column.addWidget(self._facts)
        self.show_analysis(None, "")

    def show_analysis(self, analysis: Analysis | None, banner: str) -> None:
        told = facts(analysis) if analysis is not None else ()
        self._facts.setText(table(told))
        self._facts.setVisible(bool(told))
        self._none.setVisible(analysis is None)
        self._domain.setText(banner)
        self._domain.setVisible(bool(banner))
