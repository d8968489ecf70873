"""Augmented captions never deny less or more, and never change a side; a mirror swaps sides, and twice is nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fineview.lab.captions import captioned
from fineview.lab.mirror import mirror_words
from fineview.lab.pair_augment import another_picture, mirrored
from fineview.lab.text_augment import TextAugmentation, back_translated, deleted, inserted, swapped, with_synonyms
from fineview.models.language.medical_words import groups, plain, synonyms

# What a reader takes each kind to be called, spelled out here and not read from the list.
KIND = {"haemorrhage": r"ha?emorrhages?|bleeds?", "hard": r"(hard|lipid) exudates?",
        "soft": r"soft exudates?|cotton[ -]wool spots?", "cyst": r"cysts?|cystoid spaces?", "drusen": r"druse|drusen",
        "disc": r"optic dis[ck]|optic nerve head|papilla"}
NOUN = {"haemorrhage": "haemorrhage", "hard": "hard exudate", "soft": "soft exudate", "cyst": "cyst",
        "drusen": "drusen", "disc": "optic disc"}
EYES = {"R": r"\b(right eye|OD|oculus dexter)\b", "L": r"\b(left eye|OS|oculus sinister)\b"}
PLACES = ("left of the fovea", "above and right of the fovea", "superotemporal to the fovea", "nasal to the fovea")

denial = st.sampled_from(sorted(NOUN)).map(lambda kind: f"no {NOUN[kind]}")
finding = st.tuples(st.sampled_from(["one", "two large", "three small"]), st.sampled_from(sorted(NOUN)),
                    st.sampled_from(PLACES)).map(lambda t: f"{t[0]} {NOUN[t[1]]} {t[2]}")
listed = st.lists(st.sampled_from(sorted(NOUN)), min_size=2, max_size=4, unique=True).map(
    lambda kinds: "without " + ", ".join(NOUN[kind] for kind in kinds[:-1]) + f" or {NOUN[kinds[-1]]}")
opener = st.sampled_from(["fundus photograph of the right eye", "oct scan of the left eye", "fundus photograph, OD"])
captions = st.tuples(opener, st.lists(st.one_of(denial, finding, listed), min_size=1, max_size=6)).map(
    lambda t: "; ".join([t[0], *t[1]]))
seeds = st.integers(0, 2**31)
OPERATIONS = (with_synonyms, inserted, swapped, deleted, lambda words, rng: TextAugmentation()(words, rng))


def said(words: str) -> set[tuple[str, bool, str]]:
    """(kind, denied, place) of every statement, read by plain rules."""
    found = set()
    for part in words.split(";"):
        denied = re.search(r"\b(no|without)\b", part) is not None
        place = " ".join(re.findall(r"\b(above|below|left|right|\w*-?nasal|\w*-?temporal|superior|inferior)\b",
                                    re.sub("|".join(EYES.values()), "", part)))
        place = re.sub(r"(super|infer)(ior |o-|o)(nasal|temporal)", r"\1o\3", place)
        found |= {(kind, denied, place) for kind, names in KIND.items() if re.search(rf"\b({names})\b", part)}
    return found


def eyes(words: str) -> list[str]:
    return sorted(side for side, names in EYES.items() for _ in re.findall(names, words))


@settings(max_examples=60, deadline=None)
@given(captions, seeds, st.integers(0, len(OPERATIONS) - 1))
def test_nothing_is_denied_or_asserted_that_was_not_before(words: str, seed: int, which: int) -> None:
    told = OPERATIONS[which](words, np.random.default_rng(seed))
    assert said(told) <= said(words), told
    assert eyes(told) == eyes(words), told
    if OPERATIONS[which] is not deleted and which != len(OPERATIONS) - 1:
        assert said(told) == said(words)


@settings(max_examples=60, deadline=None)
@given(captions)
def test_a_mirror_swaps_every_side_and_twice_is_the_same(words: str) -> None:
    other = mirror_words(words)
    assert mirror_words(other) == words
    assert eyes(other) == sorted({"R": "L", "L": "R"}[side] for side in eyes(words))
    assert other.count("left") == words.count("right")
    for kept in ("nasal", "temporal", "above", "below"):
        assert other.count(kept) == words.count(kept)
    assert {(kind, denied) for kind, denied, _ in said(other)} == {(kind, denied) for kind, denied, _ in said(words)}


@given(st.text(alphabet="lefrightLEFODSRK's o12 -_.9", max_size=60))
def test_twice_mirrored_is_the_same_for_any_text(words: str) -> None:
    assert mirror_words(mirror_words(words)) == words


@pytest.mark.parametrize("before, after", [
    ("Left eye, disc on the LEFT", "Right eye, disc on the RIGHT"), ("OD: nasal", "OS: nasal"), ("re-read", "re-read"),
    ("R eye, L-eye", "L eye, R-eye"), ("right-sided, leftmost", "left-sided, rightmost"),
    ("at 2 o'clock", "at 10 o'clock"),
    ("12 o'clock and 6 o'clock", "12 o'clock and 6 o'clock"), ("bright upright cleft", "bright upright cleft"),
    ("oculus dexter (RE)", "oculus sinister (LE)")])
def test_mirrored_by_hand(before: str, after: str) -> None:
    assert mirror_words(before) == after


def test_synonyms_of_an_eye_are_of_the_same_eye_and_mirror_into_the_other() -> None:
    for right in ("right eye", *synonyms("right eye")):
        assert re.search(EYES["R"], right)
        assert plain(mirror_words(right)) == "left eye"


def test_the_list_has_each_phrase_once_and_negations_stay_among_themselves() -> None:
    path = Path(__file__).parents[2] / "resources" / "words" / "synonyms.json"
    held = json.loads(path.read_text("utf-8"))["groups"]
    assert [list(group) for group in groups()] == held
    flat = [phrase.lower() for group in held for phrase in group]
    assert len(flat) == len(set(flat)) > 100
    assert set(synonyms("no")) == {"without"}
    assert synonyms("COTTON WOOL SPOT") == ("soft exudate", "cotton-wool spot")
    assert synonyms("lemon") == ()


def test_synonyms_spare_words_that_only_look_alike() -> None:
    rng = np.random.default_rng(0)
    for text in ("no-reflow", "cervical os", "od", "exudative", "nonhaemorrhagic"):
        assert with_synonyms(text, rng) == text


def test_back_translation_is_off_without_a_model_and_refuses_a_lie() -> None:
    words = "fundus photograph of the left eye; no haemorrhage; two soft exudates nasal to the fovea"
    assert "off" in TextAugmentation().note
    assert back_translated(words, None) == words
    good = words.replace("no haemorrhage", "without bleed").replace("two soft exudates", "two cotton wool spots")
    assert back_translated(words, lambda text: good) == good
    assert "on" in TextAugmentation(translate=lambda text: good).note
    for lie in (words.replace("no ", ""), words.replace("left", "right"), words.replace("nasal", "temporal"),
                words.replace("soft", "hard"), "", words + "; drusen; no cyst"):
        assert back_translated(words, lambda text, lie=lie: lie) == words


def test_a_mirrored_pair_is_mirrored_in_picture_words_masks_and_side() -> None:
    pair = captioned(2, (128, 128), "fundus")
    other = mirrored(pair)
    assert (other.rgb == np.fliplr(pair.rgb)).all()
    assert {pair.laterality, other.laterality} == {"L", "R"}
    for (phrase, _, mask), (before, _, mask_before) in zip(other.objects, pair.objects, strict=True):
        assert phrase in other.words
        assert phrase == before
        assert (mask == np.fliplr(mask_before)).all()
    disc = np.nonzero(next(mask for phrase, _, mask in other.objects if phrase == "optic disc"))[1].mean()
    assert ("disc on the right" in other.words) == (disc > 64)
    again = mirrored(other)
    assert (again.rgb == pair.rgb).all()
    assert (again.words, again.laterality, again.facts) == (pair.words, pair.laterality, pair.facts)


def test_another_picture_keeps_every_named_object_and_where_it_is() -> None:
    for seed in range(12):
        pair = captioned(seed, (128, 128))
        other = another_picture(pair, np.random.default_rng(seed))
        flipped = other.laterality != pair.laterality
        assert other.words == (mirror_words(pair.words) if flipped else pair.words)
        for (_, word, mask), (_, _, before) in zip(other.objects, pair.objects, strict=True):
            assert 0.6 * before.sum() - 3 <= mask.sum() <= 1.5 * before.sum() + 3, word
            was = before[:, ::-1] if flipped else before
            moved = np.argwhere(mask).mean(0) - np.argwhere(was).mean(0)
            assert np.abs(moved).max() < 0.18 * 128
    again = another_picture(pair, np.random.default_rng(11))
    assert (again.rgb == other.rgb).all()
