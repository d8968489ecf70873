"""What questions ask for."""

from __future__ import annotations

import pytest

from fineview.services.wording import Intent, named_label, parse


@pytest.mark.parametrize(("text", "expected"), [
    ("what is this?", Intent("what")),
    ("What could it be", Intent("what")),
    ("Is there fluid here?", Intent("presence", "fluid")),
    ("any bleeding?", Intent("presence", "haemorrhage")),
    ("hemorrhage?", Intent("presence", "haemorrhage")),
    ("are there cotton wool spots", Intent("presence", "soft_exudate")),
    ("Is there a hard exudate?", Intent("presence", "hard_exudate")),
    ("is anything abnormal here?", Intent("presence", "lesion")),
    ("how large is it?", Intent("size")),
    ("How big is the haemorrhage?", Intent("size", "haemorrhage")),
    ("how thick is it", Intent("length")),
    ("is it brighter than around it?", Intent("brighter")),
    ("Is it darker than its surroundings?", Intent("darker")),
    ("how bright is it", Intent("brightness")),
    ("how far is it from the fovea?", Intent("distance", target="fovea")),
    ("How far from the optic disc?", Intent("distance", target="optic_disc")),
    ("how many microaneurysms are there?", Intent("count", "microaneurysm")),
    ("how many optic discs?", Intent("count", "optic_disc")),
    ("How many are there?", Intent("count", "lesion")),
    ("how many elephants?", Intent("unknown")),
    ("which eye is this?", Intent("side")),
    ("write me a poem", Intent("unknown")),
    ("", Intent("unknown")),
])
def test_intents(text: str, expected: Intent) -> None:
    assert parse(text) == expected


def test_the_longest_name_wins() -> None:
    assert named_label("is this a soft exudate?") == "soft_exudate"
    assert named_label("exudates") == "hard_exudate"
    assert named_label("discharge") is None
