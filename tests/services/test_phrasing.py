"""Wording an answer that is settled: nothing of it moves, and words that leave the plan are never said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from fineview.core.evidence import ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.plan import FILLED, Plan
from fineview.lab.chat_words import read_answers
from fineview.services.answering import settled
from fineview.services.ground import Ground
from fineview.services.jobs import Token
from fineview.services.phrasing import plan_of, within, worded
from tests.services.test_answer_kinds import MM, Engine, ground

BOX = Box(10, 20, 12, 8)


class Says:
    """Whoever words answers says this, whatever the plan; slots are filled as they come."""

    identity = ModelIdentity("says", "1", "ef" * 32)

    def __init__(self, raw: str, encoder: str = Engine.identity.sha256) -> None:
        self.raw, self.encoder_sha256, self.asked = raw, encoder, list[Plan]()

    def weights(self, domain: str, asked: str) -> tuple[float, float]:
        return 1.0, 0.0

    def log_odds(self, *_: Any) -> dict[str, float]:
        raise AssertionError("it has no part in verdicts")

    def phrase(self, encoding: Any, box: Box | None, question: str, plan: Plan, fill: Mapping[str, str],
               allowed: Callable[[str], bool], token: Token, on_words: Callable[..., None]
               ) -> tuple[str, tuple[WordMap, ...]] | None:
        self.asked.append(plan)
        if not allowed(self.raw):
            return None
        text = self.raw
        for slot, words in fill.items():
            text = text.replace(slot, words)
        on_words(text, ())
        return text, ()


def asked(says: Says, intent: Intent, box: Box | None = BOX, engine: Engine | None = None, **more: Any) -> Ground:
    """The frame is encoded already, as after any look at it."""
    made = ground("?", box, engine, read=lambda _: intent, phraser=lambda: says, **more)
    made.encodings.encode(made.engine(), made.request.raster, Token())  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(("chance", "raw", "used"), [
    (0.93, "yes, haemorrhage seems to be present here. <source>", True),
    (0.93, "no, haemorrhage was not found here. <source>", False),
    (0.93, "yes, but no haemorrhage is here. <source>", False),
    (0.93, "yes, drusen seem to be present here. <source>", False),
    (0.93, "cannot tell: <source>", False),
    (0.93, "yes, haemorrhage, 12 of them. <source>", False),
    (0.02, "no, nothing here looks like haemorrhage. <source>", True),
    (0.02, "yes, haemorrhage seems to be present here. <source>", False),
    (0.02, "it looks like haemorrhage. <source>", False)])
def test_words_never_contradict_the_evidence(chance: float, raw: str, used: bool) -> None:
    says = Says(raw)
    made = asked(says, Intent("presence", "haemorrhage"), engine=Engine(haemorrhage=chance))
    template, found = settled(made)[2], worded(made)
    assert (found.spoken_by == Says.identity) is used
    assert found.answer.verdict == template.verdict == ("yes" if chance > 0.5 else "no")
    assert found.answer.confidence == template.confidence and found.answer.citations == template.citations
    if used:
        assert "suggested by certain" in found.answer.text.lower() and "not reviewed" in found.answer.text
        assert re.findall(r"0\.\d+", found.answer.text) == re.findall(r"0\.\d+", template.text)
    else:
        assert found.answer.text == template.text


def test_below_certainty_it_cannot_tell_whatever_is_said() -> None:
    made = asked(Says("yes, haemorrhage is here. <why>"), Intent("presence", "haemorrhage"),
                 engine=Engine(haemorrhage=0.5))
    assert worded(made).answer.text.startswith("Cannot tell")
    said = worded(asked(Says("cannot tell whether there is haemorrhage here: <why>"),
                        Intent("presence", "haemorrhage"), engine=Engine(haemorrhage=0.5)))
    assert said.spoken_by is not None and said.answer.abstained and said.answer.verdict == "cannot tell"
    assert said.answer.text.endswith("the evidence for haemorrhage is weak (0.50).")


def test_numbers_come_from_measurement_with_unit_and_provenance() -> None:
    # The disc's middle is at column 50.5, row 8.5; the region's at 16, 24: 34.5 x 0.02 and 15.5 x 0.01 mm away.
    found = worded(asked(Says("it lies <distance>"), Intent("distance", target="optic_disc"), spacing=MM))
    assert found.spoken_by is not None and found.answer.value == pytest.approx(np.hypot(0.69, 0.155), rel=0.02)
    assert "µm" in found.answer.text and "calibrated" in found.answer.text and "optic disc" in found.answer.text
    forgetful = worded(asked(Says("it lies near."), Intent("distance", target="optic_disc"), spacing=MM))
    assert forgetful.spoken_by is None and "µm" in forgetful.answer.text
    count = worded(asked(Says("the count here is <count>. <source>"), Intent("count", "lesion"), None)).answer
    assert f"is {count.value:.0f}." in count.text and "not reviewed" in count.text
    grown_together = worded(asked(Says("the count here is<count>. <source>"), Intent("count", "lesion"), None))
    assert grown_together.spoken_by is None


def test_a_decoder_of_another_encoder_leaves_the_template() -> None:
    intent, engine = Intent("presence", "haemorrhage"), Engine(haemorrhage=0.9)
    other = Says("yes, haemorrhage is here. <source>", encoder="00" * 32)
    assert worded(asked(other, intent, engine=engine)).spoken_by is None and other.asked == []


def test_what_is_only_measured_is_told_the_same_whether_the_frame_was_encoded_or_not() -> None:
    says = Says("its size: <size>")
    fresh = ground("?", BOX, read=lambda _: Intent("size"), phraser=lambda: says)
    assert worded(asked(says, Intent("size"))).answer.text == worded(fresh).answer.text and says.asked == []


@pytest.mark.parametrize("intent", [Intent("outside", topic="treatment"), Intent("unknown"), Intent("basis"),
                                    Intent("side"), Intent("compare", target="region")])
def test_refusals_and_facts_are_said_as_they_are(intent: Intent) -> None:
    says = Says("yes. <facts>")
    made = asked(says, intent)
    assert worded(made).answer.text == settled(made)[2].text and says.asked == []


def test_every_shipped_wording_is_within_its_plan_and_none_within_the_opposite() -> None:
    for (kind, verdict), lines in read_answers().items():
        if kind == "other":
            continue
        asked_as = next(one for one in ("presence", "what", "size", "length", "distance", "count", "brightness",
                                        "brighter", "darker", "where", "cut") if one == kind)
        word = "hard_exudate"
        plan = Plan(asked_as, word if kind in ("presence", "count") else "none",  # type: ignore[arg-type]
                    word if verdict == "label" else verdict)
        for line in lines:
            said = line.replace("{l}", "hard exudate").replace("{here}", "in the marked area")
            for end in range(len(said) + 1):
                if end == len(said) or said[end] == " ":
                    assert within(plan, said[:end]), (plan, said[:end])
            for turned in {"yes": ("no", "unsure"), "no": ("yes", "unsure"), "unsure": ("yes", "no")}.get(verdict, ()):
                assert not within(Plan(plan.asked, plan.slot, turned), said), (turned, said)


def test_a_plan_holds_no_number() -> None:
    intent = Intent("distance", target="optic_disc")
    plan, fill = plan_of(intent, settled(ground("?", BOX, read=lambda _: intent, spacing=MM))[2])
    assert plan == Plan("distance", "optic_disc", "none") and set(fill) <= set(FILLED)
