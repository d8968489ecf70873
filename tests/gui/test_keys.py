"""Keys: every one can be changed on the page of keys, a conflict is decided, and the choice outlives the window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from fineview.core.region import RegionKind
from fineview.gui.actions import ACTIONS, GESTURES
from fineview.gui.dialogs.shortcuts import Shortcuts
from fineview.gui.keys import SETTING, Keys, standard
from fineview.gui.main_window import MainWindow
from fineview.services.settings import Settings
from fineview.services.workbench import Workbench
from fineview.store.cellar import Cellar

Settle = Callable[[Callable[[], bool]], None]


class Kept(dict[str, str]):
    """Settings in memory."""

    setting = dict.get

    def set_setting(self, name: str, value: str) -> None:
        self[name] = value


@pytest.fixture
def page(qtbot: QtBot) -> Shortcuts:
    made = Shortcuts(Keys(ACTIONS, Kept(), GESTURES), None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def press(qtbot: QtBot, page: Shortcuts, action: str, key: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    """Click a row, press a key: all by keyboard but the click."""
    row = page.rows[action]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert row.listening and row.hasFocus()
    qtbot.keyClick(row, key, held or Qt.KeyboardModifier.NoModifier)


def test_a_free_key_is_given_at_once(qtbot: QtBot, page: Shortcuts) -> None:
    press(qtbot, page, "tool-box", Qt.Key.Key_F7)
    assert page._keys.of("tool-box") == "F7" and page._keys.holder("B") is None
    assert page.rows["tool-box"].key.text() == "F7" and not page.rows["tool-box"].listening
    assert page.told.text() == "\u201cBox\u201d: F7. Kept."


def test_a_conflict_names_whose_key_it_is_and_is_decided(qtbot: QtBot, page: Shortcuts) -> None:
    for choice, keys in ((page.keep, ("B", "E")), (page.replace, ("E", ""))):
        press(qtbot, page, "tool-box", Qt.Key.Key_E)
        assert "\u201cEllipse\u201d" in page.told.text() and choice.isVisible()
        qtbot.mouseClick(choice, Qt.MouseButton.LeftButton)
        assert (page._keys.of("tool-box"), page._keys.of("tool-ellipse")) == keys
    assert page.rows["tool-ellipse"].key.text() == "no key"


def test_one_key_or_all_go_back_to_the_tables(qtbot: QtBot, page: Shortcuts) -> None:
    press(qtbot, page, "tool-box", Qt.Key.Key_F7)
    press(qtbot, page, "fit", Qt.Key.Key_F6)
    qtbot.mouseClick(page.rows["tool-box"], Qt.MouseButton.LeftButton)
    assert page.reset.text() == "Back to B"
    page.reset.click()
    assert (page._keys.of("tool-box"), page._keys.of("fit")) == ("B", "F6")
    page.reset_all.click()
    assert all(page._keys.of(row.id) == standard(row.shortcut) for row in ACTIONS) and not page.reset_all.isEnabled()


def test_a_key_can_be_taken_away_and_escape_leaves_it(qtbot: QtBot, page: Shortcuts) -> None:
    press(qtbot, page, "tool-box", Qt.Key.Key_Escape)
    assert page._keys.of("tool-box") == "B" and page.isVisible() and not page.rows["tool-box"].listening
    qtbot.mouseClick(page.rows["tool-box"], Qt.MouseButton.LeftButton)
    page.none.click()
    assert page._keys.of("tool-box") == "" and page.rows["tool-box"].key.text() == "no key"


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Left])
def test_keys_that_everything_needs_are_refused_with_the_reason(qtbot: QtBot, page: Shortcuts, key: Qt.Key) -> None:
    press(qtbot, page, "tool-box", key)
    assert "cannot be given away: it " in page.told.text()
    assert page._keys.of("tool-box") == "B" and page.rows["tool-box"].listening


def test_tab_leaves_a_listening_row(qtbot: QtBot, page: Shortcuts) -> None:
    qtbot.mouseClick(page.rows["tool-box"], Qt.MouseButton.LeftButton)
    qtbot.keyClick(page.rows["tool-box"], Qt.Key.Key_Tab)
    assert not page.rows["tool-box"].listening and not page.rows["tool-box"].hasFocus()
    assert page._keys.of("tool-box") == "B" and "Click a row" in page.told.text()


def test_shifted_signs_are_keys_of_their_own_and_shifted_letters_too(qtbot: QtBot, page: Shortcuts) -> None:
    press(qtbot, page, "tool-box", Qt.Key.Key_Exclam, Qt.KeyboardModifier.ShiftModifier)
    press(qtbot, page, "fit", Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert (page._keys.of("tool-box"), page._keys.of("fit")) == ("!", "Shift+B")


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"nobody": "B", "tool-box": 7}', '{"tool-box": "a, b"}'])
def test_settings_that_make_no_sense_change_nothing(text: str) -> None:
    keys = Keys(ACTIONS, Kept({SETTING: text}))
    assert [keys.of(row.id) for row in ACTIONS] == [standard(row.shortcut) for row in ACTIONS]


def test_a_chosen_key_comes_before_the_tables() -> None:
    keys = Keys(ACTIONS, Kept({SETTING: '{"fit": "B"}'}))
    assert (keys.of("fit"), keys.of("tool-box"), keys.holder("B")) == ("B", "", "fit")
    keys.reset("fit")
    assert keys.of("tool-box") == "B"


def test_a_new_key_works_in_the_next_window_and_the_old_one_does_not(
        qtbot: QtBot, qapp: object, bench: Workbench, settle: Settle, tmp_path: Path) -> None:
    store = tmp_path / "settings"
    first = Cellar(store)
    Keys(ACTIONS, Settings(first, lambda: bench.session and bench.open._jobs)).give("tool-box", "F7")
    settle(lambda: first.setting(SETTING) == json.dumps({"tool-box": "F7"}))
    first.close()
    journal = Cellar(store)
    window = MainWindow(bench, first_run=False, preferences=Settings(journal, lambda: None))
    window.show()
    bench.open.sample()
    settle(lambda: bench.session.raster is not None and not bench.session.progress)
    window.viewer.canvas.setFocus()
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_B)
    assert bench.session.tool == "window"
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_F7)
    assert bench.session.tool == "box" and "(F7)" in window.bar.actions["tool-box"].toolTip()
    journal.close()
    window.close()
    window.deleteLater()


def text_fields(window: MainWindow) -> list[QWidget]:
    """Everything in the window that takes text."""
    typed = [one for kind in (QLineEdit, QPlainTextEdit) for one in window.findChildren(kind) if not one.isReadOnly()]
    return [*typed, *(one for one in window.findChildren(QComboBox) if one.isEditable())]


def test_letters_typed_into_a_field_are_letters(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    bench = window._bench
    bench.annotate.select(bench.annotate.add(RegionKind.BOX, ((5.0, 5.0), (20.0, 15.0)), "drusen"))
    settle(lambda: bool(bench.session.findings))
    fired: list[str] = []
    for row in ACTIONS:
        window.bar.actions[row.id].triggered.connect(lambda _=False, i=row.id: fired.append(i))
    bare = [row.shortcut for row in ACTIONS if len(row.shortcut) == 1]
    assert len(bare) > 30
    fields = text_fields(window)
    reached = 0
    for tab in range(window.tabs.count()):
        window.tabs.setCurrentIndex(tab)
        for field in fields:
            if not field.isVisible() or not field.isEnabled():
                continue
            field.setFocus()
            target = window.focusWidget()
            assert target is not None
            reached += 1
            for key in bare:
                qtbot.keyClick(target, QKeySequence(key)[0].key())
    assert fired == [] and reached >= 4
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_G)  # the same letters are keys where nothing is typed
    assert fired == ["tool-polygon"]
