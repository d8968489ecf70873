"""The wheel scrolls the panel a field lies in; a field heeds it only once it was clicked or tabbed to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollBar, QWidget

_FIELDS = (QAbstractSpinBox, QAbstractSlider, QComboBox)


class _Filter(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()  # the parent gets it
            return True
        return False


def make_steady(root: QWidget) -> None:
    """All spin boxes, sliders and lists below ``root``; scroll bars are there for the wheel and stay as they are."""
    guard = _Filter(root)
    for field in root.findChildren(QWidget):
        if isinstance(field, _FIELDS) and not isinstance(field, QScrollBar):
            # A field that takes the focus from the wheel would heed its second notch.
            if field.focusPolicy() is Qt.FocusPolicy.WheelFocus:
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(guard)
