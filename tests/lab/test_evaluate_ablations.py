"""The ablations on a tiny budget: every row differs from the full one in one thing, and boxes are what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import WrongWords
from fineview.core.labels import WORDS
from fineview.lab import evaluate_ablations
from fineview.lab.boxed_photographs import loose_boxes, open_boxed
from fineview.lab.evaluate import Request
from fineview.lab.evaluate_ablations import FULL, ROWS, variants
from fineview.lab.evaluate_fusion import VARIANTS
from fineview.lab.phantom_fundus import fundus
from fineview.lab.real_fundus import MASK_CODES, open_cached, photographs
from fineview.lab.small_crops import MIX, CropPlan, training_crops
from fineview.models.vision.build import TINY, build_encoder

SMALLEST = {FULL: TINY, "unfused": TINY.with_encoder(kind="unfused")}


def request(data: Path | None = None, only: tuple[str, ...] = ()) -> Request:
    return Request(None, 0, lambda done, total, words: None, steps=2, only=only, data=data)  # type: ignore[arg-type]


def test_each_row_leaves_out_one_thing(tmp_path: Path) -> None:
    plan = CropPlan(tmp_path, tmp_path)
    configs, plans = variants(VARIANTS, plan)
    assert tuple(configs) == ROWS
    assert configs["unfused"].encoder.kind == "unfused" and plans["unfused"] == plan
    assert build_encoder(configs["no-top-hat"].encoder).extra_channels == 0 and plans["no-top-hat"] == plan
    assert configs["no-phantoms"] == configs["no-masks"] == VARIANTS[FULL]
    assert plans["no-phantoms"].mix == {"real": MIX["real"]} and not plans["no-masks"].masks
    marks = [plans[name].mark for name in ROWS]
    assert marks[:2] == ["", ""] and len({marks[0], *marks[2:4]}) == 3, "crops drawn otherwise lie elsewhere"


def test_the_table_without_photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = CropPlan(tmp_path, None, train=8, size_px=64, fundus=0, bscans=4, mix={"other": 1.0})
    monkeypatch.setattr(evaluate_ablations, "plan_of", lambda request: plan)
    monkeypatch.setattr(evaluate_ablations, "VARIANTS", SMALLEST)
    done = evaluate_ablations.run(request())
    found = {figure.name: figure for figure in done.figures}
    scored = {name.rpartition(".")[2] for name in found if name.startswith("phantoms.dense_f1")}
    assert scored == {FULL, "unfused", "no-top-hat"}
    assert {"phantoms.dense_ap.concat-deep-minus-no-top-hat", "phantoms.tokens_ap.concat-deep-minus-unfused"} <= set(
        found)
    assert all(figure.n == 3 for name, figure in found.items() if name.startswith("phantoms"))
    assert found["parameters.no-top-hat"].value < found[f"parameters.{FULL}"].value  # type: ignore[operator]
    assert "without photographs no rows no-phantoms and no-masks" in done.data
    with pytest.raises(WrongWords, match="--data"):
        evaluate_ablations.run(request(only=("no-masks",)))


def test_boxes_lie_loosely_around_what_is_drawn() -> None:
    """Two dots 16 px apart share a box, one 200 px away has its own; the disc's box is its extent."""
    hit = np.zeros((400, 800), np.uint8)
    red, disc = np.uint8(1 << WORDS.index("microaneurysm")), np.uint8(1 << WORDS.index("optic_disc"))
    for x in (80, 96, 400):
        hit[160:168, x:x + 8] |= red
    hit[200:280, 600:680] |= disc
    hit[0:8, 0:8] |= np.uint8(1 << WORDS.index("soft_exudate"))
    boxes = sorted((number, *(round(value, 6) for value in box)) for number, *box in loose_boxes(hit))
    pixels = [(number, (cx - w / 2) * 800, (cy - h / 2) * 400, w * 800, h * 400) for number, cx, cy, w, h in boxes]
    assert np.allclose(pixels, [(0, 600, 200, 80, 80), (2, 56, 136, 72, 56), (2, 376, 136, 56, 56)], atol=1e-3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs with masks that holds two small phantoms."""
    folder = tmp_path_factory.mktemp("data")
    photos = folder / "E_retina" / "fundus_idrid_masks"
    photos.mkdir(parents=True)
    for seed in (3, 4):
        made = fundus(seed, (400, 600), lesions=True)
        Image.fromarray(made.rgb).save(photos / f"photo{seed}.jpg", quality=95)
        for code, word in MASK_CODES.items():
            Image.fromarray(made.masks[word].astype(np.uint8) * 255).save(photos / f"photo{seed}_{code}.png")
    return folder


def test_a_boxed_photograph_knows_less_than_its_masks(data: Path, tmp_path: Path) -> None:
    bits = {word: np.uint8(1 << number) for number, word in enumerate(WORDS)}
    for photo in photographs(data):
        drawn, boxed = open_cached(photo, tmp_path), open_boxed(photo, tmp_path)
        assert np.array_equal(drawn.rgb, boxed.rgb) and boxed.negative < drawn.negative == 1.0
        assert "microaneurysm" in drawn.spots and "microaneurysm" not in boxed.spots
        assert not (np.asarray(boxed.hit) & bits["microaneurysm"]).any()
        for word in ("hard_exudate", "haemorrhage"):
            unknown = (np.asarray(boxed.known) & bits[word]) == 0
            marked = (np.asarray(boxed.hit) & bits[word]) > 0
            inside = (np.asarray(drawn.hit) & bits[word]) > 0
            assert inside.any() and (marked | unknown)[inside].mean() > 0.95, "what is drawn lies in boxes"


def test_crops_without_masks_know_less(data: Path, tmp_path: Path) -> None:
    plan = CropPlan(tmp_path, data, train=3, size_px=64, mix={"real": 1.0})
    masked, boxed = (training_crops(one, 0) for one in (plan, replace(plan, masks=False)))
    assert masked.weight.sum(dtype=float) > boxed.weight.sum(dtype=float)
