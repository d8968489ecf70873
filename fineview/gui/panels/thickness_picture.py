"""The map of the shown volume on its ground, with colours and legend; of a comparison also the map of what changed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fineview.core.image import Raster
from fineview.core.study import FrameKey, Study
from fineview.gui.panels.choices import combo
from fineview.gui.panels.thickness_change import signed
from fineview.gui.panels.thickness_map import ThicknessMap
from fineview.gui.viewer.legend import ColourBar
from fineview.gui.wording import tr
from fineview.services.change_sheet import change_overlay
from fineview.services.picture import render_base
from fineview.services.session import Session
from fineview.services.snapshot import OverlayState, ViewState
from fineview.services.thickness_compare import Other
from fineview.services.thickness_sheet import map_overlay
from fineview.services.thickness_state import ThicknessState
from fineview.services.wishes import ViewWishes


class MapPicture(QWidget):
    """``recentre`` stands beside the legend.  A new comparison is shown at once; the person may switch back."""

    def __init__(self, session: Session, recentre: QPushButton) -> None:
        super().__init__()
        self._session = session
        self._now: ThicknessState | None = None
        self._ground: object = None
        self._other: Other | None = None
        self.map, self.bar = ThicknessMap(), ColourBar()
        self.map.setMinimumHeight(300)
        self.low, self.high = QLabel(), QLabel()
        for label in (self.low, self.high):
            label.setObjectName("quiet")
        self.colours = combo(tr("Colours of the map"), (("viridis", "viridis"), ("cividis", "cividis"),
                                                          ("", "no map, the picture below it")))
        self.colours.activated.connect(lambda _: self._show_map())
        self.thickness, self.change = QPushButton(tr("Thickness")), QPushButton(tr("Change"))
        self._switch = QWidget()
        self._arrange(recentre)

    def _arrange(self, recentre: QPushButton) -> None:
        self._group = QButtonGroup(self)
        row, legend, column = QHBoxLayout(self._switch), QHBoxLayout(), QVBoxLayout(self)
        for button in (self.thickness, self.change):
            button.setCheckable(True)
            self._group.addButton(button)
            button.clicked.connect(self._show_map)
            row.addWidget(button, 1)
        self.thickness.setChecked(True)
        self.bar.setFixedWidth(96)
        for one in (self.low, self.bar, self.high):
            legend.addWidget(one)
        legend.addStretch(1)
        legend.addWidget(recentre)
        row.setContentsMargins(0, 0, 0, 0)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._switch)
        column.addWidget(self.map, 1)
        column.addLayout(legend)

    def show_made(self, now: ThicknessState) -> None:
        self._now = now
        found = now.compared
        told = found is not None and found.map is not None
        other = found.other if found is not None else None
        if not told:
            self.thickness.setChecked(True)
        elif other is not self._other:
            self.change.setChecked(True)
        self._other = other
        self._switch.setVisible(told)
        self.change.setText(tr("Difference") if found is not None and found.told.of_eyes else tr("Change"))
        self._show_map()

    def _show_map(self) -> None:
        now = self._now
        if now is None or now.made is None or now.sheet is None:
            return
        overlay, numbers = self._overlay(now)
        self.map.setAccessibleName(tr("Thickness map with the ETDRS grid") if numbers is None
                                   else tr("Map of the change with the ETDRS grid"))
        self.map.tell(numbers)
        self.map.set_overlay(overlay if self.colours.currentData() else None)
        self.bar.set_colours(overlay.bar)
        assert overlay.ticks is not None
        low, high = overlay.ticks
        self.low.setText(f"{low:.0f}".replace("-", "\u2212"))
        self.high.setText(f"{'+' if low < 0 else ''}{high:.0f} \u00b5m")

    def _overlay(self, now: ThicknessState) -> tuple[OverlayState, dict[str, str] | None]:
        """With the words for the fields; none of them while a moved grid is being compared again."""
        assert now.made is not None and now.sheet is not None
        found = now.compared
        if found is None or found.map is None or not self.change.isChecked():
            return map_overlay(now.made, now.sheet, self.colours.currentData() or "viridis"), None
        numbers = {one.name: signed(one.change_um) for one in found.told.fields} if now.change is not None else {}
        return change_overlay(found.map, now.sheet, ""), numbers

    def _own_localizer(self, now: ThicknessState, study: Study | None) -> Raster | None:
        """The picture whose pixels the sheet is made of; another one may stand beside the volume."""
        scaled = now.made is not None and now.made.plane.px_per_mm is not None
        uid = now.series.localizer_uid if now.series is not None and scaled else None
        open_now = study.series if study is not None else ()
        found = next((one for one in open_now if one.uid == uid and one.frames), None)
        if found is None:
            return None
        key = FrameKey(found.uid, found.default_frame)
        return self._session.rasters.get(key) or self._session.thumbnails.get(found.uid)

    def show_ground(self, state: ViewState, new: bool) -> None:
        """The localizer's picture, or the slab from the front over its part of the sheet."""
        now = self._now
        if now is None or now.sheet is None:
            return
        raster = self._own_localizer(now, state.study)
        slab = now.en_face if now.ground != "localizer" else None
        wanted = slab or raster
        if not new and wanted is self._ground:
            return
        self._ground = wanted
        blank = np.zeros((2, 2), np.uint8)
        image = render_base(raster, ViewWishes()) if raster is not None and slab is None else blank
        self.map.set_picture(image, now.sheet.rows, now.sheet.cols)
        if slab is not None:
            box = slab.rect
            self.map.base.set(slab.pixels, QRectF(box.x, box.y, box.w, box.h))
