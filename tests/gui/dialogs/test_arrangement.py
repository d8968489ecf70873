"""The pages of hanging rules and of windows: what is chosen there holds at once and at the next start."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from fineview.core.image import Window
from fineview.gui.dialogs.hanging import HangingRules
from fineview.gui.dialogs.windows import Windows
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.choices import choose
from fineview.services.hanging_rules import DEFAULT_RULES, Rule
from fineview.services.workbench import Workbench


def opened(qtbot: QtBot, page):
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(page)
    page.show()
    return page


def press(page, words: str) -> None:
    next(one for one in page.findChildren(QPushButton) if one.text() == words).click()


def test_a_rule_is_changed_and_hangs_what_is_open(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    assert bench.session.panes.layout == "1x1"
    page = opened(qtbot, HangingRules(bench, None))
    layout, fill = page.rows["OPT"]
    assert (layout.currentData(), fill.currentData()) == ("2x2", "sides or visits")
    choose(layout, "1x2")
    choose(fill, "localizer")
    press(page, "Keep and apply")
    window.binder.update_now()
    assert [one.series.uid for one in window.state.panes.panes] == ["scan", "photo"]
    assert bench.hanging.rules[0] == Rule("OPT", "1x2", "localizer")
    page = opened(qtbot, HangingRules(bench, None))
    press(page, "Back to the built-in rules")
    press(page, "Keep and apply")
    assert bench.hanging.rules == DEFAULT_RULES and bench.session.panes.layout == "1x1"


def test_leaving_the_page_changes_nothing(qtbot: QtBot, bench: Workbench) -> None:
    page = opened(qtbot, HangingRules(bench, None))
    choose(page.rows["CT"][0], "2x2")
    press(page, "Cancel")
    assert bench.hanging.rules == DEFAULT_RULES


def test_windows_are_edited_and_have_their_keys(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    page = opened(qtbot, Windows(bench, None))
    assert page.which.currentData() == "OPT" and page.text.toPlainText() == ""
    page.text.setPlainText("Vitreous  W 40  L 30")
    press(page, "Keep the lists")
    bar = window.bar
    bar.actions["preset-1"].trigger()
    window.binder.update_now()
    assert bench.session.view.window == Window(30, 40, name="Vitreous")
    assert window.state.window_text.startswith("Vitreous  W 40  L 30")
    menu = next(one.menu() for one in window.menuBar().actions() if one.text() == "Presets")
    menu.aboutToShow.emit()
    shown = [one.text() for one in menu.actions() if one.isVisible()]
    assert shown[1].startswith("Vitreous") and len([one for one in shown if one.startswith("Window preset")]) == 0
    menu.aboutToHide.emit()
    assert all(one.isVisible() for one in menu.actions())  # a hidden action would not hear its key
    bar.actions["preset-0"].trigger()
    assert bench.session.view.window is None
    bar.actions["preset-9"].trigger()
    assert bench.session.view.window is None  # there are not so many


def test_a_line_that_is_no_window_keeps_the_page_open(qtbot: QtBot, bench: Workbench) -> None:
    page = opened(qtbot, Windows(bench, None))
    choose(page.which, "CT")
    page.which.activated.emit(page.which.currentIndex())
    assert page.text.toPlainText().splitlines()[0] == "Lung  W 1500  L -600"
    page.text.setPlainText("Lung wide")
    press(page, "Keep the lists")
    assert page.isVisible() and page.problem.text().startswith("This line is no window: Lung wide")
    press(page, "Back to the built-in list")
    press(page, "Keep the lists")
    assert not page.isVisible()


@pytest.mark.parametrize("made", [HangingRules, Windows])
def test_pages_fit_a_small_screen(qtbot: QtBot, bench: Workbench, made) -> None:
    page = opened(qtbot, made(bench, None))
    assert page.sizeHint().width() <= 1240 and page.sizeHint().height() <= 740
