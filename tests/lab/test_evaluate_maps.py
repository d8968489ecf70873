"""Scoring of heat maps, on drawn truth: an oracle, noise, and a model whose evidence is known by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import WrongWords
from fineview.core.evidence import Method
from fineview.core.labels import label_for
from fineview.lab import map_scores
from fineview.lab.evaluate import Request, chosen, run_evaluation
from fineview.lab.evaluate_maps import Board, figures_of, score_picture
from fineview.lab.map_faith import evidence, faith_scores, fullest
from fineview.lab.map_makers import METHODS, Maker
from fineview.lab.map_pictures import Known, phantom, pictures
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY

LABEL = label_for("haemorrhage")


def known(seed: int, height: int = 256, width: int = 384) -> Known:
    """Four dark squares on noise."""
    rng = np.random.default_rng(seed)
    rgb = np.clip(130 + 6 * rng.standard_normal((height, width, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    boxes = []
    for x, y in rng.integers(2, 10, (4, 2)) * (32, 20):
        mask[y:y + 14, x:x + 14] = True
        boxes.append((x, y, x + 14, y + 14))
    rgb[mask] = 30
    return Known(f"eye {seed}", rgb, np.ones(mask.shape, bool), {"haemorrhage": np.array(boxes, float)},
                 {"haemorrhage": mask})


def board_of(maps: dict[str, Any], count: int = 6) -> Board:
    boards: dict[str, Board] = {}
    for seed in range(count):
        score_picture(boards, known(seed), (LABEL,),
                      lambda one, label: ((name, make(one)) for name, make in maps.items()))
    return boards["haemorrhage"]


def oracle(one: Known) -> np.ndarray:
    return one.masks["haemorrhage"].astype(np.float32)


def noise(one: Known) -> np.ndarray:
    return np.random.default_rng(int(one.rgb.astype(int).sum())).random(one.view.shape, np.float32)


def test_an_oracle_scores_one_and_noise_its_share_of_the_area() -> None:
    board = board_of({"raw": noise, "dar": oracle, "random": noise})
    found = {figure.name: figure for figure in figures_of("haemorrhage", board, ("raw", "dar"), 0)}
    for kind in ("f1", "pointing", "energy"):
        assert found[f"{kind}_haemorrhage_dar"].value == pytest.approx(1.0)
    share = float(np.mean([known(seed).masks["haemorrhage"].mean() for seed in range(6)]))
    assert found["energy_haemorrhage_raw"].value == pytest.approx(share, rel=0.1)
    assert found["energy_haemorrhage_dar"].baselines["random"] == found["energy_haemorrhage_raw"].value
    gain = found["f1_gain_haemorrhage_dar"]
    assert gain.value == pytest.approx(1.0 - found["f1_haemorrhage_raw"].value)
    assert gain.goal == 0.13 and gain.met is True and gain.interval is not None
    assert gain.interval[0] <= gain.value <= gain.interval[1]


def test_energy_by_hand() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    view, mask = np.array([[1, 1], [1, 0]], bool), np.array([[0, 1], [0, 1]], bool)
    assert map_scores.energy(values, view, mask) == pytest.approx(2 / 6)
    assert map_scores.energy(values, view, np.zeros((2, 2), bool)) is None
    assert map_scores.energy(np.zeros((2, 2)), view, mask) is None


def test_the_area_is_numpys() -> None:
    shares, scores = map_scores.fractions(7), np.random.default_rng(0).random(8)
    assert map_scores.area(scores, shares) == pytest.approx(float(np.trapezoid(scores, shares)))
    assert (shares[0], shares[-1]) == (0.0, 1.0) and np.all(np.diff(shares, 2) > 0)


def test_cells_go_in_the_order_of_the_map_and_ties_are_drawn() -> None:
    values = np.zeros((64, 96), np.float32)
    values[32:, 64:] = 1.0
    place = map_scores.ranks(values, 0)
    assert place.shape == (2, 3) and place[1, 2] == 0 and sorted(place.ravel()) == list(range(6))
    assert not np.array_equal(place, map_scores.ranks(values, 1)), "cells of equal worth have no order of their own"
    first = map_scores.covered(place, 1 / 6, (64, 96))
    assert np.array_equal(first, values > 0)


def test_deletion_and_insertion_know_what_a_model_uses() -> None:
    """The model here sees dark pixels alone, so the right map is known and so are its areas."""
    rgb = np.full((128, 192, 3), 200, np.uint8)
    rgb[32:64, 32:64] = 0  # one of the 24 cells
    dark = (rgb[..., 0] < 100).astype(np.float32)

    def score(picture: np.ndarray) -> float:
        return float((picture[..., 0] < 100).sum()) / 1024

    steps = 8
    found = map_scores.deletion_insertion(rgb, {"right": dark, "wrong": 1 - dark}, score, steps=steps)
    shares = map_scores.fractions(steps)
    gone = np.round(shares * 24) >= 1  # from which step on the one dark cell is gone, or back
    left = np.where(gone, 0.0, 1.0)
    soft = score(map_scores.blurred(rgb))
    brought = np.where(gone, 1.0, soft)
    assert found["right"][0] == pytest.approx(float(np.trapezoid(left, shares)))
    assert found["right"][1] == pytest.approx(float(np.trapezoid(brought, shares)))
    assert found["right"][0] < found["wrong"][0] and found["right"][1] > found["wrong"][1]
    assert found["right"][0] < found["right"][1]


def test_every_method_is_made_the_way_the_app_makes_it() -> None:
    engine = Predictor.untrained(TINY, seed=2)
    rgb = known(3, 128, 200).rgb
    maker = Maker(engine, rgb)
    found = dict(maker.maps("haemorrhage", "haemorrhage", tuple(m for m in METHODS if "grad" not in m)))
    raw = engine.raw_map(engine.encode(rgb), "haemorrhage")
    assert np.array_equal(found["raw"], raw)
    grey = rgb[:, :, 1].astype(float)
    wide = np.pad(grey, 1, mode="reflect")
    edge = np.abs(wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * grey)
    inside = edge > np.percentile(edge[4:-4, 4:-4], 95)
    raised = found["dar-document"] > raw + 1e-7
    assert (raised & ~inside).mean() < 0.01 and (raised & inside).sum() > 0.5 * inside.sum()
    for name, values in {**found, **dict(maker.controls("haemorrhage"))}.items():
        assert values.shape == rgb.shape[:2] and values.dtype == np.float32, name
        assert values.min() >= 0 and values.max() <= 1, name
    assert Method.DAR_INLINE in found and not np.array_equal(found["dar-inline"], raw)


def test_the_fullest_pictures_are_judged_at_the_encoders_scale() -> None:
    few, many = known(1), known(2, 300, 4608)
    few = Known("few", few.rgb, few.view, {"haemorrhage": few.boxes["haemorrhage"][:1]}, {})
    wide, same = fullest([few, many], "haemorrhage", 3)
    assert wide.shape == (150, 2304, 3) and same is few.rgb
    assert np.abs(wide.astype(int) - many.rgb.reshape(150, 2, 2304, 2, 3).mean((1, 3))).max() <= 1
    assert fullest([few, many], "drusen", 3) == []


class Dark:
    """An engine whose evidence is darkness itself, or, ``blind``, the same everywhere."""

    methods = (Method.RAW,)

    def __init__(self, blind: bool = False) -> None:
        self._blind = blind

    def encode(self, rgb: np.ndarray, _: object) -> np.ndarray:
        return np.full(rgb.shape[:2], 0.2, np.float32) if self._blind else (255 - rgb[..., 1]).astype(np.float32) / 255

    def raw_map(self, encoding: np.ndarray, _: str) -> np.ndarray:
        return encoding

    def strides_px(self, _: object) -> dict[str, tuple[float, float]]:
        return {"raw": (32.0, 32.0)}


def test_deletion_and_insertion_become_figures_with_their_controls() -> None:
    one = known(4)
    made = {figure.name: figure for figure in faith_scores(
        Dark(), Dark(blind=True), [one], (LABEL,), ("raw", "lesion-head"), 1, 0, lambda *_: None)}  # type: ignore[arg-type]
    assert set(made) == {"deletion_haemorrhage_raw", "insertion_haemorrhage_raw"}, "one picture, judged methods alone"
    deletion, insertion = made["deletion_haemorrhage_raw"], made["insertion_haemorrhage_raw"]
    assert set(deletion.baselines) == {"random", "centre prior", "edges", "untrained weights"}
    assert deletion.value is not None and insertion.value is not None
    for name in ("random", "centre prior", "untrained weights"):
        assert deletion.value < (deletion.baselines[name] or 0) and insertion.value > (insertion.baselines[name] or 1)
    flat = (255 - one.rgb[::8, ::8, 1].astype(float)).ravel() / 255
    assert evidence(Dark(), one.rgb, "haemorrhage") == pytest.approx(np.sort(flat)[-(flat.size // 100):].mean())  # type: ignore[arg-type]


def test_phantoms_are_scored_where_no_photographs_are_given() -> None:
    request = Request(SimpleNamespace(), 3, lambda *_: None)  # type: ignore[arg-type]
    with pictures(request, phantoms=4) as found:
        assert (found.words, found.count) == ("4 phantoms, seed 3", 4)
    drawn = phantom(5, (200, 300))
    for word, boxes in drawn.boxes.items():
        covered = map_scores.boxes_mask(boxes, drawn.view.shape)
        assert covered[drawn.masks[word]].all(), word
    with pytest.raises(WrongWords, match="belong together"), \
            pictures(Request(SimpleNamespace(), 0, lambda *_: None, images=object())):  # type: ignore[arg-type]
        pass


def test_only_takes_methods_and_structures_and_refuses_the_rest() -> None:
    words = ("haemorrhage", "optic_disc")
    assert chosen(("raw", "dar"), METHODS, words) == ("raw", "dar") and chosen(("raw",), words, METHODS) == words
    assert chosen((), METHODS) == METHODS
    with pytest.raises(WrongWords, match="--only nonsense names nothing"):
        run_evaluation("maps", Request(SimpleNamespace(), 0, lambda *_: None, only=("nonsense",)))  # type: ignore[arg-type]
