"""The border: arrays in, arrays out, the same for the same pixels, silent about what it cannot know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview import paths
from fineview.core.errors import WeightsProblem
from fineview.core.evidence import Method
from fineview.core.labels import DOMAINS, LAYERS, WORDS
from fineview.imaging.dar import edge_mask
from fineview.models import device, weights
from fineview.models.encoding import Encoding
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY, build_retina

Cache = tuple[Predictor, np.ndarray, Encoding]


@pytest.fixture(scope="module")
def tiny() -> Cache:
    predictor = Predictor.untrained(TINY, seed=3)
    rgb = np.random.default_rng(0).integers(0, 255, (300, 420, 3)).astype(np.uint8)
    return predictor, rgb, predictor.encode(rgb)


def test_shapes_types_and_ranges_on_the_source_grid(tiny: Cache) -> None:
    predictor, rgb, seen = tiny
    raw = predictor.raw_map(seen, "haemorrhage?")
    assert raw.shape == rgb.shape[:2] and raw.dtype == np.float32 and 0 <= raw.min() <= raw.max() <= 1
    maps = predictor.lesion_maps(seen, WORDS)
    assert tuple(maps) == WORDS
    assert all(one.shape == rgb.shape[:2] and one.dtype == np.float16 for one in maps.values())
    assert all(one.min() >= 0 and one.max() <= 1 for one in maps.values())
    assert tuple(seen.domain) == DOMAINS and abs(sum(seen.domain.values()) - 1) < 1e-5
    assert seen.line_rows.shape == (len(LAYERS), rgb.shape[1])
    assert seen.nbytes > seen.canvas.nbytes


def test_the_pyramid_has_the_encoders_grids_and_says_how_coarse_they_are(tiny: Cache) -> None:
    predictor, rgb, seen = tiny
    strides = predictor.strides_px(seen)
    for scale, values in predictor.pyramid(seen).items():
        channels, high, wide = values.shape
        assert channels <= 16 and values.dtype == np.float16 and np.isfinite(values).all()
        step_y, step_x = strides[f"mfp_{scale}"]
        assert (high - 1) * step_y < rgb.shape[0] <= high * step_y + 1e-6
        assert (wide - 1) * step_x < rgb.shape[1] <= wide * step_x + 1e-6
        assert wide == -(-seen.where.fine_hw[1] // scale)


def test_every_method_gives_a_map_and_inline_dar_differs_from_raw(tiny: Cache) -> None:
    predictor, rgb, seen = tiny
    mask = edge_mask(rgb, "fundus")
    found = {method: predictor.method_map(seen, method, "exudate", 2.0, mask) for method in Method}
    for values in found.values():
        assert values.shape == rgb.shape[:2] and values.dtype == np.float32
        assert np.isfinite(values).all() and 0 <= values.min() <= values.max() <= 1
    assert np.array_equal(found[Method.RAW], predictor.raw_map(seen, "exudate"))
    assert (found[Method.DAR_INLINE] >= found[Method.RAW] - 1e-6).all()
    assert np.abs(found[Method.DAR_INLINE] - found[Method.RAW]).max() > 1e-3
    assert 0 <= predictor.cls_map(seen).min() <= predictor.cls_map(seen).max() <= 1


def test_the_same_pixels_give_the_same_numbers(tiny: Cache) -> None:
    predictor, rgb, seen = tiny
    again = predictor.encode(rgb.copy())
    assert np.array_equal(seen.logits, again.logits)
    assert np.array_equal(predictor.raw_map(seen, "disc"), predictor.raw_map(again, "disc"))
    assert all(np.array_equal(seen.pyramid[scale], again.pyramid[scale]) for scale in (4, 8, 16))


def test_region_evidence_reads_the_cells_of_the_region(tiny: Cache) -> None:
    predictor, rgb, seen = tiny
    mask = np.zeros(rgb.shape[:2], bool)
    mask[100:140, 200:260] = True
    here = predictor.region_evidence(seen, mask)
    there = predictor.region_evidence(seen, np.roll(mask, 120, axis=1))
    assert set(here) == set(WORDS) and all(0 <= value <= 1 for value in here.values())
    assert here != there
    point = np.zeros_like(mask)
    point[5, 7] = True
    assert any(predictor.region_evidence(seen, point).values())
    assert not any(predictor.region_evidence(seen, np.zeros_like(mask)).values())


def test_random_weights_say_so(tiny: Cache) -> None:
    predictor, _, _ = tiny
    assert not predictor.trained and not predictor.identity.trained and not predictor.identity.fusion_trained
    assert set(predictor.thresholds) == set(WORDS)


def test_cancelled_between_stages(tiny: Cache) -> None:
    class Stop(Exception):
        pass

    class Token:
        asked = 0

        def raise_if_cancelled(self) -> None:
            self.asked += 1
            raise Stop

    predictor, rgb, _ = tiny
    token = Token()
    with pytest.raises(Stop):
        predictor.encode(rgb, token)
    assert token.asked == 1


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8),
                                 np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_refuses_what_is_no_picture(tiny: Cache, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        tiny[0].encode(bad)


def test_weights_of_another_encoder_are_refused(tmp_path: Path) -> None:
    model = Predictor.untrained(TINY)._model
    weights.save(model.state_dict(), tmp_path, {"name": "x", "version": "1", "licence": "-", "trained_steps": 1})
    with pytest.raises(WeightsProblem, match="another encoder"):
        Predictor.load(tmp_path, "cpu")


@pytest.fixture(scope="module")
def embedded() -> Predictor:
    return Predictor.load(paths.weights_dir() / "retina-s", "cpu")


def test_the_embedded_weights_are_trained_and_a_blank_frame_is_flat(embedded: Predictor) -> None:
    assert embedded.trained and embedded.fusion_trained and len(embedded.sha256) == 64
    seen = embedded.encode(np.full((512, 512, 3), 90, np.uint8))
    for text in (None, "haemorrhage?", "exudate?"):
        values = embedded.raw_map(seen, text)
        assert float(values.max() - values.min()) < 0.05
    assert max(float(one.max()) for one in embedded.lesion_maps(seen, WORDS).values()) < 0.5


@pytest.mark.parametrize("odd", [{"thresholds": {"drusen": "high"}}, {"thresholds": [0.5]},
                                 {"calibration": {"drusen": [1.0]}}, {"region_calibration": {"fluid": [1, 2, None]}},
                                 {"calibration": {"fluid": [float("nan"), 0.0]}}])
def test_an_odd_manifest_is_one_sentence(odd: dict[str, object]) -> None:
    manifest = weights.Manifest("retina-s", "0", "0" * 64, "none", 1, odd)
    with pytest.raises(WeightsProblem) as told:
        Predictor(build_retina(TINY), manifest, device.choose("cpu"))
    assert told.value.code == "weights-format"
