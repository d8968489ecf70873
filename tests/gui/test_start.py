"""Starting: the window comes up, says when it is ready, and closing it ends the loop."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from fineview.gui.main_window import MainWindow
from fineview.gui.start import run
from fineview.services.jobs import Post
from fineview.services.workbench import Workbench
from tests.gui.scene import workbench


def test_the_window_opens_what_it_is_given_and_closes(qtbot: QtBot, tmp_path: Path) -> None:
    made: list[Workbench] = []
    seen: list[bool] = []

    def build(post: Post) -> Workbench:
        made.append(workbench(post, tmp_path))
        return made[0]

    def ready(window: MainWindow) -> None:
        def look() -> None:
            if made[0].session.raster is not None and not made[0].session.progress:
                timer.stop()  # closing takes longer than a tick on a busy machine
                seen.append(window.isVisible())
                window.close()

        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(20)

    assert run(build, [tmp_path], ready) == 0
    assert seen == [True]
    made[0].annotate._journal.close()
