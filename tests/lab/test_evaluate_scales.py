"""The pyramid by scale: exact grids, the probe against its closed form, small spots that only a fine level holds."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from fineview.core.evidence import TASK_SCALES
from fineview.lab import evaluate_scales as scales
from fineview.lab import level_probe
from fineview.lab.map_pictures import Known
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY

WORD = "haemorrhage"


@pytest.mark.parametrize(("height", "width"), [(768, 1536), (500, 333), (97, 640), (1500, 700)])
def test_grids_are_exactly_a_quarter_an_eighth_and_a_sixteenth(height: int, width: int) -> None:
    """Of the picture as the encoder saw it: canvas and scale by the rule of LLaVA-NeXT, worked here by hand."""
    canvases = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008), (672, 1008), (1008, 672)]
    fit = [(min(int(width * (scale := min(c / width, r / height))) * int(height * scale), width * height), -r * c)
           for r, c in canvases]
    rows, cols = canvases[max(range(len(fit)), key=lambda k: fit[k])]
    ratio = min(rows * 32 / 14 / height, cols * 32 / 14 / width)
    seen = round(height * ratio), round(width * ratio)
    engine = Predictor.untrained(TINY, seed=0)
    encoding = engine.encode(np.full((height, width, 3), 90, np.uint8))
    for scale, level in engine.pyramid(encoding).items():
        assert level.shape[0] <= 16
        assert level.shape[1:] == (math.ceil(seen[0] / scale), math.ceil(seen[1] / scale)), scale
        assert engine.strides_px(encoding)[f"mfp_{scale}"] == pytest.approx((scale * height / seen[0],
                                                                           scale * width / seen[1]))
    assert set(engine.pyramid(encoding)) == {4, 8, 16} == {one for found in TASK_SCALES.values() for one in found}


def test_shares_are_counted_pixels() -> None:
    mask = np.random.default_rng(0).random((23, 31)) < 0.3
    found = level_probe.shares(mask, (5, 7), (5.0, 4.5))
    for i in range(5):
        for j in range(7):
            rows, columns = slice(5 * i, min(5 * i + 5, 23)), slice(round(4.5 * j), min(round(4.5 * (j + 1)), 31))
            assert found[i, j] == pytest.approx(mask[rows, columns].mean())


def test_the_probe_is_weighted_ridge_regression() -> None:
    rng = np.random.default_rng(1)
    cells = [level_probe.Cells((rng.standard_normal((200, 4)) * (1, 9, 1, 3) + 5).astype(np.float32),
                               rng.random(200) < 0.2) for _ in range(6)]
    probe = level_probe.fit(cells)
    assert probe is not None
    x, y = np.concatenate([one.features for one in cells]), np.concatenate([one.covered for one in cells])
    z = (x - x.mean(0)) / (x.std(0) + 1e-6)
    weight = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())
    root = np.sqrt(weight)[:, None]
    # the same problem as least squares with an unpunished offset and the ridge as four more rows
    a = np.vstack([np.hstack([z, np.ones((len(z), 1))]) * root, np.hstack([np.eye(4) * probe.ridge**0.5,
                                                                         np.zeros((4, 1))])])
    b = np.concatenate([np.where(y, 1.0, -1.0) * root[:, 0], np.zeros(4)])
    by_hand = np.linalg.lstsq(a, b, rcond=None)[0]
    assert np.allclose(x @ probe.weights + probe.offset, z @ by_hand[:4] + by_hand[4], atol=1e-5)
    assert level_probe.fit([level_probe.Cells(cells[0].features, np.zeros(200, bool))]) is None


def test_cells_lie_where_they_are_drawn() -> None:
    cells = np.random.default_rng(2).random((6, 9)).astype(np.float32)
    drawn = scales.upsampled(cells, (8.0, 8.0), 1, (48, 72))
    middles = (drawn[3::8, 3::8] + drawn[4::8, 4::8] + drawn[3::8, 4::8] + drawn[4::8, 3::8]) / 4
    assert np.allclose(middles[1:-1, 1:-1], cells[1:-1, 1:-1], atol=0.15)
    flat = scales.upsampled(np.full((6, 9), 0.7, np.float32), (8.0, 8.0), 2, (24, 36))
    assert np.allclose(flat, 0.7, atol=1e-5), "the rim is held"


class Pooling:
    """An engine whose levels are the darkness of the picture, averaged over cells: a coarse one loses small spots."""

    def encode(self, rgb: np.ndarray, _: object) -> np.ndarray:
        return (130 - rgb[..., 1].astype(np.float32)) / 100

    def pyramid(self, dark: np.ndarray) -> dict[int, np.ndarray]:
        h, w = dark.shape
        return {k: dark.reshape(h // k, k, w // k, k).mean((1, 3))[None].astype(np.float16) for k in (4, 8, 16)}

    def strides_px(self, _: object) -> dict[str, tuple[float, float]]:
        return {f"mfp_{k}": (float(k), float(k)) for k in (4, 8, 16)}

    def raw_map(self, dark: np.ndarray, _: str) -> np.ndarray:
        return np.zeros_like(dark)

    def lesion_maps(self, dark: np.ndarray, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        return dict.fromkeys(words, np.zeros_like(dark))


def spotted(seed: int) -> Known:
    """Specks of 3 px and blots of 20 px under strong grain."""
    rng = np.random.default_rng(seed)
    rgb = np.clip(130 + 8 * rng.standard_normal((256, 384, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
    mask, boxes = np.zeros((256, 384), bool), []
    for number, place in enumerate(rng.permutation(96)[:9]):
        side = 20 if number < 4 else 3
        y, x = 32 * (place // 12) + 8, 32 * (place % 12) + 8
        mask[y:y + side, x:x + side] = True
        boxes.append((x, y, x + side, y + side))
    rgb[mask] = 60
    return Known(str(seed), rgb, np.ones(mask.shape, bool), {WORD: np.array(boxes, float)}, {WORD: mask})


def test_small_spots_are_found_at_a_quarter_and_lost_at_a_sixteenth() -> None:
    engine = Pooling()
    probes = scales.fit_probes(engine, (spotted(seed) for seed in range(6)), 0)  # type: ignore[arg-type]
    table = scales.score(engine, probes, (spotted(seed) for seed in range(20, 26)))  # type: ignore[arg-type]
    figures = {one.name: one for one in scales.figures_of(table, 0)}
    assert figures["small_f1_haemorrhage_1/4"].value > 0.9
    assert figures["small_f1_haemorrhage_1/16"].value < 0.5
    small = figures["small_recall_haemorrhage_1/4"]
    assert small.n == 30 and small.baselines == {"text row": 0.0, "lesion head": 0.0}
    assert figures["small_f1_haemorrhage_1/4"].about == {"task": "lesion", "scale": "1/4",
                                                         "measure": "small f1, haemorrhage"}


def test_a_picture_of_its_own_trains_and_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    from fineview.lab.evaluate import Request, run_evaluation
    from fineview.lab.map_pictures import phantom

    monkeypatch.setattr(phantom, "__defaults__", ((120, 180),))
    engine, told = Predictor.untrained(TINY, seed=0), []
    request = Request(SimpleNamespace(engine=lambda: engine), 1, lambda *step: told.append(step), steps=1)  # type: ignore[arg-type]
    found = run_evaluation("scales", request)
    assert found.data == "1 phantoms, seed 1; probes fitted on 1 other phantoms" and len(told) == 2
    assert {"f1_optic_disc_1/16", "f1_optic_disc_1/4"} <= {one.name for one in found.figures}
