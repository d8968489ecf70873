"""What a question asks for, read from its words by rules.  Only the wording: verdicts come from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fineview.core.labels import LABELS

Asked = Literal["what", "presence", "size", "length", "brighter", "darker", "brightness", "distance", "count", "side",
                "unknown"]


@dataclass(frozen=True, slots=True)
class Intent:
    """``label``: the word the question names; "lesion" for any lesion.  ``target``: fovea or optic_disc."""

    asked: Asked
    label: str | None = None
    target: str | None = None


_RULES: tuple[tuple[Asked, str], ...] = (
    ("distance", r"\bhow (far|close|near)\b|\bdistance\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b"),
    ("size", r"\bhow (large|big|small)\b|\bsize\b|\barea\b"),
    ("length", r"\bhow (long|wide|tall|high|thick)\b|\blength\b|\bwidth\b|\bheight\b|\bdiameter\b|\bmeasure\b"),
    ("brightness", r"\bhow (bright|dark|intense)\b|\bintensity\b|\bmean (value|grey|gray)\b"),
    ("brighter", r"\b(brighter|lighter|whiter|hyper-?reflective) than\b|\bbrighter\b"),
    ("darker", r"\b(darker|dimmer|blacker|hypo-?reflective) than\b|\bdarker\b"),
    ("side", r"\b(which|what) (eye|side)\b|\bright or left\b|\bleft or right\b|\blaterality\b"),
    ("what", r"\bwhat (is|are|could|might|do you see|kind|type|does)\b|\bwhat's\b|\bwhich lesion\b|\bname (it|this)\b"),
)
_PRESENCE = re.compile(r"^\s*(is|are|do|does|can|could|any|has|have|was|were)\b|\bpresent\b|\bthere\b|\?\s*$", re.I)
_BARE_COUNT = re.compile(r"\W*how many( (are|is|there|here|in|on|of|this|the|them|region|frame|image|picture))*\W*")
_ANY_LESION = re.compile(
    r"\b(lesions?|abnormal(ity|ities)?|disease[ds]?|patholog(y|ical)|suspicious|damage|wrong)\b", re.I)


def named_label(text: str) -> str | None:
    """The label whose longest synonym occurs in ``text`` as whole words; "lesion" for any; None for neither."""
    words = " " + re.sub(r"[^a-z]+", " ", text.lower()) + " "
    found = [(len(name), label.word) for label in LABELS for name in label.synonyms
             if f" {name} " in words or f" {name}s " in words]
    if found:
        return max(found)[1]
    return "lesion" if _ANY_LESION.search(text) else None


def parse(text: str) -> Intent:
    """Read the question.  "unknown" where no rule fits: the answer is then "cannot tell", with what can be asked."""
    lowered, label = text.lower(), named_label(text)
    for asked, pattern in _RULES:
        if re.search(pattern, lowered):
            if asked == "distance":
                disc = label == "optic_disc" and "fovea" not in lowered
                return Intent(asked, target="optic_disc" if disc else "fovea")
            if asked == "count" and label is None:
                return Intent("count", "lesion") if _BARE_COUNT.fullmatch(lowered) else Intent("unknown")
            if asked == "what" and label is not None:
                break  # "what is the drusen ..." is no rule's question: fall through to presence
            return Intent(asked, label)
    if label is not None and _PRESENCE.search(text):
        return Intent("presence", label)
    if re.search(r"\bwhat\b", lowered):
        return Intent("what")
    return Intent("presence", label) if label is not None else Intent("unknown")
