"""The page of plugins: state and reason in words, and a button that switches."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from fineview.core.errors import PluginProblem
from fineview.core.plugin import PluginEntry
from fineview.gui.dialogs.plugins import Plugins
from fineview.services.plugin_shelf import PluginShelf
from fineview.services.workbench import Workbench
from tests.gui.scene import NoPlugins

READER = PluginEntry("eyepy_reader", "on", True, "plugins/eyepy_reader", True, "0.1.0", "Apache-2.0",
                     "Heidelberg E2E files", ("instrument_reader",), ("Heidelberg E2E",))
OWN = PluginEntry("acme_reader", "off", False, "somewhere/acme_reader", False, "1.0", "MIT", "Acme <b>files</b>",
                  reason="It was not enabled yet.", remedy="Enable it if you trust who wrote it.")
BROKEN = PluginEntry("broken", "unusable", False, "somewhere/broken", reason="Its manifest is not valid.",
                     remedy="Ask its author.")


class Some(NoPlugins):
    """Three plugins; what is switched is remembered, and ``refuse`` makes the next switch fail."""

    def __init__(self) -> None:
        self.rows = {one.name: one for one in (READER, OWN, BROKEN)}
        self.refuse = False

    def entries(self) -> tuple[PluginEntry, ...]:
        return tuple(self.rows.values())

    def enable(self, name: str) -> PluginEntry:
        return self._set(replace(self.rows[name], state="on", chosen=True, reason="", remedy=""))

    def disable(self, name: str) -> PluginEntry:
        return self._set(replace(self.rows[name], state="off", chosen=False, reason="It was switched off."))

    def _set(self, row: PluginEntry) -> PluginEntry:
        if self.refuse:
            raise PluginProblem("Not saved: the disk is full.", "Free some space.", "disk-full")
        self.rows[row.name] = row
        return row


def opened(qtbot: QtBot, bench: Workbench) -> tuple[Plugins, Some]:
    some = Some()
    page = Plugins(replace(bench, plugins=PluginShelf(bench.session, bench.jobs, some)), None)
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: len(cards(page)) == 3)
    return page, some


def cards(page: Plugins) -> list[list[str]]:
    """The words of each card, its button's last."""
    found = [page.body.itemAt(n).widget() for n in range(page.body.count())]
    return [[label.text() for label in card.findChildren(QLabel)] + [card.findChildren(QPushButton)[0].text()]
            for card in found if isinstance(card, QFrame) and card.objectName() == "card"]


def button(page: Plugins, name: str) -> QPushButton:
    (found,) = [one for one in page.findChildren(QPushButton) if one.accessibleName().endswith(name)]
    return found


def test_states_and_reasons_are_words(qtbot: QtBot, bench: Workbench) -> None:
    page, _ = opened(qtbot, bench)
    assert cards(page) == [
        ["eyepy_reader", "On · bundled · 0.1.0 · Apache-2.0", "Heidelberg E2E files", "Disable"],
        ["acme_reader", "Off · your own · 1.0 · MIT", "Acme <b>files</b>",
         "It was not enabled yet. Enable it if you trust who wrote it.", "Enable"],
        ["broken", "Cannot run · your own", "Its manifest is not valid. Ask its author.", "Enable"]]
    assert not button(page, "broken").isEnabled()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in page.findChildren(QLabel))


def test_the_button_switches(qtbot: QtBot, bench: Workbench) -> None:
    page, some = opened(qtbot, bench)
    button(page, "acme_reader").click()
    qtbot.waitUntil(lambda: cards(page)[1][1].startswith("On"))
    assert some.rows["acme_reader"].state == "on"
    qtbot.waitUntil(lambda: len([one for one in page.findChildren(QPushButton)
                                 if one.accessibleName() == "Disable eyepy_reader"]) == 1)
    button(page, "eyepy_reader").click()
    qtbot.waitUntil(lambda: cards(page)[0][1].startswith("Off"))


def test_a_refusal_is_said_and_what_holds_is_shown(qtbot: QtBot, bench: Workbench) -> None:
    page, some = opened(qtbot, bench)
    some.refuse = True
    button(page, "acme_reader").click()
    qtbot.waitUntil(lambda: page.trouble.isVisible())
    assert page.trouble.text() == "Not saved: the disk is full. Free some space."
    qtbot.waitUntil(lambda: len(cards(page)) == 3 and button_enabled(page))
    assert cards(page)[1][1].startswith("Off")


def button_enabled(page: Plugins) -> bool:
    return any(one.isEnabled() for one in page.findChildren(QPushButton)
               if one.accessibleName() == "Enable acme_reader")
