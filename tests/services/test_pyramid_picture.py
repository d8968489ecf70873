"""The scale that is shown is the scale that is used: pixels, place and legend of pyramid overlays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fineview.core.evidence import TASK_SCALES, Analysis, HeatMap, Method, ModelIdentity, PyramidLevel, Task
from fineview.core.study import FrameInfo, Patient, Series, Study
from fineview.imaging.colour import heat_rgba
from fineview.services.encodings import Encodings
from fineview.services.explain import Explain
from fineview.services.needs import Need, is_missing
from fineview.services.picture import heat_key, missing_words, picture_of
from fineview.services.session import Session
from fineview.services.wishes import OverlayWishes

ROWS, COLS = 96, 160
MODEL = ModelIdentity("eye", "1", "cd" * 32)
RNG = np.random.default_rng(4)
LEVELS = {scale: RNG.random((3, ROWS // scale, COLS // scale)).astype(np.float16) for scale in (4, 8, 16)}
STRIDES = {scale: (float(scale), float(scale)) for scale in LEVELS}
ROW = RNG.random((ROWS, COLS)).astype(np.float32)


@pytest.fixture
def session() -> Session:
    frame = FrameInfo("a.png", 0, "1.2.3", rows=ROWS, cols=COLS)
    series = Series("1.2", "1.2", "OP", frames=(frame,))
    made = Session(study=Study("1", Patient("A"), series=(series,)), series=series)
    assert made.frame_key is not None
    pyramid = tuple(PyramidLevel(scale, values, STRIDES[scale]) for scale, values in LEVELS.items())
    made.analyses[made.frame_key, ""] = Analysis(made.frame_key, "k", ROWS, COLS, MODEL, "in", {}, "fundus", {}, {},
                                                 pyramid, (), "cpu", "fp32")
    return made


def energy(scale: int) -> np.ndarray:
    flat = np.sqrt((LEVELS[scale].astype(np.float32) ** 2).mean(0))
    low, high = np.percentile(flat, (1, 99))
    return np.clip((flat - low) / (high - low), 0, 1)


def colours(values: np.ndarray, wishes: OverlayWishes) -> np.ndarray:
    return heat_rgba(values.astype(np.float32), wishes.colour_map, wishes.threshold, wishes.opacity)


@pytest.mark.parametrize("scale", [4, 8, 16])
def test_each_scale_shows_its_own_cells_and_says_so(session: Session, scale: int) -> None:
    wishes = OverlayWishes(kind="mfp", mfp_scale=scale)
    rgba, rect, _, legend, _, _ = picture_of(session, wishes) or pytest.fail("no overlay")
    assert rgba.shape[:2] == (ROWS // scale, COLS // scale)
    assert (rect.x, rect.y, rect.w, rect.h) == (0, 0, COLS, ROWS)
    assert legend == f"MFP 1/{scale}, energy, {MODEL.short}, one cell = {scale:.1f} x {scale:.1f} px"
    assert np.abs(rgba.astype(int) - colours(energy(scale), wishes)).max() <= 1


def test_the_remote_task_shows_both_scales_together(session: Session) -> None:
    explain = Explain(session, None, None, Encodings())  # type: ignore[arg-type]
    explain._work.enabled = False
    explain.set(kind="mfp", task=Task.REMOTE)
    assert (session.overlay.mfp_scale, session.overlay.mfp_with) == TASK_SCALES[Task.REMOTE] == (16, 4)
    rgba, _, _, legend, _, _ = picture_of(session, session.overlay) or pytest.fail("no overlay")
    assert legend == f"MFP 1/16 and 1/4 together, mean of both energies, {MODEL.short}, one cell = 4.0 x 4.0 px"
    both = (np.kron(energy(16), np.ones((4, 4))) + energy(4)) / 2
    assert np.abs(rgba.astype(int) - colours(both, session.overlay)).max() <= 1
    explain.set(mfp_scale=8)
    assert session.overlay.mfp_with == 0, "one scale chosen by hand is one scale"
    explain.set(task=Task.LESION)
    assert (session.overlay.mfp_scale, session.overlay.mfp_with) == (4, 0)


def test_text_and_vision_are_mixed_as_the_legend_says(session: Session) -> None:
    wishes = OverlayWishes(kind="mfp", mfp_scale=8, balance=0.25, text="drusen")
    need = Need(0, wishes)
    assert picture_of(session, wishes) is None and is_missing(session, need), "the row of the words is still to come"
    assert missing_words(session, wishes) == "", "what is on its way is not missing"
    key: Any = session.frame_key
    session.heat[heat_key(key, wishes)] = HeatMap(key, Method.RAW, "text row", "drusen", ROW, MODEL)
    assert not is_missing(session, need)
    rgba, _, _, legend, ticks, _ = picture_of(session, wishes) or pytest.fail("no overlay")
    assert 'energy 75% with text row "drusen" 25%' in legend and ticks == (0.0, 1.0)
    assert np.abs(rgba.astype(int) - colours(0.75 * energy(8) + 0.25 * ROW[4::8, 4::8], wishes)).max() <= 1


def test_a_scale_the_encoder_lacks_is_not_replaced_by_another(session: Session) -> None:
    for wishes, lacking in ((OverlayWishes(kind="mfp", mfp_scale=32), 32),
                            (OverlayWishes(kind="mfp", mfp_scale=16, mfp_with=2), 2)):
        assert picture_of(session, wishes) is None
        assert f"no level 1/{lacking} " in missing_words(session, wishes)


def test_a_heat_maps_legend_says_whose_it_is_before_the_long_words(session: Session) -> None:
    key: Any = session.frame_key
    wishes = OverlayWishes(kind="dar")
    session.heat[heat_key(key, wishes)] = HeatMap(key, Method.DAR, "CLS row of layer 4; " * 9, "drusen", ROW, MODEL,
                                                  note="gain 2")
    legend = (picture_of(session, wishes) or pytest.fail("no overlay"))[3]
    assert legend.startswith(f"DAR, {MODEL.short}, CLS row of layer 4") and legend.endswith('"drusen", gain 2')
