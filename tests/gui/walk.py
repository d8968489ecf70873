"""Walking a window as a person without a mouse does: what can be reached, in which order, and what is written there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QWidget,
)

from fineview.gui.main_window import MainWindow


def visible(root: QWidget) -> list[QWidget]:
    """``root`` and everything in it that is shown, other windows left out."""
    inside = [one for one in root.findChildren(QWidget) if one.isVisible() and one.window() is root.window()]
    return [root, *inside]


def stops(root: QWidget) -> list[QWidget]:
    """What Tab must reach: shown, enabled, and willing to take the keys."""
    return [one for one in visible(root) if one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
            and one.focusProxy() is None]


def tab_round(root: QWidget, most: int = 600) -> list[QWidget]:
    """Where Tab goes, from the first stop until it comes back to one that was visited."""
    seen: list[QWidget] = []
    for _ in range(most):
        now = QApplication.focusWidget()
        if now is None or now in seen:
            break
        seen.append(now)
        QTest.keyClick(now, Qt.Key.Key_Tab)
    return seen


def name_of(one: QWidget) -> str:
    """What a screen reader says: the accessible name, else the written one."""
    written = one.text() if isinstance(one, QAbstractButton | QLabel) else ""
    return one.accessibleName() or written or (one.title() if isinstance(one, QGroupBox) else "")


def where(one: QWidget) -> str:
    """A widget in a message: its class, its name, and the classes around it."""
    around: list[str] = []
    above = one.parentWidget()
    while above is not None and len(around) < 4:
        around.append(type(above).__name__)
        above = above.parentWidget()
    said = name_of(one).replace("\n", " ")[:40]
    return f"{type(one).__name__} \"{said}\" in {' in '.join(around)}"


def written(one: QWidget) -> str:
    """The words that a widget paints itself."""
    if isinstance(one, QLabel):
        return "" if one.pixmap() and not one.pixmap().isNull() else one.text()
    if isinstance(one, QComboBox):
        return one.currentText()
    return one.text() if isinstance(one, QAbstractButton) else ""


def place_in(one: QWidget, root: QWidget) -> QRect:
    """Where its visible part lies in ``root``; empty where less than half of its height is scrolled into view."""
    seen = one.visibleRegion().boundingRect()
    return QRect(one.mapTo(root, seen.topLeft()), seen.size()) if 2 * seen.height() > one.height() else QRect()


DIALOGS = ("about", "advise", "edit_labels", "explain_modalities", "export", "memory", "model_card", "pacs", "plugins",
           "shortcuts")


@contextmanager
def opened(window: MainWindow, name: str) -> Iterator[QDialog]:
    """One of the ``DIALOGS`` of the desk, as a person opens it; gone afterwards."""
    getattr(window.desk, name)()
    page = next(one for one in window.findChildren(QDialog) if one.isVisible())
    QTest.qWait(30)
    try:
        yield page
    finally:
        page.close()
        QCoreApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete)


def pages(window: MainWindow) -> Iterator[str]:
    """Turn over the tabs of the window's side panel, one after the other."""
    for index in range(window.tabs.count()):
        if window.tabs.isTabVisible(index):
            window.tabs.setCurrentIndex(index)
            QTest.qWait(20)
            yield window.tabs.tabText(index)
