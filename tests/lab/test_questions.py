"""Questions as data: the grammar, the paraphrases kept apart from it, and pairs whose truth is worked out again."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from fineview.core.intent import KINDS, TOPICS, Intent
from fineview.core.labels import WORDS
from fineview.lab.question_grammar import (
    Grammar,
    Template,
    plain,
    read_grammar,
    read_paraphrases,
    read_rehearsal,
    read_written,
)
from fineview.lab.question_noise import typed
from fineview.lab.question_pairs import Asking, Pair
from fineview.lab.question_regions import beside_the_retina, overlaps
from fineview.lab.question_scenes import Scene, fundus_scene, oct_scene


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return read_grammar()


def test_no_template_gives_a_paraphrase(grammar: Grammar) -> None:
    apart = read_paraphrases()
    assert len(apart) >= 300 and len({plain(one.text) for one in apart}) == len(apart)
    assert not [one.text for one in apart if grammar.can_say(one.text)]


def test_the_rehearsal_is_not_what_templates_give(grammar: Grammar) -> None:
    rehearsal = read_rehearsal()
    assert len(rehearsal) >= 300 and not [one.text for one in rehearsal if grammar.can_say(one.text)]


def test_nothing_written_by_hand_is_like_what_is_kept_apart() -> None:
    apart = [set(re.findall("[a-z0-9]+", one.text.lower())) for one in read_paraphrases()]
    for one in read_rehearsal() + read_written():
        words = set(re.findall("[a-z0-9]+", one.text.lower()))
        assert max(len(words & other) / len(words | other) for other in apart) < 0.7, one.text


def test_the_watch_sees_slots_inside_alternatives() -> None:
    small = Grammar((Template("count", None, "count (the {L}|them) {here}"),), {"here": ("there",)},
                    {"drusen": (("druse",), ("drusen",))})
    assert small.can_say("count the drusen there") and small.can_say("Count them there!")
    assert not small.can_say("count the L there")


def test_the_watch_would_notice(grammar: Grammar) -> None:
    rng = np.random.default_rng(0)
    for template in rng.choice(np.array(grammar.templates, object), 60):
        text, _ = grammar.draw(template, rng)
        assert grammar.can_say(text.upper() + " ?!"), text


def test_paraphrases_cover_every_kind_label_and_topic() -> None:
    apart = read_paraphrases()
    assert {one.intent.asked for one in apart} == set(KINDS) - {"unknown"}
    assert {one.intent.topic for one in apart} >= set(TOPICS)
    assert {one.intent.label for one in apart if one.intent.asked == "presence"} == {"lesion", *WORDS}


def test_a_drawn_question_means_what_its_heading_says() -> None:
    small = Grammar((Template("count", None, "how (many|few) {L} {here}"),), {"here": ("there",)},
                    {"drusen": (("druse",), ("drusen",))})
    text, intent = small.draw(small.templates[0], np.random.default_rng(1))
    assert text in ("how many drusen there", "how few drusen there") and intent == Intent("count", "drusen")
    assert small.can_say("How MANY drusen there?") and not small.can_say("how many druse there")


def test_typing_is_reproducible_and_sometimes_slips() -> None:
    made = [typed("is there a haemorrhage here", np.random.default_rng(seed)) for seed in range(200)]
    assert made == [typed("is there a haemorrhage here", np.random.default_rng(seed)) for seed in range(200)]
    assert len(set(made)) > 60 and sum("is there a haemorrhage here" in one.lower() for one in made) > 60


@pytest.fixture(scope="module")
def asked(grammar: Grammar) -> dict[str, tuple[Scene, list[Pair]]]:
    sick = next(scene for scene in map(oct_scene, range(50)) if sum(map(len, scene.boxes.values())) > 3)
    scenes = {"photograph": fundus_scene(6, (320, 480)), "scan": sick}
    return {name: (scene, list(Asking(grammar, scene, 3).pairs())) for name, scene in scenes.items()}


def test_pairs_are_the_same_for_the_same_seed(grammar: Grammar, asked: dict[str, tuple[Scene, list[Pair]]]) -> None:
    for scene, pairs in asked.values():
        assert pairs == list(Asking(grammar, scene, 3).pairs()) != list(Asking(grammar, scene, 4).pairs())


def test_presence_is_balanced_and_true_to_the_mask(asked: dict[str, tuple[Scene, list[Pair]]]) -> None:
    for scene, pairs in asked.values():
        told = [pair for pair in pairs if pair.intent.asked == "presence"]
        assert told and Counter(pair.answer for pair in told)["yes"] * 2 == len(told)
        for pair in told:
            box, mask = pair.box, scene.masks[str(pair.intent.label)]
            assert box is not None
            held = mask[int(box.y): int(np.ceil(box.y + box.h)), int(box.x): int(np.ceil(box.x + box.w))].any()
            assert held == (pair.answer == "yes")


def test_every_kind_has_pairs(asked: dict[str, tuple[Scene, list[Pair]]]) -> None:
    kinds = {pair.intent.asked for _, pairs in asked.values() for pair in pairs}
    assert kinds >= {"presence", "what", "size", "length", "brightness", "distance", "where", "cut", "count", "compare",
                     "outside"}
    assert any(pair.keeps for _, pairs in asked.values() for pair in pairs)
    zones = {pair.answer for pair in asked["scan"][1] if pair.intent.target == "layer"}
    assert zones and zones <= {"vitreous", "retina", "sub-RPE", "choroid"}


def test_regions_beside_the_retina_touch_nothing_of_it() -> None:
    scene = fundus_scene(6, (320, 480))
    boxes = list(beside_the_retina(scene, np.random.default_rng(0), 8))
    assert boxes
    for box in boxes:
        assert not scene.view[int(box.y): int(box.y + box.h) + 1, int(box.x): int(box.x + box.w) + 1].any()


def test_overlap_counts_shared_pixels_only() -> None:
    from fineview.core.geometry import Box

    boxes = np.array([[0, 0, 10, 10], [10, 0, 20, 10], [12, 2, 14, 4]], float)
    assert overlaps(Box(10, 0, 5, 5), boxes).tolist() == [False, True, True]
