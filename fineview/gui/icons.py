"""Icons from one set (Material Design Icons through qtawesome), coloured by the theme in force."""

from __future__ import annotations

import weakref

import qtawesome
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon

from fineview.gui.theme import current

# Words of this application -> names in the set.
NAMES: dict[str, str] = {
    "open": "mdi6.folder-open-outline", "files": "mdi6.file-image-outline", "report": "mdi6.file-document-outline",
    "pacs": "mdi6.server-network",
    "sample": "mdi6.eye-circle-outline", "close": "mdi6.close", "quit": "mdi6.exit-to-app", "undo": "mdi6.undo",
    "redo": "mdi6.redo", "delete": "mdi6.trash-can-outline", "edit": "mdi6.pencil-outline", "accept": "mdi6.check",
    "reject": "mdi6.cancel", "window": "mdi6.contrast-circle", "pan": "mdi6.hand-back-right-outline",
    "zoom": "mdi6.magnify", "box": "mdi6.rectangle-outline", "ellipse": "mdi6.ellipse-outline",
    "polygon": "mdi6.vector-polygon", "freehand": "mdi6.draw", "length": "mdi6.ruler", "angle": "mdi6.angle-acute",
    "point": "mdi6.crosshairs",
    "fit": "mdi6.fit-to-page-outline", "one": "mdi6.numeric-1-box-outline", "invert": "mdi6.invert-colors",
    "flip-h": "mdi6.flip-horizontal", "flip-v": "mdi6.flip-vertical", "rotate": "mdi6.rotate-right",
    "reset": "mdi6.restore", "analyse": "mdi6.creation-outline", "overlay": "mdi6.layers-outline",
    "play": "mdi6.play", "pause": "mdi6.pause", "keys": "mdi6.keyboard-outline", "about": "mdi6.information-outline",
    "theme": "mdi6.theme-light-dark", "panel": "mdi6.page-layout-sidebar-right",
    "browser": "mdi6.page-layout-sidebar-left", "send": "mdi6.send", "stop": "mdi6.stop",
    "warning": "mdi6.alert-outline", "fovea": "mdi6.image-filter-center-focus",
    "aspect": "mdi6.aspect-ratio", "maximise": "mdi6.fullscreen", "flip": "mdi6.swap-horizontal",
    "layout-1x1": "mdi6.square-outline", "layout-1x2": "mdi6.view-split-vertical",
    "layout-2x1": "mdi6.view-split-horizontal", "layout-2x2": "mdi6.view-grid-outline", "link": "mdi6.link-variant",
    "beside": "mdi6.compare", "eye": "mdi6.eye-outline", "chance": "mdi6.dice-5-outline",
    "advice": "mdi6.scale-balance", "planes": "mdi6.axis-arrow",
    "more": "mdi6.chevron-double-right", "suggestions": "mdi6.lightbulb-outline"}


_dressed: weakref.WeakKeyDictionary[QObject, tuple[str, str]] = weakref.WeakKeyDictionary()


def icon(name: str, ink: str = "text") -> QIcon:
    """The icon for one of ``NAMES`` in the colour of the token ``ink``; disabled ones are faint."""
    tokens = current()
    return qtawesome.icon(NAMES[name], color=getattr(tokens, ink), color_disabled=tokens.faint)


def dress(target: QObject, name: str, ink: str = "text") -> None:
    """Give a button or action its icon, and the right colour again whenever the theme changes."""
    _dressed[target] = (name, ink)
    target.setIcon(icon(name, ink))  # type: ignore[attr-defined]


def redress() -> None:
    """After a change of theme."""
    for target, (name, ink) in list(_dressed.items()):
        if shiboken6.isValid(target):
            target.setIcon(icon(name, ink))  # type: ignore[attr-defined]
