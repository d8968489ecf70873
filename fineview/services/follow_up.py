"""Follow-ups: a question that points back keeps the region, and where it leaves out the kind, the kind too."""

from __future__ import annotations

import re
from dataclasses import replace

from fineview.core.intent import Intent
from fineview.services.ground import Ground

# "there" and "this" point back; "is there" asks whether something exists, and "this photo" is the whole frame.
_WHOLE = re.compile(r"\b(this|the|that) (whole )?(image|picture|photo(graph)?|scan|frame|b-scan|slice|eye|retina)\b")
_EXISTS = re.compile(r"\b(is|are|was|were) there\b|\bthere (is|are)\b")
_BACK = re.compile(r"\b(it|its|this|that|these|those|them|there|here|same)\b|^\W*(and|also|what about|how about|or)\b")
_SHORT = re.compile(r"^\W*(and|or|also|what about|how about|same for)\b.{0,40}$")


def followed(ground: Ground, intent: Intent) -> tuple[Ground, Intent]:
    """The ground with the region asked about before, where the words point back to it and no other is selected."""
    before, question = ground.before, ground.question
    if before is None or before.question.frame != question.frame:
        return ground, intent
    text = question.text.lower()
    if question.region is None and before.question.region is not None and points_back(text):
        kept = replace(question, region=before.question.region, region_id=before.question.region_id)
        ground = replace(ground, question=kept)
    if _SHORT.match(text) and intent.asked == "presence" and intent.label is not None:
        earlier = ground.read(before.question.text)
        if earlier.asked in ("count", "where"):  # "how many bleeds?" - "and exudates?"
            intent = replace(earlier, label=intent.label, confidence=min(intent.confidence, earlier.confidence))
    elif intent.asked == "count" and intent.label == "lesion" and before.label is not None and "lesion" not in text:
        earlier = ground.read(before.question.text)
        if earlier.asked in ("presence", "what"):  # "any bleeding?" - "how many?"
            intent = replace(intent, label=before.label)
    return ground, intent


def points_back(text: str) -> bool:
    return bool(_BACK.search(_EXISTS.sub(" ", text))) and not _WHOLE.search(text)
