"""The page of memory and the words in the status bar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fineview.gui.dialogs.memory import MemoryPage
from fineview.gui.main_window import MainWindow
from fineview.services.machine import Machine
from fineview.services.memory import GB, MB
from fineview.services.remembered import PICTURES
from fineview.services.workbench import Workbench
from tests.gui.scene import COLS, ROWS


def test_the_status_bar_shows_what_is_used_and_opens_the_page(qtbot: QtBot, window: MainWindow, bench: Workbench
                                                              ) -> None:
    PICTURES.clear()  # of windows before this one: the store is the process's
    bench.memory._machine = lambda: Machine(64 * GB, 64 * GB)
    bench.memory.set_budget(2 * GB)
    qtbot.waitUntil(lambda: window.status.memory.text() == "0 MB of 2.0 GB")
    window.status.memory.click()
    page = window.findChild(MemoryPage)
    # Five B-scans of one byte a pixel; the photographs of the small study are 100 x 100 in colour.
    bytes_ = 5 * ROWS * COLS + 100 * 100 * 3
    assert bench.session.rasters.held_bytes == bytes_
    assert page.frames.text() == "0 MB in 6 frames"
    assert page.machine.text() == "64.0 GB free of 64.0 GB"
    page.budget.setValue(0.5)
    page.accept()
    qtbot.waitUntil(lambda: window.status.memory.text() == "0 MB of 512 MB")
    assert bench.memory.wished_bytes == 512 * MB


def test_a_computer_that_is_short_is_named_there(qtbot: QtBot, bench: Workbench) -> None:
    bench.memory._machine = lambda: Machine(4 * GB, 0)
    bench.memory.set_budget(2 * GB)
    page = MemoryPage(bench, None)
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(page)
    assert page.short.text() == "The computer is short of memory: 256 MB are used for now."
    assert page.budget.value() == 2.0
