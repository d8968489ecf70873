"""What an answer will say, settled before it is worded: kind of question, its slot, and the verdict or label.

Whoever words an answer is given a plan and may not leave it.  Numbers never stand in a plan nor in the words made
from it: the words hold slots, which code that measures fills.
"""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.intent import ANY_LESION, TARGETS, TOPICS, Asked, Intent
from fineview.core.labels import WORDS

NO_SLOT = "none"
SLOTS: tuple[str, ...] = (NO_SLOT, ANY_LESION, *WORDS, *dict.fromkeys(
    target for targets in TARGETS.values() for target in targets if target not in WORDS), *TOPICS)
# "none" where a kind has no verdict; a label's word answers "what is it"
VERDICTS: tuple[str, ...] = ("yes", "no", "unsure", "none", *WORDS)
FILLED: tuple[str, ...] = ("<size>", "<length>", "<distance>", "<count>", "<brightness>", "<difference>", "<place>",
                           "<edge>", "<facts>", "<why>", "<source>")


@dataclass(frozen=True, slots=True)
class Plan:
    """``slot``: one of ``SLOTS``; ``verdict``: one of ``VERDICTS``."""

    asked: Asked
    slot: str
    verdict: str


def slot_of(intent: Intent) -> str:
    """The one slot of a question that its plan names."""
    if intent.asked == "outside":
        return intent.topic or "other"
    if intent.asked in ("presence", "count"):
        return intent.label or ANY_LESION
    return intent.target or NO_SLOT
