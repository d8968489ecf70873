"""Whose verdict it is: log odds added by hand, and all the ways in which the decoder is not asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fineview.core.evidence import ModelIdentity
from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.labels import WORDS
from fineview.core.region import Region, RegionKind
from fineview.services.answering import answer
from fineview.services.verdicts import weighed
from tests.services.test_answer_kinds import Engine, ground

BOX = Box(10, 20, 12, 8)
NINE_TO_ONE = math.log(9)


class Sees:
    """A decoder with log odds by hand."""

    identity = ModelIdentity("sees", "1", "ef" * 32)

    def __init__(self, shares: tuple[float, float] = (0.5, 0.5), encoder: str = Engine.identity.sha256,
                 **odds: float) -> None:
        self.shares, self.encoder_sha256, self.odds, self.asked = shares, encoder, odds, list[tuple[Any, ...]]()

    def weights(self, domain: str, asked: str) -> tuple[float, float]:
        return self.shares if domain == "fundus" else (1.0, 0.0)

    def log_odds(self, encoding: Any, box: Box | None, asked: str, words: Sequence[str]) -> dict[str, float]:
        self.asked.append((box, asked, tuple(words)))
        return {word: self.odds.get(word, -NINE_TO_ONE) for word in words}

    def phrase(self, *_: Any) -> None: ...


def asked(sees: Sees, intent: Intent, engine: Engine, box: Box | None = BOX, **more: Any) -> Any:
    return ground("?", box, engine, read=lambda _: intent, phraser=lambda: sees, **more)


def test_a_verdict_is_the_sum_of_both_log_odds() -> None:
    # Evidence 0.8 is 4 to 1, the decoder says 1 to 9: half of both is sqrt(4 / 9) = 2 to 3.
    sees = Sees(haemorrhage=-NINE_TO_ONE)
    made = answer(asked(sees, Intent("presence", "haemorrhage"), Engine(haemorrhage=0.8)))
    assert made.verdict == "no" and made.confidence == pytest.approx(0.6, abs=1e-4)
    assert made.model == Engine.identity and made.weighed_with == Sees.identity
    assert "certain cdcdcdcd with sees efefefef, 0.60, not reviewed" in made.text
    assert next(one.value for one in made.citations if one.kind == "map") == 0.8  # the map is the encoder's alone
    assert sees.asked == [(BOX, "presence", ("haemorrhage",))]


def test_below_certainty_both_together_cannot_tell() -> None:
    # 9 to 1 against 1 to 9
    made = answer(asked(Sees(haemorrhage=-NINE_TO_ONE), Intent("presence", "haemorrhage"), Engine(haemorrhage=0.9)))
    assert made.abstained and made.verdict == "cannot tell" and "(0.50)" in made.text
    assert made.weighed_with == Sees.identity


def test_any_lesion_is_each_lesion_asked_for() -> None:
    sees = Sees(microaneurysm=3 * NINE_TO_ONE, optic_disc=50.0)
    made = answer(asked(sees, Intent("presence", "lesion"), Engine(microaneurysm=0.5), None))
    # sqrt(9^3) = 27 to 1
    assert made.verdict == "yes" and made.label == "microaneurysm"
    assert made.confidence == pytest.approx(27 / 28, abs=1e-4)
    assert sees.asked[0][0] is None and "optic_disc" not in sees.asked[0][2] and len(sees.asked[0][2]) == 4


def test_a_name_is_weighed_among_all_of_its_kind_of_picture() -> None:
    sees = Sees(soft_exudate=2 * NINE_TO_ONE)
    made = answer(asked(sees, Intent("what"), Engine(hard_exudate=0.7, soft_exudate=0.5)))
    assert made.label == "soft_exudate" and made.confidence == pytest.approx(0.9, abs=1e-4)
    assert made.weighed_with == Sees.identity and len(sees.asked[0][2]) == 5


@pytest.mark.parametrize("sees", [
    Sees((1.0, 0.0), haemorrhage=-50.0), Sees(encoder="00" * 32, haemorrhage=-50.0)])
def test_without_a_part_or_of_another_encoder_the_evidence_decides(sees: Sees) -> None:
    made = answer(asked(sees, Intent("presence", "haemorrhage"), Engine(haemorrhage=0.8)))
    assert made.verdict == "yes" and made.confidence == 0.8 and made.weighed_with is None and sees.asked == []
    assert "with" not in made.text


def test_other_kinds_of_pictures_may_be_judged_otherwise() -> None:
    sees = Sees(drusen=-50.0)
    made = answer(asked(sees, Intent("presence", "drusen"), Engine("oct", drusen=0.9), modality="OPT"))
    assert made.verdict == "yes" and made.weighed_with is None and sees.asked == []


def test_where_the_evidence_is_silent_the_decoder_is_never_asked() -> None:
    sees = Sees((0.0, 1.0), **dict.fromkeys(WORDS, 50.0))
    for found in (asked(sees, Intent("presence", "haemorrhage"), Engine("other")),
                  asked(sees, Intent("presence", "drusen"), Engine(drusen=0.9)),
                  asked(sees, Intent("what"), Engine(), modality="CT")):
        assert answer(found).abstained and sees.asked == []


@pytest.mark.parametrize(("points", "together"), [
    (((10, 10), (20, 10), (20, 20), (10, 20)), True), (((10, 10), (20, 10), (10, 20)), False)])
def test_an_outline_that_leaves_much_of_its_box_out_is_judged_by_the_evidence(
        points: tuple[tuple[float, float], ...], together: bool) -> None:
    sees = Sees(haemorrhage=5.0)
    made = asked(sees, Intent("presence", "haemorrhage"), Engine(haemorrhage=0.9))
    drawn = replace(made, question=replace(made.question, region=Region(RegionKind.POLYGON, points)))
    assert (weighed(drawn, Intent("presence", "haemorrhage")).beside is not None) is together


def test_a_point_is_judged_by_the_evidence() -> None:
    sees = Sees(haemorrhage=5.0)
    made = asked(sees, Intent("what"), Engine(haemorrhage=0.9))
    point = replace(made, question=replace(made.question, region=Region(RegionKind.POINT, ((12.5, 12.5),))))
    assert weighed(point, Intent("what")).beside is None and sees.asked == []
