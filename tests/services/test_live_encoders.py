"""Another encoder, another method, another overlay to compare with: changed live, and never mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fineview.app import App
from fineview.core.evidence import DarSettings, Method, ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey
from fineview.imaging import placement
from fineview.imaging.window import to_rgb
from fineview.models.predictor import Predictor
from fineview.services.eye import loupe
from fineview.services.needs import offered
from fineview.services.session import EngineFacts
from fineview.services.snapshot import snapshot
from fineview.services.suggestions import of_encoder
from fineview.services.wishes import OverlayWishes
from fineview.services.workbench import Workbench
from tests.gui.scene import COLS, ROWS, ArrayArchive, frame_pixels
from tests.models.tiny_folders import save
from tests.services.tiny_encoders import tiny_folder


class Bench:
    """The real application over arrays, with three encoders at hand: two whole ones and one that is damaged."""

    def __init__(self, folder: Path, places: dict[str, Path], mailbox) -> None:
        self.app = App(encoder=str(places["one"]), device="cpu", data_dir=folder)
        self.app._archive = ArrayArchive()
        self.mailbox, self.places = mailbox, places
        self.bench: Workbench = self.app.workbench(mailbox.post)
        self.session, self.explain = self.bench.session, self.bench.explain
        self.bench.open.sample()
        self.pump(lambda: self.session.raster is not None and not self.session.progress)

    def pump(self, until) -> None:
        self.mailbox.pump(until)

    def shown(self):
        return snapshot(self.session)

    def settles(self) -> None:
        """Until nothing is computed any more and what came of it was shown."""
        self.pump(lambda: "model" not in self.session.progress and not self.bench.jobs.busy("model")
                  and self.session.encoder_wanted is None and not self.shown().overlay_pending)

    def legend(self) -> str:
        overlay = self.shown().overlay
        return overlay.legend if overlay is not None else ""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    made = {name: tiny_folder(root, name, seed) for seed, name in enumerate(("one", "two", "broken"), start=1)}
    weights = made["broken"] / "model.safetensors"
    held = bytearray(weights.read_bytes())
    held[-1] ^= 1
    weights.write_bytes(held)
    return made


@pytest.fixture
def room(tmp_path: Path, places: dict[str, Path], mailbox) -> Iterator[Bench]:
    made = Bench(tmp_path, places, mailbox)
    yield made
    made.bench.close()
    made.app.close()


def expected(folder: Path, text: str | None = None) -> np.ndarray:
    """The raw map of the middle B-scan by the encoder in ``folder``, without services and caches."""
    engine = Predictor.load(folder, "cpu")
    gray = frame_pixels(2)
    return engine.raw_map(engine.encode(np.repeat(gray[:, :, None], 3, axis=2)), text)


def heat_of(room: Bench, encoder: str) -> np.ndarray:
    """What is kept of one encoder's plain map of the shown frame."""
    (found,) = [heat for key, heat in room.session.heat.items() if key[:3] == (room.session.frame_key, encoder, "raw")]
    return found.values


def test_the_old_maps_stay_until_the_new_encoder_is_there(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    one = Predictor.load(room.places["one"], "cpu").identity
    two = Predictor.load(room.places["two"], "cpu").identity
    assert one.short in room.legend()
    room.explain.encoder(str(room.places["two"]))
    waiting = room.shown()
    assert one.short in waiting.overlay.legend
    assert waiting.encoders.loading and waiting.encoders.chosen == str(room.places["two"])
    room.settles()
    arrived = room.shown()
    assert two.short in arrived.overlay.legend and not arrived.encoders.loading
    assert np.array_equal(heat_of(room, ""), expected(room.places["one"]))
    assert np.array_equal(heat_of(room, str(room.places["two"])), expected(room.places["two"]))
    assert not np.array_equal(heat_of(room, ""), heat_of(room, str(room.places["two"])))
    assert arrived.analysis.model == two


def test_going_back_is_at_once_and_shows_the_first_encoders_own_map(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    before = room.shown().overlay.rgba
    room.explain.encoder(str(room.places["two"]))
    room.settles()
    room.explain.encoder("")
    # Known already: no job, nothing to wait for.
    assert np.array_equal(room.shown().overlay.rgba, before) and not room.bench.jobs.busy("model")


def test_the_newest_choice_wins(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    room.explain.encoder(str(room.places["two"]))
    room.explain.encoder("")
    room.settles()
    room.mailbox.drain()
    assert room.session.overlay.encoder == "" and room.session.encoder_wanted is None
    assert Predictor.load(room.places["one"], "cpu").identity.short in room.legend()


def test_an_encoder_that_fails_says_why_and_leaves_the_old_overlay(room: Bench) -> None:
    room.explain.overlay("dar")
    room.settles()
    before = room.legend()
    room.explain.encoder(str(room.places["broken"]))
    room.settles()
    assert room.session.notices[-1].code == "weights-hash" and room.session.notices[-1].remedy
    assert room.legend() == before and room.shown().encoders.chosen == ""


def test_a_frame_that_comes_while_an_encoder_fails_gets_the_old_ones_map(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    room.explain.encoder(str(room.places["broken"]))
    room.bench.open.step(1)
    room.pump(lambda: room.session.raster is not None and room.session.encoder_wanted is None)
    room.settles()
    room.pump(lambda: room.shown().overlay is not None)
    assert Predictor.load(room.places["one"], "cpu").identity.short in room.legend()


def test_an_encoder_chosen_without_an_overlay_is_loaded_and_encodes_nothing(room: Bench) -> None:
    room.explain.encoder(str(room.places["two"]))
    room.settles()
    state = room.shown()
    assert state.encoders.chosen == str(room.places["two"]) and not state.encoders.loading
    assert Method.GRAD_ATT in state.encoders.methods and state.analysis is None


def test_flip_exchanges_the_last_two_choices_in_the_same_colours(room: Bench) -> None:
    room.explain.overlay("raw")
    room.explain.overlay("rel-att")
    room.explain.set(colour_map="inferno", opacity=0.9)
    room.settles()
    room.explain.flip()
    assert (room.session.overlay.kind, room.session.overlay.colour_map, room.session.overlay.opacity) == (
        "raw", "inferno", 0.9)
    room.settles()
    first = room.shown().overlay.rgba
    room.explain.flip()
    assert room.session.overlay.kind == "rel-att" and room.session.other.kind == "raw"
    assert not np.array_equal(first, room.shown().overlay.rgba) and room.legend().startswith("relative")
    room.explain.flip()
    assert room.legend().startswith("attention") and np.array_equal(room.shown().overlay.rgba, first)


def test_tuning_a_method_is_no_new_choice(room: Bench) -> None:
    room.explain.overlay("raw")
    room.explain.overlay("dar")
    room.explain.set(dar=DarSettings(gain=5.0))
    room.explain.set(threshold=0.3)
    assert room.session.other.kind == "raw"


def test_words_that_the_new_encoder_cannot_read_do_not_take_the_overlay_away(room: Bench, tmp_path: Path) -> None:
    mute = save("vit", tmp_path / "mute")
    room.explain.set(kind="raw", text="drusen")
    room.settles()
    room.explain.encoder(str(mute))
    room.settles()
    assert room.session.overlay.kind == "raw" and room.session.overlay.text is None
    assert "CLS" in room.legend() and "mute" in room.legend()
    assert any("has no text tower" in one.what for one in room.session.notices)


def test_flip_between_two_encoders(room: Bench) -> None:
    two = str(room.places["two"])
    room.explain.overlay("raw")
    room.settles()
    room.explain.encoder(two)
    room.settles()
    room.explain.flip()
    assert room.session.overlay.encoder == "" and room.session.other.encoder == two
    assert "one" in room.legend()
    room.explain.flip()
    assert room.session.overlay.encoder == two and "two" in room.legend()


def test_chance_is_one_step_away_and_back(room: Bench) -> None:
    room.explain.overlay("dar")
    room.settles()
    before = room.legend()
    room.explain.chance()
    room.settles()
    assert room.legend().startswith("random map, no model")
    values = next(heat.values for key, heat in room.session.heat.items() if key[2] == "random")
    # Noise that knows nothing of the picture: as bright in the bright corner as elsewhere, on average.
    assert values.shape == (ROWS, COLS) and 0.3 < values.mean() < 0.7
    room.explain.chance()
    assert room.session.overlay.kind == "dar" and room.legend() == before


def test_two_overlays_beside_each_other_by_two_encoders(room: Bench) -> None:
    room.explain.overlay("raw")
    room.explain.beside("overlay")
    room.explain.compare_with(kind="raw", encoder=str(room.places["two"]))
    room.settles()
    room.pump(lambda: room.shown().other is not None)
    state = room.shown()
    assert "one" in state.overlay.legend and "two" in state.other.legend
    assert not np.array_equal(state.overlay.rgba, state.other.rgba)
    # What stands beside the picture stays when the first overlay changes.
    room.explain.overlay("dar")
    room.settles()
    assert room.shown().other_wishes.kind == "raw" and room.session.other.encoder == str(room.places["two"])
    room.bench.open.step(1)
    room.pump(lambda: room.shown().overlay is not None and room.shown().other is not None)
    assert room.session.index == 3
    room.explain.beside("overlay")
    assert room.shown().other is None and room.session.beside == "none"


def test_a_second_encoder_that_fails_takes_only_itself_away(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    room.explain.beside("overlay")
    room.explain.compare_with(kind="raw", encoder=str(room.places["broken"]))
    room.pump(lambda: room.session.beside == "none")
    assert room.session.notices[-1].code == "weights-hash"
    assert room.session.beside == "none" and room.session.overlay.kind == "raw" and room.legend()


def test_the_models_eye_is_what_the_encoder_was_given(room: Bench) -> None:
    room.explain.beside("eye")
    room.pump(lambda: room.shown().eye is not None)
    view = room.shown().eye
    rgb = np.repeat(frame_pixels(2)[:, :, None], 3, axis=2)
    assert np.array_equal(view.native, rgb) and np.array_equal(view.native, to_rgb(room.session.raster))
    where = placement.place(ROWS, COLS)
    # Drawn here again with OpenCV alone: the picture enlarged to its place, black around.
    again = np.zeros_like(view.eye.canvas)
    top, left = where.fine_corner
    again[top: top + where.fine_hw[0], left: left + where.fine_hw[1]] = cv2.resize(
        rgb, (where.fine_hw[1], where.fine_hw[0]), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(view.eye.canvas, again)
    assert view.step_px == pytest.approx((COLS / where.fine_hw[1], ROWS / where.fine_hw[0]))
    assert view.eye.tiles and sum(tile.w * tile.h for tile in view.eye.tiles) == again.shape[0] * again.shape[1]
    room.bench.open.step(1)
    assert room.shown().eye is None  # never one frame's pixels beside another frame
    room.pump(lambda: room.shown().eye is not None)
    assert room.shown().eye.frame == FrameKey("scan", 3)


def test_the_loupe_shows_the_same_place_twice(room: Bench) -> None:
    room.explain.beside("eye")
    room.pump(lambda: room.shown().eye is not None)
    view = room.shown().eye
    # The bright block ends at source pixel 6: its corner is in the middle of a loupe on (6, 6).
    found = loupe(view, (6.0, 6.0))
    assert (found.area.x, found.area.w) == (-6.0, 24.0)
    assert np.array_equal(found.native.pixels, view.native[0:18, 0:18])
    left, top = view.on_canvas((0.0, 0.0))
    right, bottom = view.on_canvas((found.area.x + found.area.w, found.area.y + found.area.h))
    cut = view.eye.canvas[max(0, int(np.floor(top - 6 / view.step_px[1]))): int(np.ceil(bottom)),
                          max(0, int(np.floor(left - 6 / view.step_px[0]))): int(np.ceil(right))]
    assert np.array_equal(found.model.pixels, cut)
    assert found.model.box.x + found.model.box.w == pytest.approx(18.0, abs=view.step_px[0])
    assert view.on_source(view.on_canvas((31.5, 7.25))) == pytest.approx((31.5, 7.25))
    assert loupe(view, (-1.0, 5.0)) is None and loupe(view, (COLS + 0.1, 5.0)) is None
    assert "no detail is lost" in view.loss_words()


def test_cancel_gives_up_what_is_on_its_way(room: Bench) -> None:
    room.explain.overlay("raw")
    room.settles()
    room.explain.encoder(str(room.places["two"]))
    room.bench.cancel("model")
    assert room.session.encoder_wanted is None and room.session.overlay.kind == "raw" and room.legend()


FACTS = EngineFacts(ModelIdentity("plain", "1", "cd" * 32, heads_trained=False), (Method.RAW, Method.DAR))


@pytest.mark.parametrize(("kind", "wanted"), [
    ("grad-att", "raw"), ("lesion", "raw"), ("dar", "dar"), ("random", "random"), ("mfp", "mfp"), ("none", "none")])
def test_what_an_encoder_cannot_do_becomes_its_plain_map_and_is_said(kind: str, wanted: str) -> None:
    wishes, note = offered(OverlayWishes(kind=kind), FACTS)
    assert wishes.kind == wanted and bool(note) is (kind != wanted)
    assert not note or note.startswith("plain has no ")


def test_only_the_chosen_encoder_suggests_and_marks_of_people_stay() -> None:
    ours, theirs = ModelIdentity("a", "1", "aa" * 32), ModelIdentity("b", "1", "bb" * 32)
    base = Finding("x", "1", FrameKey("s", 0), Region.from_box(Box(0, 0, 2, 2)), "drusen", Origin.MODEL,
                   State.SUGGESTED, model=theirs)
    held = (replace(base, id="mine", origin=Origin.PERSON, state=State.ACCEPTED, model=None),
            replace(base, id="ours", model=ours), replace(base, id="theirs"),
            replace(base, id="accepted", state=State.ACCEPTED), replace(base, id="rejected", state=State.REJECTED),
            replace(base, id="noted", note="look again"), replace(base, id="chosen"))
    shown = {f.id for f in of_encoder(held, ours.sha256, "chosen")}
    assert shown == {"mine", "ours", "accepted", "rejected", "noted", "chosen"}
    assert of_encoder(held, None, None) == held
