"""A language model's maps through the engine port: scale, place, DAR in both modes, and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import RequestProblem
from fineview.core.evidence import Method, ModelIdentity
from fineview.core.geometry import Box
from fineview.imaging.dar import EdgeMask
from fineview.models.language.engine import ReaderEngine
from fineview.models.language.reader import Reading
from tests.cli.spoken import speak
from tests.models import tiny_readers as tiny
from tests.models.test_readers import FAMILIES, QUESTION, Eager, reader_of
from tests.models.test_vicrop import eager_map

WHO = ModelIdentity("tiny", "llava", "ab" * 32)


@pytest.fixture(scope="module", params=FAMILIES)
def engine(request: pytest.FixtureRequest) -> ReaderEngine:
    return ReaderEngine(reader_of(request.param), WHO)


@pytest.fixture(scope="module")
def llava() -> ReaderEngine:
    return ReaderEngine(reader_of("llava"), WHO)


def no_mask(rgb: np.ndarray) -> EdgeMask:
    return EdgeMask(np.zeros(rgb.shape[:2], np.bool_), "tophat", 0.0)


def test_the_raw_map_is_the_row_in_fair_shares_against_a_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell centres of an 84 x 84 picture (4 x 4 cells of 21 px) hold log2((16 a + 1) / (16 b + 1)) / 3, in 0 ... 1."""
    made, eager = ReaderEngine(reader_of("llava"), WHO), Eager("llava")
    monkeypatch.setattr("tests.models.test_readers.LAYER", 3)  # the engine reads the family's layer, here the last
    square = tiny.picture(84, 84)
    level = [int(round(v / 8) * 8) for v in square.reshape(-1, 3).mean(0)]
    blank = np.full((56, 56, 3), level, np.uint8)
    prompt = reader_of("llava").prompt(QUESTION)
    found = []
    for rgb in (square, blank):
        monkeypatch.setattr(tiny, "picture", lambda *_, one=rgb, **__: one)
        found.append(eager_map(eager, prompt))
    truth = np.clip(np.log2((16 * found[0] + 1) / (16 * found[1] + 1)) / 3, 0, 1)
    values = made.raw_map(made.encode(square), QUESTION)
    assert values.shape == (84, 84) and truth.max() > 0.02
    assert np.allclose(values[10::21, 10::21], truth, atol=1e-3)


def test_a_blank_frame_is_flat(engine: ReaderEngine) -> None:
    blank = np.full((70, 90, 3), 77, np.uint8)
    seen = engine.encode(blank)
    assert engine.raw_map(seen, QUESTION).max() < 1e-5
    assert engine.method_map(seen, Method.DAR, QUESTION, 2.0, no_mask(blank)).max() < 1e-5


def test_dar_doubles_under_the_mask_and_inline_dar_raises_there(engine: ReaderEngine) -> None:
    rgb = tiny.picture(80, 80)
    seen = engine.encode(rgb)
    raw = engine.raw_map(seen, QUESTION)
    inside = np.zeros((80, 80), np.bool_)
    inside[20:40, 40:60] = True
    mask = EdgeMask(inside, "tophat", 1.0)
    mapped = engine.method_map(seen, Method.DAR, QUESTION, 2.0, mask)
    assert np.allclose(mapped, np.where(inside, np.minimum(raw * 2, 1), raw), atol=0.006)
    assert np.array_equal(engine.method_map(seen, Method.DAR_INLINE, QUESTION, 2.0, no_mask(rgb)), raw)
    bent = engine.method_map(seen, Method.DAR_INLINE, QUESTION, 8.0, mask)
    assert bent[30, 50] > raw[30, 50] and bent[inside].mean() - raw[inside].mean() > (bent - raw)[~inside].mean()


def test_every_method_lies_on_the_source_in_0_to_1(engine: ReaderEngine) -> None:
    rgb = tiny.picture(60, 120)
    seen = engine.encode(rgb)
    maps = [engine.method_map(seen, method, QUESTION, 2.0, no_mask(rgb)) for method in engine.methods]
    assert all(one.shape == (60, 120) and one.dtype == np.float32 and 0 <= one.min() <= one.max() <= 1 for one in maps)
    other = engine.method_map(seen, Method.REL_ATT, "red lesion here", 2.0, no_mask(rgb))
    assert not np.array_equal(other, maps[engine.methods.index(Method.REL_ATT)]) or "BLIP-2" in engine.layer(Method.RAW)


def test_what_a_centre_crop_cuts_off_is_nothing_and_said(llava: ReaderEngine) -> None:
    rgb = tiny.picture(60, 120)
    seen = llava.encode(rgb)
    assert "middle 50%" in seen.notes[0] and llava.strides_px(seen) == {"raw": (15.0, 15.0)}
    relative = llava.method_map(seen, Method.REL_ATT, QUESTION, 2.0, no_mask(rgb))
    assert not relative[:, :30].any() and not relative[:, 90:].any() and relative[:, 30:90].all()
    eye = llava.eye(seen)
    assert eye.canvas.shape == (56, 56, 3) and eye.picture == Box(0, 0, 56, 56)


def test_relative_attention_of_the_same_prompt_is_one_half(llava: ReaderEngine) -> None:
    rgb = tiny.picture(56, 56)
    same = llava.method_map(llava.encode(rgb), Method.REL_ATT, "Write a general description of the image.", 2.0,
                            no_mask(rgb))
    assert np.allclose(same, 0.5)


def test_vicrop_needs_a_question_and_control_is_no_map_of_it(llava: ReaderEngine) -> None:
    rgb = tiny.picture(56, 56)
    for method, text, code in ((Method.REL_ATT, None, "no-question"), (Method.RANDOM, "x", "no-method")):
        with pytest.raises(RequestProblem) as caught:
            llava.method_map(llava.encode(rgb), method, text, 2.0, no_mask(rgb))
        assert caught.value.code == code


def test_a_question_asked_twice_is_read_once(llava: ReaderEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = llava.encode(tiny.picture(56, 56))
    first = llava.raw_map(seen, QUESTION)
    read: list[Reading] = []
    monkeypatch.setattr(type(llava._reader), "row", lambda _, reading: read.append(reading))
    assert llava.raw_map(seen, QUESTION) is first and not read


@pytest.mark.parametrize("method", ["dar-inline", "rel-att"])
def test_analyze_takes_a_language_model_s_folder(tmp_path: Path, method: str) -> None:
    folder = tiny.save(tiny.llava(), tmp_path / "tiny-llava")
    Image.fromarray(tiny.picture(60, 120)).save(tmp_path / "fundus.png")
    made: Any = speak("analyze", tmp_path / "fundus.png", "--out", tmp_path / "out", "--encoder", folder, "--method",
                      method, "--question", "What is this?", "--json").json
    assert made["encoder"]["name"] == "tiny-llava" and made["encoder"]["domain"] == "unknown"
    assert made["proposals"] == [] and made["maps"]["lesion"] == {} and "middle 50%" in made["notes"][0]
    values = np.load(tmp_path / "out" / made["maps"][method])
    assert values.shape == (60, 120) and values.max() > 0 and not values[:, :30].any()
