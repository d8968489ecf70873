"""Who words an answer: the templates, or the chat's decoder around what is already settled.

Verdict, label, numbers, confidence and citations come from :mod:`answering` and stay as they are.  The decoder words
them where the answer stands on the encoder that it belongs to, and only within the plan: words that leave it are
thrown away unseen, and the template is said instead.  Numbers, units and who suggested are copied from
the template's text into the decoder's slots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from fineview.core.dialogue import Answer, Answered
from fineview.core.intent import Asked, Intent
from fineview.core.labels import LABELS, WORDS
from fineview.core.plan import FILLED, Plan, slot_of
from fineview.services.answering import settled
from fineview.services.ground import Ground
from fineview.services.ports import OnWords, nobody
from fineview.services.scale_lock import states_length
from fineview.services.verdicts import companion
from fineview.services.wording import named_label

# kind -> the slot that the template's text fills
_MEASURED: Mapping[Asked, str] = {"distance": "<distance>", "where": "<place>"}
_UNSURE: tuple[Asked, ...] = ("presence", "what")
_DENIAL = re.compile(r"\b(no|not|nothing|cannot|none|never|without)\b")
_NAMES = {label.word: label.word.replace("_", " ") for label in LABELS}


def worded(ground: Ground, on_words: OnWords = nobody) -> Answered:
    """Answer ``ground.question`` and word it.  Raises ``Cancelled`` and ``FineViewError`` only.

    A decoder that cannot be loaded leaves the template's words: an answer never waits for its wording.
    """
    ground, intent, made = settled(ground)
    plan, fill = plan_of(intent, made)
    if plan is None or made.model is None:
        return Answered(made)  # what is only measured never waits for an encoder, and is told as it was measured
    engine = ground.engine()
    encoding = ground.encodings.held(engine, ground.request.raster)
    speaker = companion(ground.phraser, engine.identity.sha256) if encoding is not None else None
    if speaker is None:
        return Answered(made)
    box = ground.question.region.bounds if ground.question.region is not None else None
    found = speaker.phrase(encoding, box, ground.question.text, plan, fill, lambda text: within(plan, text),
                           ground.token, on_words)
    if found is None or not all(_has(found[0], words) for words in fill.values()):
        return Answered(made)
    return Answered(replace(made, text=found[0]), found[1], speaker.identity)


def _has(text: str, words: str) -> bool:
    """Whether what fills a slot was said, as words of their own, whatever letter it begins with."""
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) for one in (words, words[:1].upper() + words[1:]))


def plan_of(intent: Intent, made: Answer) -> tuple[Plan | None, dict[str, str]]:
    """What is to be worded and what its slots hold; no plan for answers that are told as they are."""
    if made.abstained:
        plan = Plan(intent.asked, slot_of(intent), "unsure") if intent.asked in _UNSURE and made.reason else None
        return plan, {"<why>": made.reason or ""}
    slot, first = slot_of(intent), made.text.partition(". ")
    if intent.asked == "presence" and made.verdict in ("yes", "no"):
        # Any lesion asked for and one found: the words name the one.
        return Plan("presence", made.label or slot, made.verdict), {"<source>": first[2]}
    if intent.asked == "what" and made.label in WORDS:
        return Plan("what", slot, made.label), {"<source>": first[2]}
    if intent.asked == "count" and made.value is not None and made.model is not None:
        return Plan("count", slot, "none"), {
            "<count>": f"{made.value:.0f}", "<source>": f"Suggested by {made.model.short}, not reviewed."}
    if intent.asked in _MEASURED:
        return Plan(intent.asked, slot, "none"), {_MEASURED[intent.asked]: _begun_small(made.text)}
    return None, {}


def within(plan: Plan, text: str) -> bool:
    """Whether words, as far as they have come, say nothing but the plan.

    A yes begins with yes and denies nothing; a no begins with no; one that cannot tell begins with cannot; nothing
    else begins with any of them.  No label is named but the asked one and the seen one.  No digit and no unit
    stands in them.
    """
    bare = " ".join(text.lower().split())
    for slot in FILLED:
        bare = bare.replace(slot, " ")
    first, _, rest = bare.partition(" ")
    opening = {"yes": "yes", "no": "no", "unsure": "cannot"}.get(plan.verdict)
    if bare and opening is not None and first.strip(",:.") != opening:
        return False
    if plan.verdict == "yes" and _DENIAL.search(rest) or opening is None and (
            _DENIAL.search(bare) or first.strip(",:.") == "yes"):
        return False
    if any(one.isdigit() for one in bare) or states_length(bare):
        return False
    allowed = {plan.slot, plan.verdict}
    for word, name in _NAMES.items():
        if word not in allowed:
            bare_name = re.compile(rf"\b{name}s?\b")
            if bare_name.search(bare):
                return False
    named = named_label(bare)
    return named is None or named == "lesion" or named in allowed


def _begun_small(text: str) -> str:
    """Words that go on a sentence: the first letter small, but for names such as B-scan or RPE."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
