"""Gain, percentile and edges of dynamic attention redistribution."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QWidget

from fineview.core.evidence import DarSettings
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench

_EDGES = ("auto", "laplacian", "denoised", "tophat", "dark", "bright")
_OWN = 49.0  # stands for None, the edge measure's own percentile; shown in words


class DarControls(QWidget):
    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench, self._shown = bench, DarSettings()
        self.gain = self._spin(tr("DAR gain"), 0.1, 10.0, 0.1)
        self.percentile = self._spin(tr("DAR percentile"), _OWN, 100.0, 1.0)
        self.percentile.setSpecialValueText(tr("of the measure"))
        self.edges = QComboBox()
        self.edges.setAccessibleName(tr("DAR edges"))
        for name in _EDGES:
            self.edges.addItem(tr(name), name)
        self.adaptive = QCheckBox(tr("gain chosen for each map"))
        self.adaptive.setAccessibleName(tr("DAR gain and percentile chosen by entropy"))
        self.adaptive.clicked.connect(lambda on: self._set(adaptive=on))
        self.gain.valueChanged.connect(lambda value: self._set(gain=value))
        self.percentile.valueChanged.connect(lambda value: self._set(percentile=value if value > _OWN else None))
        self.edges.activated.connect(lambda _: self._set(edges=self.edges.currentData()))
        self._form = form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, widget in (("DAR gain", self.gain), ("Percentile", self.percentile), ("Edges", self.edges),
                              ("", self.adaptive)):
            form.addRow(tr(words), widget)

    def _spin(self, name: str, low: float, high: float, step: float) -> QDoubleSpinBox:
        made = QDoubleSpinBox()
        made.setAccessibleName(name)
        made.setRange(low, high)
        made.setDecimals(1)
        made.setSingleStep(step)
        # A map is computed for what was typed, not for each digit on the way.
        made.setKeyboardTracking(False)
        return made

    def show_settings(self, settings: DarSettings, visible: bool) -> None:
        self._shown = settings
        self.gain.setValue(settings.gain)
        self.percentile.setValue(_OWN if settings.percentile is None else settings.percentile)
        self.edges.setCurrentIndex(max(self.edges.findData(settings.edges), 0))
        self.adaptive.setChecked(settings.adaptive)
        for one in (self.gain, self.percentile):
            self._form.setRowVisible(one, not settings.adaptive)
        self.setVisible(visible)

    def _set(self, **changes: object) -> None:
        wanted = replace(self._shown, **changes)  # type: ignore[arg-type]
        if wanted != self._shown:
            self._bench.explain.set(dar=wanted)
