"""Comparing: with chance, with the overlay chosen before, side by side, and with what the encoder really saw."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fineview.core.evidence import Method
from fineview.gui.panels.choices import choose, combo, overlays, refill
from fineview.gui.panels.encoder_row import fill_encoders
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench


class Compare(QWidget):
    WATCHES = frozenset({"overlay_wishes", "other_wishes", "beside", "encoders", "frame_key"})

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        explain = bench.explain
        self.chance = self._button("Compare with chance", "A random map in place of the overlay, and back")
        self.flip = self._button("Flip", "The last two overlays change places")
        self.beside = self._button("Side by side", "The same picture under another overlay")
        self.eye = self._button("What it saw", "The encoder's own input: tiles, resized pixels, global view")
        self.chance.clicked.connect(explain.chance)
        self.flip.clicked.connect(explain.flip)
        self.beside.clicked.connect(lambda: explain.beside("overlay"))
        self.eye.clicked.connect(lambda: explain.beside("eye"))
        self.flip.setCheckable(False)
        self.kind = combo(tr("Second overlay"))
        self.kind.activated.connect(lambda _: explain.compare_with(kind=self.kind.currentData()))
        self.encoder = combo(tr("Encoder of the second overlay"))
        self.encoder.activated.connect(lambda _: explain.compare_with(encoder=self.encoder.currentData()))
        self._arrange()

    def _button(self, title: str, tip: str) -> QPushButton:
        made = QPushButton(tr(title))
        made.setToolTip(tr(tip))
        made.setCheckable(True)
        made.setAutoDefault(False)
        return made

    def _arrange(self) -> None:
        head = QLabel(tr("COMPARE"))
        head.setObjectName("section")
        head.setContentsMargins(0, 8, 0, 0)
        rows = QVBoxLayout()
        rows.setSpacing(6)
        for pair in ((self.chance, self.flip), (self.beside, self.eye)):
            row = QHBoxLayout()
            row.setSpacing(6)
            for one in pair:
                row.addWidget(one, 1)
            rows.addLayout(row)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(tr("Second"), self.kind)
        self._form.addRow(tr("Encoder"), self.encoder)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(head)
        column.addLayout(rows)
        column.addLayout(self._form)

    def show_state(self, state: ViewState) -> None:
        other, encoders = state.other_wishes, state.encoders
        for one in (self.chance, self.flip, self.beside, self.eye):
            one.setEnabled(state.frame_key is not None)
        self.chance.setChecked(state.overlay_wishes.method is Method.RANDOM)
        self.beside.setChecked(state.beside == "overlay")
        self.eye.setChecked(state.beside == "eye")
        compared = state.beside == "overlay" and other is not None
        self._form.setRowVisible(self.kind, compared)
        self._form.setRowVisible(self.encoder, compared and len(encoders.names) > 1)
        if other is not None:
            refill(self.kind, overlays(encoders, other.kind))
            choose(self.kind, other.kind)
            fill_encoders(self.encoder, encoders.names)
            choose(self.encoder, other.encoder)
