"""The nine fields of the ETDRS grid as a table: rings down, sides across, and how much of each is covered."""

from __future__ import annotations

import math

from fineview.core.thickness import EtdrsGrid
from fineview.gui.panels.grid_table import GridTable
from fineview.gui.wording import tr


class FieldTable(GridTable):
    def __init__(self) -> None:
        # Where there is little room the field's name matters more than its volume, which the mean gives.
        super().__init__(9, 4, tr("ETDRS fields"), spare=2, narrow_px=340)
        self.setHorizontalHeaderLabels([tr("Field"), tr("Mean"), tr("Volume"), tr("Covered")])

    def show_grid(self, grid: EtdrsGrid) -> None:
        for row, one in enumerate(grid.fields):
            volume = "" if one.volume_mm3 is None else f"{one.volume_mm3:.2f} mm\u00b3"
            for column, words in enumerate((tr(one.name), tr(one.words), volume, f"{math.floor(one.covered * 100)} %")):
                self.put(row, column, words, f"LOINC {one.loinc}" if one.loinc else "")
