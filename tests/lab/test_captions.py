"""Captions: what the words say is what the masks show, and each caption is right for its own picture alone."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

import numpy as np
import pytest

from fineview.imaging.filters import components
from fineview.lab.caption_facts import draw_facts
from fineview.lab.captions import Captioned, captioned, distinct_seeds, told

SMALL = (128, 128)
COUNTS = {"one": 1, "two": 2, "three": 3}


@lru_cache
def pair(seed: int, side: int = 384) -> Captioned:
    return captioned(seed, (side, side))


def test_equal_seeds_give_equal_pairs_and_others_do_not() -> None:
    first, again = captioned(3, SMALL), captioned(3, SMALL)
    assert first.words == again.words
    assert (first.rgb == again.rgb).all()
    assert first.rgb.shape == (*SMALL, 3)
    assert first.rgb.dtype == np.uint8
    assert (captioned(4, SMALL).rgb != first.rgb).any()


def statements(words: str) -> frozenset[tuple[str, ...]]:
    """What a caption says, whatever the order of its statements, with sides spelled as places of the eye."""
    right = "of the right eye" in words
    found = set()
    for part in words.split("; "):
        if "eye" not in part:
            part = re.sub(r"(above|below) and (left|right) of the fovea", lambda m: (
                {"above": "supero", "below": "infero"}[m[1]]
                + ("nasal" if (m[2] == "right") == right else "temporal") + " to the fovea"), part)
            part = re.sub(r"(left|right) of the fovea", lambda m: (
                ("nasal" if (m[1] == "right") == right else "temporal") + " to the fovea"), part)
        found.add((part,))
    return frozenset(found)


def test_64_captions_are_distinct_and_each_is_wrong_for_every_other_picture() -> None:
    seeds = list(islice(distinct_seeds(0, SMALL), 64))
    drawn = [draw_facts(seed) for seed in seeds]
    words = [told(facts, facts.modality == "fundus", np.random.default_rng([seed, 44]))[0]
             for seed, facts in zip(seeds, drawn, strict=True)]
    assert words[:3] == [captioned(seed, SMALL).words for seed in seeds[:3]]
    said = [statements(one) for one in words]
    assert len(set(said)) == 64
    # complete captions: none says less than another, which would make it right for both
    assert not any(a < b for a in said for b in said)


@pytest.mark.parametrize("seed", range(24))
def test_counts_of_the_words_are_counts_of_the_mask(seed: int) -> None:
    one = pair(seed)
    for phrase, word, mask in one.objects:
        assert phrase in one.words
        assert mask.any(), phrase
        if word in ("haemorrhage", "soft_exudate", "drusen", "fluid"):  # exudate clusters are many spots each
            assert components(mask)[0] - 1 == COUNTS[phrase.split()[0]], one.words


@pytest.mark.parametrize("seed", range(24))
def test_places_of_the_words_are_places_of_the_mask(seed: int) -> None:
    one = pair(seed)
    masks = {phrase: mask for phrase, _, mask in one.objects}
    right_eye = "right eye" in one.words
    assert one.laterality == ("R" if right_eye else "L")
    if "optic disc" in masks:
        columns = np.nonzero(masks["optic disc"])[1]
        assert (columns.mean() > 192) == right_eye
        for phrase, _, mask in one.objects:
            if phrase == "optic disc":
                continue
            said = one.words.split(phrase)[1].split(";")[0]
            rows, columns_here = np.nonzero(mask)
            disc_rows = np.nonzero(masks["optic disc"])[0]
            # the disc lies within a twentieth of the field above or below the fovea's height
            above = rows.mean() < disc_rows.mean() + 0.05 * 384
            if re.search("above|supero", said):
                assert above, one.words
            else:
                assert rows.mean() > disc_rows.mean() - 0.06 * 384, one.words
            if re.search("temporal", said):  # everything temporal lies on the far side of the fovea from the disc
                assert abs(columns_here - columns.mean()).min() > 0.2 * 384


def test_large_things_are_larger_than_small_ones() -> None:
    area: dict[tuple[str, str], list[float]] = {}
    for seed in range(24):
        for phrase, word, mask in pair(seed).objects:
            if match := re.match("(one|two|three) (small|large)", phrase):
                area.setdefault((word, match[2]), []).append(mask.sum() / COUNTS[match[1]])
    for word in ("haemorrhage", "hard_exudate", "soft_exudate", "fluid", "drusen"):
        assert min(area[word, "large"]) > max(area[word, "small"]), word


def test_what_is_said_to_be_absent_is_not_there() -> None:
    for seed in range(24):
        one = pair(seed)
        present = {word for _, word, _ in one.objects}
        for noun, word in (("haemorrhage", "haemorrhage"), ("hard exudate", "hard_exudate"), ("drusen", "drusen"),
                           ("soft exudate", "soft_exudate"), ("cyst", "fluid")):
            if f"no {noun}" in one.words:
                assert word not in present
        assert "; no " in one.words or len(present - {"optic_disc"}) == len(
            {"fundus": range(3), "oct": range(2)}[one.facts.modality])


def test_fine_lesions_are_named_only_where_a_picture_can_show_them() -> None:
    kinds = {group.kind for seed in range(60) for group in draw_facts(seed).groups}
    finer = {group.kind for seed in range(60) for group in draw_facts(seed, fine=True).groups}
    assert finer - kinds == {"microaneurysm", "hyperreflective_focus"}
    one = captioned(0, (512, 768))
    assert any(word == "microaneurysm" for _, word, _ in one.objects)


def test_exactly_one_kind_of_lesion_where_asked() -> None:
    for seed in range(20):
        assert len(draw_facts(seed, kinds=1).groups) == 1
    assert draw_facts(5, modality="oct").modality == "oct"
