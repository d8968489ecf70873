"""The seam test on tiny encoders: twin windows, the right patches, distances and grids by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from fineview.lab import evaluate_seams as seams
from fineview.lab.evaluate import Request
from fineview.lab.seam_scenes import CELL, Scene, _scene, scenes
from fineview.models.language.words import encode
from fineview.models.vision.build import TINY, build_encoder, build_retina
from fineview.models.vision.hybrid import HybridEncoder

TILE = 128


@pytest.fixture(scope="module")
def shown() -> list[Scene]:
    return list(scenes(6, TILE, 0, scans=1.0))


def encoder_of(gate: float) -> HybridEncoder:
    torch.manual_seed(3)
    encoder = build_encoder(TINY.encoder).eval().requires_grad_(False)
    for fusion in encoder.fusions:
        torch.nn.init.constant_(fusion.alpha, gate)
    return encoder


def quiet() -> Request:
    return Request(None, 0, lambda done, total, words: None)  # type: ignore[arg-type]


def test_both_windows_show_the_same_pixels_and_the_border_cuts_the_object_in_one_alone(shown: list[Scene]) -> None:
    assert len(shown) == 6
    for scene in shown:
        step = scene.moved * CELL
        for whole, cut in zip(scene.uncut, scene.cut, strict=True):
            axis = 1 if whole.shape[-1] == 3 else 2
            after = np.take(whole, range(step, 2 * TILE), axis)
            assert np.array_equal(after, np.take(cut, range(2 * TILE - step), axis))
        columns = np.flatnonzero(scene.cells.any(0))
        border = TILE // CELL
        assert columns.min() < border <= columns.max(), "cut by the border"
        assert border <= columns.min() + scene.moved and columns.max() + scene.moved < 2 * border, "whole in a tile"
        assert 2 * scene.moved != border


def test_equal_seeds_give_equal_scenes(shown: list[Scene]) -> None:
    again = list(scenes(6, TILE, 0, scans=1.0))
    assert all(np.array_equal(one.cut[0], other.cut[0]) and one.moved == other.moved
               for one, other in zip(shown, again, strict=True))


def test_an_encoder_that_looks_at_each_patch_alone_has_no_seam(shown: list[Scene]) -> None:
    def alone(fine: Tensor, extra: Tensor) -> Tensor:
        return torch.cat([torch.nn.functional.avg_pool2d(part, CELL) for part in (fine, extra)], 1) + 0.1

    def by_column(fine: Tensor, extra: Tensor) -> Tensor:
        seen = alone(fine, extra)
        seen[:, 0] += 3.0 * (torch.arange(seen.shape[-1]) >= TILE // CELL)
        return seen

    judges = {"alone": lambda tokens, word: True, "by column": lambda tokens, word: bool((tokens[:, 0] > 3).all())}
    found = seams.measured({"alone": alone, "by column": by_column}, judges, shown, quiet(), 0.0)
    assert np.abs(found["alone"]).max() < 1e-6 and found["by column"].min() > 1e-3
    # the second tile alone is bright: an uncut object lies in it whole, a cut one does not
    assert found["by column:uncut"].all() and not found["by column:cut"].any()


def test_closed_is_the_encoder_at_alpha_zero_bit_for_bit() -> None:
    fine, extra = torch.rand(1, 3, TILE, 2 * TILE), torch.rand(1, 2, TILE, 2 * TILE)
    with torch.inference_mode():
        assert torch.equal(seams.fused(encoder_of(0.0))(fine, extra), seams.closed(encoder_of(0.7))(fine, extra))
        assert not torch.equal(seams.fused(encoder_of(0.7))(fine, extra), seams.closed(encoder_of(0.7))(fine, extra))


def test_the_second_grid_takes_each_token_from_where_it_lies_deeper() -> None:
    """A look that answers the column within the tile: borders 0 and 3 of four are replaced, 1 and 2 are kept."""
    def inside(fine: Tensor, extra: Tensor) -> Tensor:
        side = fine.shape[-2] // CELL
        return (torch.arange(fine.shape[-1] // CELL) % side).float().expand(1, 1, side, -1)

    fine, extra = torch.zeros(1, 3, TILE, 2 * TILE), torch.zeros(1, 2, TILE, 2 * TILE)
    assert seams.second_grid(inside)(fine, extra)[0, 0, 0].tolist() == [2, 1, 2, 1, 2, 1, 2, 1]


def test_spread_by_hand() -> None:
    """Three directions at right angles: every pair is 1 apart; two equal ones of three: (0 + 1 + 1) / 3."""
    assert seams.spread(torch.eye(3)) == pytest.approx(1.0)
    assert seams.spread(torch.tensor([[1.0, 0], [2.0, 0], [0, 1.0]])) == pytest.approx(2 / 3)


def test_the_figures_compare_fusion_with_each_rival(shown: list[Scene]) -> None:
    encoder = encoder_of(0.6)
    looks = {"fusion": seams.fused(encoder), "closed-gates": seams.closed(encoder),
             "second-grid": seams.second_grid(seams.closed(encoder))}
    words = []
    judges = {"fusion": lambda tokens, word: True, "closed-gates": lambda tokens, word: words.append(word) or False,
              "second-grid": lambda tokens, word: len(words) % 2 == 0}
    table = seams.measured(looks, judges, shown, quiet(), 0.0)
    found = {figure.name: figure for figure in seams._figures("tiny", table, 0)}
    assert len(found) == 19 and all(one.n == 6 and one.interval is not None for one in found.values())
    assert words == [scene.word for scene in shown for _ in range(2)]
    loss = found["tiny.recall-loss.fusion"]
    assert (found["tiny.recall-uncut.fusion"].value, loss.value, loss.met) == (1.0, 0.0, True)
    assert found["tiny.recall-cut.closed-gates"].value == 0.0
    gain = found["tiny.relative.closed-gates-minus-fusion"]
    assert gain.value == pytest.approx(
        float(np.mean(table["closed-gates:relative"]) - np.mean(table["fusion:relative"])))


def test_found_is_more_attention_to_a_patch_than_to_the_sink() -> None:
    """The other route: the rows of the text row itself, normalised over all patches and the sink."""
    torch.manual_seed(1)
    model = build_retina(TINY).eval().requires_grad_(False)
    finds = seams.finder(model)
    query = model.text(torch.tensor([encode("hard exudate")]))
    answers = set()
    for scale in (0.5, 2.0, 8.0, 20.0):
        for _ in range(6):
            tokens = scale * torch.randn(1, TINY.encoder.vit_width)
            _, rows = model.row.attend(query, tokens[None])
            assert finds(tokens, "hard_exudate") == bool((rows[0, 0, :-1] > rows[0, 0, -1]).any())
            answers.add(finds(tokens, "hard_exudate"))
    assert answers == {True, False}


@pytest.mark.parametrize("width", [12, 60, 95])
def test_a_wide_object_on_small_tiles_stays_in_both_windows(width: int) -> None:
    rgb, extra = np.zeros((400, 700, 3), np.uint8), np.zeros((2, 400, 700), np.float16)
    box = (slice(180, 200), slice(300, 300 + width), np.ones((20, width), bool), "haemorrhage")
    for seed in range(40):
        scene = _scene(rgb, extra, box, 192, np.random.default_rng(seed), "fundus")
        columns = np.nonzero(scene.cells)[1]
        assert scene.moved in (2, 4) and columns.max() + scene.moved < 12 and columns.min() <= 6 <= columns.max() + 1
