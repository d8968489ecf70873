"""The whole window without a mouse: everything is reached, says its name, shows that it has the keys, and lets go."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from fineview.gui import icons, theme
from fineview.gui.main_window import MainWindow
from tests.gui.pixels import contrast, pixels_of
from tests.gui.walk import DIALOGS, name_of, opened, pages, stops, tab_round, where

# A ring, an underline or a filled handle: fewer changed pixels than this nobody sees.
LEAST_RING_PX = 20


def not_reached(root: QWidget) -> list[str]:
    """Stops that Tab does not come to from where the keys are, and those without a name."""
    seen = tab_round(root)
    missing = [f"not reached: {where(one)}" for one in stops(root) if one not in seen]
    return missing + [f"no name: {where(one)}" for one in seen if not name_of(one)]


def no_ring(root: QWidget) -> list[str]:
    """Stops that look the same with and without the keys (WCAG 2.2, 2.4.7; 3:1 between the two looks)."""
    told = []
    for one in stops(root):
        nobody(root)
        before = pixels_of(one)
        one.setFocus(Qt.FocusReason.TabFocusReason)
        after = pixels_of(one)
        changed = int((contrast(before, after) >= 3.0).sum()) if before.shape == after.shape else before.size
        if one.hasFocus() and changed < LEAST_RING_PX:
            told.append(f"{changed} pixels: {where(one)}")
    return told


def nobody(root: QWidget) -> None:
    now = QApplication.focusWidget()
    if now is not None:
        now.clearFocus()


def test_tab_reaches_everything_and_is_never_caught(window: MainWindow) -> None:
    for page in pages(window):
        window.viewer.canvas.setFocus()
        assert not_reached(window.centralWidget()) == [], page


def test_tab_reaches_everything_in_dialogs(window: MainWindow) -> None:
    told = []
    for name in DIALOGS:
        with opened(window, name) as page:
            stops(page)[0].setFocus()
            told += [f"{name}: {line}" for line in not_reached(page)]
    assert told == []


def test_tab_goes_where_the_eye_goes(window: MainWindow) -> None:
    """Studies, picture, side panel, line at the bottom; in the chat what may be asked before where it is asked."""
    window.viewer.canvas.setFocus()
    seen = tab_round(window.centralWidget())
    order = [next(i for i, one in enumerate(seen) if one is part or part.isAncestorOf(one)) for part in (
        window.viewer.canvas, window.viewer.frames, window.tabs.tabBar(), window.chat._chips, window.chat.question,
        window.status)]
    assert order == sorted(order)
    assert seen.index(window.studies.tree) > order[-1]  # and round again


@pytest.mark.parametrize("name", ["dark", "light"])
def test_what_has_the_keys_shows_it(qapp: QApplication, window: MainWindow, name: theme.ThemeName) -> None:
    theme.apply_theme(qapp, name)
    icons.redress()
    told = [line for _ in pages(window) for line in no_ring(window.centralWidget())]
    for dialog in DIALOGS:
        with opened(window, dialog) as page:
            told += [f"{dialog}: {line}" for line in no_ring(page)]
    theme.apply_theme(qapp, "dark")
    assert told == []


def test_menus_are_reached_by_keys(qtbot: QtBot, window: MainWindow) -> None:
    """Alt goes to the menus, where every action of the toolbar is as well."""
    menus = window.menuBar()
    qtbot.keyPress(window, Qt.Key.Key_Alt)
    qtbot.keyRelease(window, Qt.Key.Key_Alt)
    assert menus.hasFocus() and menus.activeAction() is not None
    listed = {action for top in menus.actions() for action in top.menu().actions()}
    assert {action for action in window.bar.toolbar.actions() if not action.isSeparator()} <= listed
    qtbot.keyClick(menus, Qt.Key.Key_Escape)
    assert not menus.hasFocus()


def test_a_person_without_a_mouse_selects_a_series(qtbot: QtBot, window: MainWindow) -> None:
    tree = window.studies.tree
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(0).child(0).child(1) or tree.topLevelItem(0).child(1))
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window._bench.session.series is not None and window._bench.session.series.uid == "photo")
    assert tree.mapTo(window, QPoint(0, 0)).x() >= 0
