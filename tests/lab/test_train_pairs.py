"""Pictures with captions as batches: pure by number, truthful, and CLIP's loss where one text fits one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from fineview.core.labels import DOMAINS, WORDS
from fineview.lab.caption_facts import draw_facts
from fineview.lab.captions import captioned
from fineview.lab.pair_pool import FIRST_SEED, pooled_pair
from fineview.lab.train_losses import pair_loss
from fineview.lab.train_pairs import SCALE, OnPairs, PairBatch
from fineview.lab.train_sources import STATEMENTS, Draw, Where, pair_item, pairs, saying, statements
from fineview.models.language.words import START, encode
from fineview.models.vision.build import TINY, build_retina
from fineview.models.vision.two_towers import contrastive_loss


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


def test_the_pool_gives_back_what_was_painted(cache: Path) -> None:
    painted = captioned(FIRST_SEED + 4, (96, 96))
    for _ in range(2):  # painted, then read
        held = pooled_pair(4, 96, cache)
        assert np.array_equal(held.rgb, painted.rgb) and held.words == painted.words and held.facts == painted.facts
        assert all(one[:2] == two[:2] and np.array_equal(one[2], two[2])
                   for one, two in zip(held.objects, painted.objects, strict=True))


def test_an_item_depends_on_its_number_alone_and_marks_what_its_caption_names(cache: Path) -> None:
    items = [pair_item(number, 96, cache) for number in (5, 6, 5)]
    assert all(np.array_equal(items[0][name], items[2][name], equal_nan=True) for name in items[0])
    assert not np.array_equal(items[0]["rgb"], items[1]["rgb"])
    for item in items[:2]:
        named = {WORDS[k] for k in np.flatnonzero(item["target"].max((1, 2)))}
        assert named and item["weight"].min() > 0 and item["lines_known"] == 0
        assert DOMAINS[int(item["domain"])] in ("fundus", "oct")


def test_statements_are_read_one_by_one() -> None:
    ids, spoken = statements("fundus photograph of the left eye; no haemorrhage; optic disc on the left")
    assert ids.shape == (STATEMENTS, 16) and spoken.tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert tuple(ids[1]) == encode("no haemorrhage") and ids[3, 0] == START and not ids[3, 1:].any()


def test_two_captions_say_the_same_when_kinds_sizes_and_eye_are_equal() -> None:
    found: dict[int, set[object]] = {}
    for seed in range(24):
        pair, facts = captioned(seed, (96, 96)), draw_facts(seed)
        groups = frozenset((group.kind, group.large) for group in facts.groups)
        disc = any(word == "optic_disc" for _, word, _ in pair.objects)
        found.setdefault(saying(pair), set()).add((facts.modality, facts.side, groups, disc))
    assert all(len(said) == 1 for said in found.values()) and len(found) > 8


def test_the_loss_is_clips_where_each_text_fits_one_picture() -> None:
    texts, seen = torch.randn(6, 8), torch.randn(6, 8)
    told, looked = (functional.normalize(one - one.mean(0), dim=-1) for one in (texts, seen))
    expected = contrastive_loss(SCALE * told @ looked.T)
    assert torch.allclose(pair_loss(texts, seen, torch.eye(6, dtype=torch.bool), SCALE), expected, atol=1e-5)


def test_a_text_that_fits_two_pictures_is_not_punished_for_either() -> None:
    """Texts 0 and 1 are one text, and so are their pictures: the least loss is log 2 for each, by hand."""
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0]]) * 50
    same = torch.eye(4, dtype=torch.bool)
    same[:2, :2] = True
    rows = torch.tensor([np.log(2), np.log(2), 0.0, 0.0])
    assert float(pair_loss(vectors, vectors, same, 1000.0)) == pytest.approx(float(rows.mean()), abs=1e-3)


def test_the_stage_teaches_the_text_row_which_caption_belongs_to_which_picture(cache: Path) -> None:
    """Forty steps on one batch: the vectors the loss reads are the row's own keys and queries."""
    torch.manual_seed(0)
    (batch,) = pairs(Where(0, None, cache), Draw(0, 1, 8, 96))
    assert isinstance(batch, PairBatch)
    model, objective = build_retina(TINY), OnPairs()
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    drawn = objective.draw(batch, np.random.default_rng(0))
    costs = []
    for _ in range(40):
        cost = objective.losses(objective.said(model, batch, drawn), batch)["pair"]
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        costs.append(float(cost.detach()))
    assert costs[-1] < 0.5 * costs[0], costs
    assert model.row.query.weight.grad is not None and model.text.embed.weight.grad is not None
