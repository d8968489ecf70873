"""The pictures of one frame and how they share the room: the frame, what stands beside it, the localizer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.eye_pane import EyePane
from fineview.gui.viewer.localizer import Localizer
from fineview.gui.viewer.twin import Twin
from fineview.gui.wording import tr
from fineview.services.wishes import Beside

# Below this width two pictures stand one above the other; so they do where the B-scan is flatter than this.
_SIDE_BY_SIDE_PX = 760
_FLAT = 1.5


class Pictures(QSplitter):
    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setHandleWidth(4)
        self.setChildrenCollapsible(False)
        self.canvas = Canvas()
        self.twin, self.eye, self.localizer = Twin(self.canvas), EyePane(), Localizer()
        self.canvas.setAccessibleName(tr("Picture"))
        self.twin.setAccessibleName(tr("The same picture under the other overlay"))
        self.localizer.setAccessibleName(tr("Localizer with scan lines"))
        for part, stretch in ((self.canvas, 5), (self.twin, 5), (self.eye, 5), (self.localizer, 3)):
            self.addWidget(part)
            self.setStretchFactor(self.indexOf(part), stretch)
        for part in (self.twin, self.eye, self.localizer):
            part.hide()
        self.canvas.hovered.connect(self.eye.look_at)
        self.eye.hovered.connect(self.canvas.point_at)

    def set_beside(self, what: Beside, localizer: bool) -> None:
        """One thing beside the picture at a time: what is compared, else the localizer where there is one."""
        wanted = {self.twin: what == "overlay", self.eye: what == "eye", self.localizer: what == "none" and localizer}
        if all(part.isHidden() is not on for part, on in wanted.items()):
            return
        for part, on in wanted.items():
            part.setVisible(on)
        if what == "none":
            self.canvas.point_at(None)
        self.share_room()
        if what == "overlay":
            self.twin.show_picture()

    def share_room(self) -> None:
        """A flat B-scan gets the whole width with the other below; a tall one stands beside it."""
        other = self._other()
        if other is None:
            return
        shape = self.canvas.shape()
        below = self.width() < _SIDE_BY_SIDE_PX or (shape > _FLAT and other is not self.eye)
        room = self.height() if below else self.width()
        share = room / 2
        if other is self.localizer:
            picture = self.width() / shape + 48 if below else room * 0.6
            share = min(max(picture, room * 0.4), room * 0.66)
        self.setOrientation(Qt.Orientation.Vertical if below else Qt.Orientation.Horizontal)
        left = round(room - share)
        self.setSizes([round(share), *(left if part is other else 0 for part in (self.twin, self.eye, self.localizer))])

    def _other(self) -> QWidget | None:
        return next((part for part in (self.twin, self.eye, self.localizer) if not part.isHidden()), None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.share_room()
