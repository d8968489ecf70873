"""The real application behind the real window, offscreen: nothing is faked but the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from fineview import paths
from fineview.app import App
from fineview.core.geometry import Point
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.theme import apply_theme


class Clinician:
    """A person at the window: opens, draws with the mouse, types, waits."""

    def __init__(self, qtbot, app: App, window: MainWindow) -> None:
        self.qtbot, self.app, self.window = qtbot, app, window
        self.bench = window.desk.bench
        self.session = self.bench.session

    def wait(self, until: Callable[[], bool]) -> None:
        wait(until, 180)
        self.window.binder.update_now()

    def opens(self, *opened: Path) -> None:
        self.bench.open.paths(list(opened))
        self.wait(lambda: self.session.raster is not None and not self.session.progress)

    def spot(self, point: Point) -> QPoint:
        """Where a source point lies on the canvas."""
        return self.window.viewer.canvas.placement.matrix().map(QPointF(*point)).toPoint()

    def drags(self, *points: Point) -> None:
        canvas = self.window.viewer.canvas
        self.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=self.spot(points[0]))
        for point in points[1:]:
            self.qtbot.mouseMove(canvas, self.spot(point))
        self.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=self.spot(points[-1]))

    def draws(self, tool: str, *points: Point) -> str:
        """Choose a tool, draw, and wait until the mark is on disk; returns its id."""
        self.bench.look.tool(tool)
        self.window.binder.update_now()
        known = {f.id for f in self.session.findings}
        self.drags(*points)
        self.wait(lambda: {f.id for f in self.session.findings} != known)
        return next(f.id for f in self.session.findings if f.id not in known)

    def asks(self, text: str):
        count = len(self.session.answers)
        self.window.chat.question.setText(text)
        self.qtbot.keyClick(self.window.chat.question, Qt.Key.Key_Return)
        self.wait(lambda: len(self.session.answers) > count)
        return self.session.answers[-1]

    def shows(self, kind: str) -> None:
        self.bench.explain.overlay(kind)
        self.window.binder.update_now()
        self.wait(lambda: self.window.state.overlay is not None)


def seat(qtbot, store: Path, first_run: bool = False) -> Clinician:
    """Start the application on a store; the caller closes it with ``leave``."""
    app = App(device="cpu", data_dir=store)
    mailbox = Mailbox()
    window = MainWindow(app.workbench(mailbox.post), first_run=first_run, preferences=app.journal, facts=app.facts)
    window._mailbox = mailbox
    window.resize(1400, 900)
    window.show()
    qtbot.addWidget(window)
    person = Clinician(qtbot, app, window)
    person.session.author = "Dr Test"
    return person


def leave(person: Clinician) -> None:
    person.window.close()
    person.app.close()


@pytest.fixture
def clinician(qtbot, qapp, tmp_path: Path) -> Iterator[Clinician]:
    apply_theme(qapp, "dark")
    person = seat(qtbot, tmp_path / "store")
    yield person
    leave(person)


@pytest.fixture
def sample() -> Path:
    return paths.sample_dir()
