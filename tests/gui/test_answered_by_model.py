"""The chat answered by a language model: a tiny LLaVA of the real classes, asked by hand in the window."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fineview.core.dialogue import Answered, Question
from fineview.core.geometry import Box
from fineview.core.study import FrameKey
from fineview.imaging.window import to_rgb
from fineview.models.language.answerer import VisionAnswerer
from fineview.models.language.load import load_reader
from fineview.services.jobs import Token
from tests.gui.answerer_seat import GENERAL, Braked, Seat, chips
from tests.gui.scene import ArrayArchive


@pytest.fixture
def seat(answerer_seat: Seat) -> Seat:
    return answerer_seat


@pytest.fixture
def folder(tiny_llava: Path) -> Path:
    return tiny_llava


def expected(folder: Path, seat: Seat, text: str, region: Box | None = None) -> Answered:
    """The same question to the same model without window, session or jobs."""
    made = load_reader(folder, "cpu")
    raster = ArrayArchive().read_frame(seat.session.frame)
    return VisionAnswerer(made.reader, made.identity).answer(
        Question(text, "study-1", FrameKey("scan", 2)), to_rgb(raster), region, Token(), lambda *_: None)


def test_an_answer_has_its_words_maps_crop_and_who_said_it(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    turn = seat.asked("What is this?")
    direct = expected(folder, seat, "What is this?")
    who = direct.answer.model
    assert who is not None and len(direct.words) >= 2
    said = direct.answer.text.partition(" Suggested by")[0]
    assert turn.words.accessibleName() == said
    assert turn.source.text() == direct.answer.text[len(said) + 1:]
    assert f"Suggested by tiny-llava {who.sha256[:8]}, not reviewed." in turn.source.text()
    assert GENERAL in turn.source.text() and who.sha256 in turn.source.toolTip()
    # Its words are links; the same maps are not offered again as buttons.
    assert set(chips(turn)) == {"looked closer here"}
    links = [int(one) for one in re.findall(r"<a href='(\d+)'", turn.words.text())]
    assert len(links) >= 2
    for number in (links[0], links[-1]):
        span = turn.words._spans[number]
        word = next(one for one in direct.words if one.start < span.end and span.start < one.end)
        turn.words._clicked(str(number))
        seat.window.binder.update_now()
        shown = seat.window.state.overlay
        assert shown.rect == word.box and shown.rgba.shape[:2] == word.cells.shape
        # Above the threshold a cell is painted, below it is not: the model's own row, cell by cell.
        assert np.array_equal(shown.rgba[..., 3] > 0, word.cells >= seat.session.overlay.threshold)
        for part in (f'"{word.word}"', who.short, word.layer, "not reviewed"):
            assert part in shown.legend
        assert ("nowhere above" in shown.legend) == (word.cells.max() < seat.session.overlay.threshold)
    turn.words._clicked(str(links[-1]))
    seat.window.binder.update_now()
    assert seat.window.state.overlay is None


def test_the_crop_is_shown_on_the_picture_and_taken_away(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    turn = seat.asked("What is this?")
    crop = expected(folder, seat, "What is this?").answer.citations[0].box
    canvas = seat.window.viewer.canvas
    assert canvas._pointed is not None and canvas._pointed[0] == crop
    assert "looked closer here" in canvas._pointed[1] and "tiny-llava" in canvas._pointed[1]
    before = canvas.grab().toImage()
    chips(turn)["looked closer here"].click()
    seat.window.binder.update_now()
    assert canvas._pointed is None and canvas.grab().toImage() != before
    seat.bench.open.show_frame(0)
    chips(turn)["looked closer here"].click()
    seat.window.binder.update_now()
    assert seat.session.index == 2 and canvas._pointed[0] == crop
    seat.bench.open.show_frame(1)
    seat.window.binder.update_now()
    assert canvas._pointed is None
    seat.bench.open.show_frame(2)
    seat.window.desk.step_back()
    seat.window.binder.update_now()
    assert canvas._pointed is None


def test_a_word_of_another_frame_says_so(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    turn = seat.asked("What is this?")
    turn.words._clicked("0")
    seat.bench.open.show_frame(4)
    seat.window.binder.update_now()
    assert seat.window.state.overlay is None and "another frame" in seat.window.viewer.legend.words()
    assert "A word of an answer" in [seat.window.evidence.kind.currentText()]


def test_a_region_points_the_question(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    seat.mark()
    turn = seat.asked("What is here?")
    direct = expected(folder, seat, "What is here?", Box(30, 10, 40, 30))
    assert seat.session.answers[0].text == direct.answer.text
    assert seat.session.answers[0].citations[0].box == Box(30, 10, 40, 30)
    assert set(chips(turn)) == {"region"} and seat.window.viewer.canvas._pointed is None


def test_sizes_are_measured_also_then(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    seat.mark()
    turn = seat.asked("How large is it?")
    assert turn.source.text() == "computed from the drawn region and the spacing"
    # 40 columns of 12 um times 30 rows of 4 um.
    assert seat.session.answers[0].value == pytest.approx(0.48 * 0.12)


def test_words_stream_with_their_maps_and_stop_ends_them(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    seat.app.held.clear()
    seat.ask("What is this?")
    seat.wait(lambda: seat.session.streaming is not None and bool(seat.session.streaming.words))
    turn = seat.chat._running
    assert turn.source.isVisible() and GENERAL in turn.source.text() and "not reviewed" in turn.source.text()
    assert seat.window.viewer.canvas._pointed is not None
    turn.words._clicked("0")
    seat.window.binder.update_now()
    assert seat.window.state.overlay is not None
    seat.chat._send.click()
    seat.app.held.set()
    seat.wait(lambda: not seat.bench.jobs._running["ask"])
    assert seat.app.heard <= 2
    assert seat.session.answers == () and seat.session.streaming is None and not seat.session.progress
    assert seat.session.pointed is None and seat.window.state.overlay_wishes.kind == "none"
    assert seat.app.journal.answers("study-1") == () and not seat.session.notices


def test_another_question_takes_the_place_of_the_first(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    seat.app.held.clear()
    seat.ask("What is this?")
    seat.wait(lambda: seat.app.heard == 1)
    seat.ask("What is the dark spot?")
    seat.app.held.set()
    seat.wait(lambda: bool(seat.session.answers))
    assert [one.question.text for one in seat.session.answers] == ["What is the dark spot?"]
    assert seat.session.answers[0].text == expected(folder, seat, "What is the dark spot?").answer.text


def test_another_study_while_it_streams(seat: Seat, folder: Path) -> None:
    seat.use(folder)
    seat.app.held.clear()
    seat.ask("What is this?")
    seat.wait(lambda: seat.app.heard == 1)
    seat.chat._running.words._clicked("0")
    seat.bench.open.show_series("other")
    seat.app.held.set()
    seat.wait(lambda: seat.session.raster is not None and not seat.bench.jobs._running["ask"])
    assert seat.session.answers == () and seat.session.streaming is None and seat.session.pointed is None
    assert seat.session.overlay.kind == "none"
    assert not seat.session.progress
    assert [one.code for one in seat.session.notices] == ["answer-given-up"]
    assert seat.asked("What is this?").source.text().startswith("Suggested by tiny-llava ")


@pytest.mark.parametrize("when", ["streaming", "loading"])
def test_the_window_closes_in_the_middle(seat: Seat, folder: Path, when: str) -> None:
    if when == "loading":
        seat.app.loading_held.clear()
        seat.pick(str(folder))
    else:
        seat.use(folder)
        seat.app.held.clear()
    seat.ask("What is this?")
    if when == "streaming":
        seat.wait(lambda: seat.app.heard == 1)
    threading.Timer(0.1, lambda: (seat.app.held.set(), seat.app.loading_held.set())).start()
    seat.window.close()
    assert not seat.window.isVisible() and not any(seat.bench.jobs._running.values())
    assert seat.app.journal.answers("study-1") == ()


def test_an_answer_is_kept_without_its_maps(seat: Seat, folder: Path, tmp_path: Path, qtbot: QtBot) -> None:
    seat.use(folder)
    text = seat.asked("What is this?").words.accessibleName()
    seat.window.close()
    seat.app._journal.close()
    seat.app._journal = None
    later = Seat(qtbot, Braked(device="cpu", data_dir=tmp_path), tmp_path)
    later.wait(lambda: len(later.session.answers) == 1)
    turn = later.chat._turns[0]
    assert turn.words.text() == text and turn.words.textFormat() == Qt.TextFormat.PlainText
    chips(turn)["looked closer here"].click()
    later.window.binder.update_now()
    assert later.window.viewer.canvas._pointed is not None
    later.close()
