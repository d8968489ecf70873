"""Which slab stands below the map: a layer line or the top of the scan, and how far below it, twice."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSpinBox, QWidget

from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.wording import tr
from fineview.services.slab import TOP, Edge, Slab, Unit, between
from fineview.services.thickness_state import ThicknessState

_FARTHEST = 3000


class _Away(QSpinBox):
    """The wheel scrolls the panel; a number that is typed counts once it is whole."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setRange(-_FARTHEST, _FARTHEST)
        self.setSingleStep(10)
        self.setKeyboardTracking(False)
        self.setAccessibleName(name)
        self.setMinimumWidth(84)  # a narrow panel cuts no digit that is usual here

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()


class SlabRow(QWidget):
    """``chosen`` carries a ``Slab``, or None for the one that the thickness was measured of."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.lines = (combo(tr("Slab from")), combo(tr("Slab to")))
        self.away = (_Away(tr("Below the upper edge")), _Away(tr("Below the lower edge")))
        self._unit: Unit = "um"
        self._pair: tuple[str, str] | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, words in enumerate(("from", "to")):
            grid.addWidget(QLabel(tr(words)), row, 0)
            grid.addWidget(self.lines[row], row, 1)
            grid.addWidget(self.away[row], row, 2)
            self.lines[row].setMinimumContentsLength(4)
            self.lines[row].activated.connect(self._tell)
            self.away[row].valueChanged.connect(self._tell)
        grid.setColumnStretch(1, 1)

    def show_slab(self, now: ThicknessState) -> None:
        """The edges in force; nothing is told back."""
        if now.lines is None or now.pair is None:
            return
        self._pair = now.pair
        shown = now.slab or between(now.pair)
        names = [(TOP, tr("top of the scan")), *((name, name) for name in now.lines.names)]
        for box, away, edge in zip(self.lines, self.away, (shown.upper, shown.lower), strict=True):
            refill(box, names)
            choose(box, edge.line)
            away.blockSignals(True)
            away.setSuffix(" \u00b5m" if edge.unit == "um" else " px")
            away.setValue(round(edge.away))
            away.blockSignals(False)

    def _tell(self) -> None:
        upper, lower = (Edge(box.currentData(), float(away.value()), self._unit)
                        for box, away in zip(self.lines, self.away, strict=True))
        wanted = Slab(upper, lower)
        self.chosen.emit(None if self._pair is not None and wanted == between(self._pair) else wanted)
