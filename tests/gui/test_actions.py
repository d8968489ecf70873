"""The table of actions: nothing twice, everything reachable, and the page of keys is complete."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from fineview.gui import icons
from fineview.gui.actions import ACTIONS, GESTURES
from fineview.gui.dialogs.shortcuts import Shortcuts
from fineview.gui.keys import Keys
from fineview.gui.main_window import MainWindow


def test_ids_and_shortcuts_are_unique() -> None:
    for values in ([row.id for row in ACTIONS], [row.title for row in ACTIONS],
                   [QKeySequence(row.shortcut).toString() for row in ACTIONS if row.shortcut]):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_shortcuts_are_keys_and_icons_exist() -> None:
    for row in ACTIONS:
        assert not row.shortcut or QKeySequence(row.shortcut).toString(), row.id
        assert not row.icon or row.icon in icons.NAMES, row.id


def test_the_window_holds_every_row(window: MainWindow) -> None:
    menus = {menu.text(): {a.text() for a in menu.menu().actions()} for menu in window.menuBar().actions()}
    for row in ACTIONS:
        made = window.bar.actions[row.id]
        assert made.shortcut() == QKeySequence(row.shortcut)
        assert made.text() in menus[row.menu], row.id
    for button in window.bar.toolbar.findChildren(type(window.bar.toolbar.widgetForAction(made))):
        assert button.accessibleName() or not button.isVisible()


def test_the_page_of_keys_lists_all(qtbot: QtBot) -> None:
    page = Shortcuts(Keys(ACTIONS, None, GESTURES), None)
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(page)
    told = {label.text() for label in page.findChildren(QLabel)}
    assert {row.title for row in ACTIONS} <= told
    shown = {row.id: page.rows[row.id].key.text() for row in ACTIONS}
    assert shown == {row.id: QKeySequence(row.shortcut).toString(QKeySequence.SequenceFormat.NativeText) or "no key"
                     for row in ACTIONS}
    assert {key for key, _ in GESTURES} <= told


def test_the_question_mark_opens_the_page_of_keys(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    window.viewer.canvas.setFocus()
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_Question)
    page = window.findChild(Shortcuts)
    assert page is not None and page.isVisible()
    page.close()


def test_a_step_is_named(window: MainWindow) -> None:
    window._bench.session.undo_name = "Undo: move ellipse on frame 31"
    window._bench.session.pulse()
    window.binder.update_now()
    undo = window.bar.actions["undo"]
    assert undo.text() == "Undo: move ellipse on frame 31" and undo.isEnabled()
    assert not window.bar.actions["redo"].isEnabled()


def test_a_chosen_tool_stays_checked_when_chosen_again(window: MainWindow) -> None:
    box = window.bar.actions["tool-box"]
    box.trigger()
    window.binder.update_now()
    box.trigger()
    assert box.isChecked() and not window.bar.actions["tool-window"].isChecked()
