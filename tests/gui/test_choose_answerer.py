"""Who answers is chosen in the chat: language models at hand, a folder from anywhere, and what goes wrong."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from fineview.gui.theme import apply_theme
from tests.gui.answerer_seat import GENERAL, Braked, Seat, copy, entries


@pytest.fixture
def seat(answerer_seat: Seat) -> Seat:
    return answerer_seat


@pytest.fixture
def folder(tiny_llava: Path) -> Path:
    return tiny_llava


def test_models_at_hand_are_offered_and_loaded_behind_the_window(seat: Seat, folder: Path) -> None:
    assert entries(seat.box) == ["FineView's own answers", "tiny-llava", "Choose a folder \u2026"]
    assert not seat.chat.answered_by.note.isVisible()
    seat.app.loading_held.clear()
    seat.pick(str(folder))
    assert "loading tiny-llava" in seat.session.progress["answerer"].words
    assert seat.session.answerer == "" and "Being loaded" in seat.box.toolTip()
    seat.app.loading_held.set()
    seat.wait(lambda: seat.session.answerer == str(folder))
    assert seat.box.currentText() == "tiny-llava" and not seat.session.progress
    assert GENERAL in seat.chat.answered_by.note.text() and seat.chat.answered_by.note.isVisible()


def test_a_folder_from_anywhere_is_kept_for_another_day(seat: Seat, folder: Path, tmp_path: Path, qtbot: QtBot,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    mine = copy(folder, tmp_path / "mine")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(mine))
    seat.pick("\0folder")
    seat.wait(lambda: seat.session.answerer == str(mine))
    assert seat.box.currentText() == "mine"
    seat.window.close()
    seat.app._journal.close()
    seat.app._journal = None
    later = Seat(qtbot, Braked(device="cpu", data_dir=tmp_path), tmp_path)
    assert later.box.currentText() == "mine" and "mine" in entries(later.box)
    assert later.asked("What is this?").source.text().startswith("Suggested by mine ")
    later.pick("")
    assert later.session.answerer == "" and later.box.currentText() == "FineView's own answers"
    later.close()


def test_a_choice_that_is_gone_is_told_at_the_start(seat: Seat, tmp_path: Path, qtbot: QtBot) -> None:
    seat.bench.answerers._kept.set_setting("answerer", str(tmp_path / "gone"))
    seat.window.close()
    seat.app._journal.close()
    seat.app._journal = None
    later = Seat(qtbot, Braked(device="cpu", data_dir=tmp_path), tmp_path)
    later.wait(lambda: "There is no folder gone." in later.told())
    assert "Questions are answered by FineView's own answers." in later.told() and later.session.answerer == ""
    assert later.asked("Which eye is this?").words.text().startswith("This is the right eye")
    later.close()


@pytest.mark.parametrize(("change", "code"), [
    (None, "no-answerer"),
    ({"model_type": "qwen2_5_vl", "architectures": ["Qwen2_5_VLForConditionalGeneration"]}, "reader-family"),
    ({"auto_map": {"AutoModel": "theirs.Model"}}, "weights-code"),
    ("cut", "weights-format")])
def test_a_folder_that_cannot_be_used_says_why_and_who_answers(seat: Seat, folder: Path, tmp_path: Path, change: Any,
                                                               code: str) -> None:
    wrong = tmp_path / "wrong"
    if change is None:
        wrong.mkdir()
    else:
        copy(folder, wrong)
        weights, config = wrong / "model.safetensors", wrong / "config.json"
        if change == "cut":
            weights.write_bytes(weights.read_bytes()[:-40])
        else:
            config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), **change}), "utf-8")
    seat.bench.answerers.choose(str(wrong))
    seat.wait(lambda: bool(seat.session.notices) and not seat.session.progress)
    notice = seat.session.notices[-1]
    assert (notice.level, notice.code) == ("error", code) and len(notice.remedy) > 30
    assert notice.remedy.endswith("Questions are answered by FineView's own answers.")
    assert seat.box.currentText() == "FineView's own answers" and "wrong" not in entries(seat.box)
    seat.use(folder)
    seat.bench.answerers.choose(str(wrong))
    seat.wait(lambda: "Questions are answered by tiny-llava." in seat.told())
    assert seat.box.currentText() == "tiny-llava"
    assert seat.asked("What is this?").source.text().startswith("Suggested by tiny-llava ")


def test_a_load_that_is_cancelled_leaves_the_choice_and_the_waiting_question(seat: Seat, folder: Path) -> None:
    seat.app.loading_held.clear()
    seat.pick(str(folder))
    seat.ask("What is this?")
    assert seat.session.streaming is not None
    stop = next(one for one in seat.window.status.findChildren(QAbstractButton)
                if one.accessibleName() == "Cancel: answerer")
    stop.click()
    seat.window.binder.update_now()
    assert seat.session.streaming is None and not seat.session.progress
    assert seat.box.currentText() == "FineView's own answers"
    seat.app.loading_held.set()
    assert seat.asked("Which eye is this?").words.text().startswith("This is the right eye")
    assert seat.session.answerer == "" and len(seat.session.answers) == 1 and not seat.session.notices


def test_a_question_waits_for_a_model_on_its_way(seat: Seat, folder: Path) -> None:
    seat.app.loading_held.clear()
    seat.pick(str(folder))
    seat.ask("What is this?")
    assert seat.chat._running.words.text() == "Waiting for tiny-llava to be loaded \u2026"
    seat.app.loading_held.set()
    seat.wait(lambda: len(seat.session.answers) == 1)
    assert seat.session.answers[0].model is not None and seat.session.answers[0].model.name == "tiny-llava"


def test_a_model_that_breaks_after_it_was_chosen_falls_back(seat: Seat, folder: Path, tmp_path: Path, qtbot: QtBot
                                                            ) -> None:
    mine = copy(folder, tmp_path / "mine")
    seat.bench.answerers._kept.set_setting("answerer", str(mine))
    (mine / "model.safetensors").write_bytes(b"\x80\x04 a pickle")
    seat.window.close()
    seat.app._journal.close()
    seat.app._journal = None
    later = Seat(qtbot, Braked(device="cpu", data_dir=tmp_path), tmp_path)
    assert later.box.currentText() == "mine"
    later.ask("What is this?")
    later.wait(lambda: "weights-pickle" in later.told())
    assert later.session.streaming is None and later.box.currentText() == "FineView's own answers"
    assert not later.session.answers and not later.session.progress
    later.close()


def test_a_model_too_large_for_the_memory_is_a_sentence(seat: Seat, folder: Path, monkeypatch: pytest.MonkeyPatch
                                                        ) -> None:
    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("fineview.models.language.load._filled", too_large)
    seat.pick(str(folder))
    seat.wait(lambda: "[device-memory]" in seat.told())
    assert "Questions are answered by FineView's own answers." in seat.told() and not seat.session.progress
    monkeypatch.undo()
    seat.use(folder)
    assert seat.asked("What is this?").source.text().startswith("Suggested by tiny-llava ")


def test_own_answers_again_give_the_memory_back(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    held = seat.bench.answerers._held
    assert held is not None
    tensor = weakref.ref(next(held[1].real._reader._model.parameters()))  # type: ignore[attr-defined]
    del held
    assert tensor() is not None
    seat.pick("")
    seat.wait(lambda: not seat.bench.jobs.busy("speakers"))
    gc.collect()
    assert tensor() is None


def test_the_newest_choice_wins(seat: Seat, folder: Path, tmp_path: Path) -> None:
    mine = copy(folder, tmp_path / "mine")
    seat.app.loading_held.clear()
    seat.pick(str(folder))
    seat.bench.answerers.choose(str(mine))
    seat.ask("What is this?")
    seat.app.loading_held.set()
    seat.wait(lambda: len(seat.session.answers) == 1)
    assert seat.session.answers[0].model.name == "mine" and seat.box.currentText() == "mine"
    seat.app.loading_held.clear()
    seat.pick(str(folder))
    seat.pick("")
    seat.ask("Which eye is this?")
    seat.wait(lambda: len(seat.session.answers) == 2)  # our own answers wait for nobody's loading
    assert seat.session.answers[1].model is None and not seat.session.progress
    seat.app.loading_held.set()
    seat.wait(lambda: not seat.bench.jobs._running["answerer"])
    assert seat.session.answerer == "" and seat.box.currentText() == "FineView's own answers"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_in_a_small_window(seat: Seat, folder: Path, qapp: QApplication, theme: str) -> None:
    apply_theme(qapp, theme)
    seat.use(folder)
    turn = seat.asked("What is this?")
    seat.window.resize(1280, 800)
    seat.qtbot.wait(30)
    row = seat.chat.answered_by
    for one in (row.box, row.note, turn.source, turn.words):
        left = one.mapTo(seat.chat, QPoint(0, 0)).x()
        assert one.isVisible() and left >= 0 and left + one.width() <= seat.chat.width()
        assert not isinstance(one, QLabel) or one.height() >= one.heightForWidth(one.width())
    assert row.box.accessibleName() and row.box.focusPolicy() & Qt.FocusPolicy.TabFocus
    apply_theme(qapp, "dark")
