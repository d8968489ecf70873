"""Starts Qt: application, mailbox, window.  The workbench is built by the caller, who has all the keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from fineview.gui.desk import Facts, Preferences
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.theme import ThemeName, apply_theme
from fineview.services.jobs import Post
from fineview.services.workbench import Workbench

INTENDED_USE_SETTING = "intended-use"


def application() -> QApplication:
    """The one QApplication, made where there is none yet."""
    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    made = QApplication(sys.argv[:1])
    made.setApplicationName("FineView")
    made.setDesktopFileName("fineview")
    return made


def run(bench_factory: Callable[[Post], Workbench], paths: Sequence[Path] = (),
        on_ready: Callable[[MainWindow], None] | None = None, *, preferences: Preferences | None = None,
        facts: Callable[[], Facts] = tuple) -> int:
    """Show the window and run until it closes; returns the exit status.

    ``paths`` are opened at once; ``on_ready`` is called with the window in the first turn of the event loop.
    ``preferences`` (the journal fits) remembers the intended-use note and the theme.
    """
    app = application()
    stored = preferences.setting("theme") if preferences is not None else None
    theme: ThemeName = "light" if stored == "light" else "dark"
    apply_theme(app, theme)
    mailbox = Mailbox()
    bench = bench_factory(mailbox.post)
    first_run = preferences is not None and preferences.setting(INTENDED_USE_SETTING) is None
    window = MainWindow(bench, first_run=first_run, preferences=preferences, facts=facts)
    window.restore_place()
    window.show()
    if paths:
        bench.open.paths(list(paths))
    QTimer.singleShot(0, window, window.begin)
    if on_ready is not None:
        QTimer.singleShot(0, window, lambda: on_ready(window))
    status = app.exec()
    # Python gives widgets back in no order; Qt's own takes the children with their parent.
    for one in (window, mailbox):
        one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return status
