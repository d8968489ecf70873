"""In the window: an encoder that breaks after it was listed leaves the map that was there, and one that was chosen
last time is back at the next start, or is said to be gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel
from pytestqt.qtbot import QtBot

from fineview.app import App
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.theme import apply_theme
from fineview.store.cellar import Cellar
from tests.gui.scene import ArrayArchive
from tests.models.broken_folders import WAYS, as_anybody, open_place
from tests.services.tiny_encoders import tiny_folder


class Sitting:
    """One start of the application with its window, over the data of one person."""

    def __init__(self, qtbot: QtBot, store: Path, encoder: str | None = None) -> None:
        self.qtbot, self.mailbox = qtbot, Mailbox()
        self.app = App(encoder=encoder, device="cpu", data_dir=store)
        self.app._archive = ArrayArchive()
        self.bench = self.app.workbench(self.mailbox.post)
        self.session = self.bench.session
        self.window = MainWindow(self.bench, first_run=False, facts=self.app.facts)
        self.window.show()
        self.bench.open.sample()
        self.wait(lambda: self.session.raster is not None and bool(self.session.encoders)
                  and not self.session.progress)
        self.window.tabs.setCurrentWidget(self.window.evidence)
        self.box: QComboBox = self.window.evidence.encoder.box

    def wait(self, until: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(until, timeout=20_000)
        self.window.binder.update_now()
        self.qtbot.wait(10)  # new strips show themselves in the next turn

    def press(self, key: Qt.Key) -> None:
        self.qtbot.keyClick(self.window.viewer.canvas, key)
        self.window.binder.update_now()

    def pick(self, box: QComboBox, value: object) -> None:
        assert box.findData(value) >= 0
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
        self.window.binder.update_now()

    def legend(self) -> str:
        return self.window.viewer.legend.words()

    def told(self) -> str:
        """All that the notices say."""
        return " ".join(one.text() for one in self.window.notices.findChildren(QLabel) if one.isVisible())

    def end(self) -> None:
        self.window.close()
        self.app.close()
        self.window.deleteLater()
        self.mailbox.deleteLater()


@pytest.fixture
def sit(qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
        ) -> Iterator[Callable[..., Sitting]]:
    """Starts over a person's data with a small shipped encoder and two imported ones; ``sit.root`` is the data."""
    apply_theme(qapp, "dark")
    with open_place() as root:
        for seed, name in enumerate(("birch", "frail"), start=2):
            tiny_folder(root / "encoders", name, seed)
        tiny_folder(root / "shipped", "retina-s", 1)
        monkeypatch.setenv("FINEVIEW_DATA", str(root))
        monkeypatch.setenv("FINEVIEW_WEIGHTS", str(root / "shipped"))
        made: list[Sitting] = []

        def start(encoder: str | None = None) -> Sitting:
            if made:
                made.pop().end()
            made.append(Sitting(qtbot, tmp_path, encoder))
            return made[-1]

        start.root = root  # type: ignore[attr-defined]
        yield start
        for one in made:
            one.end()


def shown_map(seat: Sitting) -> np.ndarray:
    state = seat.window.state
    assert state is not None and state.overlay is not None
    return state.overlay.rgba


def test_choosing_what_broke_since_it_was_listed_keeps_the_map(sit: Callable[..., Sitting]) -> None:
    place = sit.root / "encoders"  # type: ignore[attr-defined]
    for seed, way in enumerate(WAYS, start=4):
        tiny_folder(place, way, seed)
    seat = sit()
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
    before, legend = shown_map(seat), seat.legend()
    for way, breaks in WAYS.items():
        breaks(place / way)
        with as_anybody():
            seat.pick(seat.box, way)
            seat.wait(lambda: seat.session.encoder_wanted is None)
        assert seat.legend() == legend and np.array_equal(shown_map(seat), before) and seat.box.currentData() == ""
        assert f"The encoder {way} cannot be used" in seat.told() and "retina-s stays in use" in seat.told()
        assert seat.session.notices[-1].code.startswith("weights-") and seat.session.notices[-1].remedy
    # It can still be worked with: another frame, and another encoder.
    seat.press(Qt.Key.Key_PageDown)
    seat.wait(lambda: seat.window.state.frame_key.index == 3 and seat.window.state.overlay is not None)
    seat.pick(seat.box, "birch")
    seat.wait(lambda: "birch" in seat.legend())


@pytest.mark.parametrize("way", ["removed", "directory"])
def test_flipping_to_what_broke_gives_the_map_back(way: str, sit: Callable[..., Sitting]) -> None:
    seat = sit()
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
    before, legend = shown_map(seat), seat.legend()
    WAYS[way](sit.root / "encoders" / "frail")  # type: ignore[attr-defined]
    seat.bench.explain.compare_with(encoder="frail", kind="dar")  # chosen beside the picture, not loaded yet
    seat.press(Qt.Key.Key_3)
    seat.wait(lambda: bool(seat.session.notices) and "model" not in seat.session.progress)
    assert seat.legend() == legend and np.array_equal(shown_map(seat), before)
    assert "The encoder frail cannot be used" in seat.told() and "retina-s stays in use" in seat.told()
    seat.press(Qt.Key.Key_3)  # and never to the broken one again
    seat.wait(lambda: "DAR" in seat.legend())
    assert "retina-s" in seat.legend()


def test_the_second_picture_alone_goes_with_an_encoder_that_broke(sit: Callable[..., Sitting]) -> None:
    seat = sit()
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
    seat.press(Qt.Key.Key_2)
    before = shown_map(seat)
    WAYS["directory"](sit.root / "encoders" / "frail")  # type: ignore[attr-defined]
    seat.pick(seat.window.evidence.compare.encoder, "frail")
    seat.wait(lambda: seat.session.beside == "none")
    assert np.array_equal(shown_map(seat), before) and "The encoder frail cannot be used" in seat.told()


def test_the_chosen_encoder_is_back_at_the_next_start(sit: Callable[..., Sitting]) -> None:
    seat = sit()
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
    seat.pick(seat.box, "birch")
    seat.wait(lambda: "birch" in seat.legend())
    again = sit()
    assert again.box.currentData() == "birch" and "encoder" not in again.told()
    assert not again.app.loaded  # nothing is loaded before a map is asked for
    again.press(Qt.Key.Key_D)
    again.wait(lambda: "birch" in again.legend())
    assert [one.name for one in again.app.loaded] == ["birch"]
    again.press(Qt.Key.Key_N)
    # Words of the command line count more, and are no choice in the window.
    told = sit("frail")
    assert told.box.currentText() == "frail"
    told.press(Qt.Key.Key_A)
    told.wait(lambda: "frail" in told.legend())
    last = sit()
    assert last.box.currentData() == "birch"
    last.pick(last.box, "")
    last.press(Qt.Key.Key_A)
    last.wait(lambda: "retina-s" in last.legend())
    assert sit().box.currentData() == ""


def test_flipping_is_looking_and_not_choosing(sit: Callable[..., Sitting]) -> None:
    seat = sit()
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
    seat.pick(seat.box, "birch")
    seat.wait(lambda: "birch" in seat.legend())
    seat.press(Qt.Key.Key_3)
    assert "retina-s" in seat.legend()
    assert sit().box.currentData() == "birch"


@pytest.mark.parametrize("way", ["removed", "one_bit"])
def test_one_that_is_gone_or_damaged_at_the_next_start_gives_way_and_is_forgotten(way: str, sit: Callable[..., Sitting]
                                                                                  ) -> None:
    seat = sit()
    seat.pick(seat.box, "frail")
    seat.wait(lambda: seat.session.encoder_wanted is None)
    seat.wait(lambda: seat.app.journal.setting("encoder") == "frail")  # a name: no path, no word about a patient
    WAYS[way](sit.root / "encoders" / "frail")  # type: ignore[attr-defined]
    again = sit()
    if way == "removed":
        assert again.box.currentData() == "" and "is not there any more" in again.told()
    again.press(Qt.Key.Key_D)
    again.wait(lambda: "DAR" in again.legend() and "retina-s" in again.legend())
    assert again.box.currentData() == "" and ("retina-s shows the maps" in again.told() if way == "removed"
                                              else "retina-s stays in use" in again.told())
    silent = sit()
    assert "encoder" not in silent.told() and silent.box.currentData() == ""


def test_a_kept_word_that_is_no_encoder_harms_nothing(sit: Callable[..., Sitting], tmp_path: Path) -> None:
    journal = Cellar(tmp_path)
    journal.set_setting("encoder", "../../\u202eetc <b>x</b>")
    journal.close()
    seat = sit()
    assert seat.box.currentData() == "" and "is not there any more" in seat.told()
    shutil.rmtree(sit.root / "encoders")  # type: ignore[attr-defined]
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: "retina-s" in seat.legend())
