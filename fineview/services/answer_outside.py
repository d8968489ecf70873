"""Questions outside the field, and what is said to them: one sentence each, and never a guess."""

from __future__ import annotations

from collections.abc import Mapping

from fineview.core.dialogue import Answer
from fineview.core.intent import Intent
from fineview.services.ground import Ground, abstain

HELP = ("Ask what it is, whether a lesion is there, where it is, how large or bright it is, how many there are, "
        "how far it is from the fovea, or what an answer was based on.")
REASONS: Mapping[str, str] = {
    "organ": "this model knows photographs and B-scans of the retina, no other part of the body and no laboratory.",
    "prognosis": "a picture of today does not say how an eye will go on, and this model was not trained to.",
    "treatment": "treatment and referral are a clinician's decision; this model describes what a picture shows.",
    "identity": "who a person is, is not read from the picture; the header panel shows what the file says.",
    "diagnosis": "this model names signs it can point at, not diseases, their stage or their cause.",
    "other": "this chat answers questions about the marked region and the open frame only."}


def outside(ground: Ground, intent: Intent) -> Answer:
    return abstain(ground, REASONS[intent.topic or "other"])


def not_understood(ground: Ground, _: Intent) -> Answer:
    return abstain(ground, f"I did not understand the question. {HELP}")
