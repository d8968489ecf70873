"""Memory for pictures: how much may be used, what uses it now, and what the computer has left."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QLabel, QWidget

from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr
from fineview.services.memory import DEFAULT_BYTES, GB, MB
from fineview.services.memory_words import in_words
from fineview.services.workbench import Workbench

_LEAST_GB, _MOST_GB = 0.25, 64.0
_EVERY_MS = 1000


class MemoryPage(Page):
    """``budget`` is in units of 1024^3 bytes; it holds from "Use this" on, and at the next start."""

    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Memory for pictures"), parent)
        self._bench = bench
        self.words(tr("Frames and maps are kept at hand up to this limit; those not looked at for longest go first. "
                      "They are read again when you come back to them."), "quiet")
        self.budget = QDoubleSpinBox()
        self.budget.setRange(_LEAST_GB, _MOST_GB)
        self.budget.setSingleStep(0.5)
        self.budget.setDecimals(2)
        self.budget.setSuffix(tr(" GB"))
        self.budget.setValue(bench.memory.wished_bytes / GB)
        self.budget.setAccessibleName(tr("Limit in gigabytes"))
        form = QFormLayout()
        self.frames, self.maps, self.machine = QLabel(), QLabel(), QLabel()
        for name, field in (("Limit", self.budget), ("Frames kept", self.frames), ("Maps and pictures", self.maps),
                            ("This computer", self.machine)):
            form.addRow(tr(name), field)
        self.column.addLayout(form)
        self.short = self.words("", "warning")
        self.buttons("Use this", "Close")
        self.accepted.connect(lambda: bench.memory.set_budget(round(self.budget.value() * GB / MB) * MB))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_EVERY_MS)
        self.refresh()

    def refresh(self) -> None:
        """What is used now."""
        memory = self._bench.memory
        memory.check()
        rasters = self._bench.session.rasters
        self.frames.setText(tr("{0} in {1} frames").format(in_words(rasters.held_bytes), len(rasters)))
        self.maps.setText(in_words(memory.held_bytes - rasters.held_bytes))
        seen = memory.machine
        self.machine.setText(tr("{0} free of {1}").format(in_words(seen.free_bytes), in_words(seen.total_bytes))
                             if seen is not None else tr("not known here"))
        short = memory.budget_bytes < memory.wished_bytes
        self.short.setVisible(short)
        self.short.setText(tr("The computer is short of memory: {0} are used for now.").format(
            in_words(memory.budget_bytes)) if short else "")
        self.budget.setToolTip(tr("At first {0}").format(in_words(DEFAULT_BYTES)))
