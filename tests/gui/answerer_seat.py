"""A seat before the whole window over the real application, with language models that can be held in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox
from pytestqt.qtbot import QtBot

from fineview.app import App
from fineview.core.dialogue import Answered, Question
from fineview.core.region import RegionKind
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.services.ports import Answerer, TokenPort
from tests.gui.scene import ArrayArchive

GENERAL = "was not evaluated on pictures of the eye"


class Seat:
    def __init__(self, qtbot: QtBot, app: App, data: Path) -> None:
        self.qtbot, self.app, self.mailbox, self.data = qtbot, app, Mailbox(), data
        app._archive = ArrayArchive()
        self.bench = app.workbench(self.mailbox.post)
        self.session = self.bench.session
        self.window = MainWindow(self.bench, first_run=False, facts=app.facts)
        self.window.resize(1600, 1000)
        self.window.show()
        self.chat, self.box = self.window.chat, self.window.chat.answered_by.box
        self.bench.open.sample()
        self.wait(lambda: self.session.raster is not None and not self.session.progress
                  and not self.bench.jobs.busy("speakers"))
        self.session.notices = tuple(one for one in self.session.notices if one.code != "some-problems")

    def wait(self, until: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(until, timeout=20_000)
        self.qtbot.wait(10)

    def pick(self, value: object) -> None:
        self.box.setCurrentIndex(self.box.findData(value))
        self.box.activated.emit(self.box.currentIndex())
        self.window.binder.update_now()

    def use(self, folder: Path) -> None:
        self.pick(str(folder))
        self.wait(lambda: self.session.answerer == str(folder) and not self.session.progress)

    def ask(self, text: str) -> None:
        self.chat.question.setText(text)
        self.qtbot.keyClick(self.chat.question, Qt.Key.Key_Return)
        self.window.binder.update_now()

    def asked(self, text: str) -> Any:
        """The turn of a question that was asked and answered."""
        self.ask(text)
        self.wait(lambda: any(one.question.text == text for one in self.session.answers))
        return self.chat._turns[-1]

    def mark(self) -> None:
        """Draw a box: 40 columns from 30, 30 rows from 10."""
        self.bench.annotate.add(RegionKind.BOX, ((30.0, 10.0), (70.0, 40.0)))
        self.wait(lambda: self.session.selected is not None and self.window.state.selected is not None)

    def told(self) -> str:
        return " ".join(f"[{one.code}] {one.what} {one.remedy}" for one in self.session.notices)

    def close(self) -> None:
        self.window.close()
        self.app.close()
        self.window.deleteLater()
        self.mailbox.deleteLater()


class Braked(App):
    """The real application; a model's words, or its loading, can be held to look at the window meanwhile."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.held, self.loading_held, self.heard = threading.Event(), threading.Event(), 0
        self.held.set()
        self.loading_held.set()

    def language_model(self, path: Path, token: TokenPort) -> Answerer:
        assert threading.current_thread() is not threading.main_thread() and self.loading_held.wait(20)
        return Slow(super().language_model(path, token), self)


class Slow:
    def __init__(self, real: Answerer, app: Braked) -> None:
        self.real, self.app, self.identity = real, app, real.identity

    def answer(self, question: Question, rgb: Any, region: Any, token: TokenPort, on_words: Any, on_crop: Any = None
               ) -> Answered:
        assert threading.current_thread() is not threading.main_thread()

        def heard(*news: Any) -> None:
            on_words(*news)
            self.app.heard += 1
            assert self.app.held.wait(20)

        return self.real.answer(question, rgb, region, token, heard, on_crop)


def entries(box: QComboBox) -> list[str]:
    return [box.itemText(i) for i in range(box.count())]


def copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def chips(turn: Any) -> dict[str, QAbstractButton]:
    return {one.text(): one for one in turn.findChildren(QAbstractButton) if one.objectName() == "chip"}
