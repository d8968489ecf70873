"""What a question asks for, read from its words by rules.  Only the wording: verdicts come from elsewhere.

Rules serve where no trained reader is at hand; ``fineview evaluate chat --only reading`` scores both.
"""

from __future__ import annotations

import re

from fineview.core.intent import Asked
from fineview.core.intent import Intent as Intent
from fineview.core.labels import LABELS

_OTHER = r"(other|previous|next|last|first|second|neighbouring|adjacent|following|earlier)"
_RULES: tuple[tuple[Asked, str], ...] = (
    ("basis", r"\bbased? (this|that|it|your)?\b.*\bon\b|^\s*why\b|\bhow (sure|certain|do you know|did you)\b"
              r"|\b(explain|justify|evidence for (that|this|it))\b"),
    ("cut", r"\bcut off\b|\bcropped\b|\btruncated\b|\b(beyond|outside) the (scan|image|frame|picture)\b"),
    ("compare", rf"\bcompare\b|\b(versus|vs)\b|\bdifference\b|\bthan (the )?{_OTHER}\b"
                r"|\bwhich .*\b(larger|bigger)\b"),
    ("distance", r"\bhow (far|close|near)\b|\bdistance\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b"),
    ("size", r"\bhow (large|big|small)\b|\bsize\b|\barea (of|is|in)\b|\bthe area\b(?! i\b)"),
    ("length", r"\bhow (long|wide|tall|high|thick)\b|\blength\b|\bwidth\b|\bheight\b|\bdiameter\b|\bmeasure\b"),
    ("brightness", r"\bhow (bright|dark|intense)\b|\bintensity\b|\bmean (value|grey|gray)\b"),
    ("brighter", r"\b(brighter|lighter|whiter|hyper-?reflective) than\b|\bbrighter\b"),
    ("darker", r"\b(darker|dimmer|blacker|hypo-?reflective) than\b|\bdarker\b"),
    ("side", r"\b(which|what) (eye|side)\b|\bright or left\b|\bleft or right\b|\blaterality\b"),
    ("where", r"\b(where|quadrant|layer|locate|location|located|position|nasal|temporal|superior|inferior)\b"),
    ("what", r"\bwhat (is|are|could|might|do you see|kind|type|does)\b|\bwhat's\b|\bwhich lesion\b|\bname (it|this)\b"),
)
_TOPICS: tuple[tuple[str, str], ...] = (
    ("prognosis", r"\b(prognosis|outlook|go blind|lose (vision|sight)|progress(ion)?|get worse)\b"),
    ("treatment", r"\b(treat(ment|ed)?|therapy|inject(ions?)?|laser|surgery|drug|dose|refer|what should (i|we) do)\b"),
    ("identity", r"\bwho (is|are)\b|\bwhose\b|\bpatient'?s? (name|age|id)\b|\bhow old\b"),
    ("diagnosis", r"\b(diagnosis|diagnose|grade|stage|retinopathy|glaucoma|amd)\b"),
    ("organ", r"\b(lungs?|heart|liver|kidneys?|brain|knee|spine|chest|hip|skin|bones?|breast)\b"))
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
    for topic, pattern in _TOPICS:
        if re.search(pattern, lowered):
            return Intent("outside", topic=topic)
    for asked, pattern in _RULES:
        if re.search(pattern, lowered):
            if asked == "what" and label is not None:
                break  # "what is the drusen ..." is no rule's question: fall through to presence
            return _with_slots(asked, lowered, label)
    if label is not None and _PRESENCE.search(text):
        return Intent("presence", label)
    if re.search(r"\bwhat\b", lowered):
        return Intent("what")
    return Intent("presence", label) if label is not None else Intent("unknown")


def _with_slots(asked: Asked, lowered: str, label: str | None) -> Intent:
    if asked == "distance":
        return Intent(asked, target="optic_disc" if label == "optic_disc" and "fovea" not in lowered else "fovea")
    if asked == "count" and label is None:
        return Intent("count", "lesion") if _BARE_COUNT.fullmatch(lowered) else Intent("unknown")
    if asked == "where":
        return Intent(asked, label, "layer" if "layer" in lowered else None)
    if asked == "compare":
        return Intent(asked, target="frame" if re.search(r"\b(frame|slice|b-scan|scan)\b", lowered) else "region")
    return Intent(asked) if asked in ("basis", "cut") else Intent(asked, label)
