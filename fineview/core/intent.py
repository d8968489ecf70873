"""What a question asks for, as a value.  Whoever reads the words fills it: rules, a trained reader, a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Asked = Literal["what", "presence", "size", "length", "brighter", "darker", "brightness", "distance", "count", "side",
                "where", "compare", "cut", "basis", "outside", "unknown"]
KINDS: tuple[Asked, ...] = ("what", "presence", "size", "length", "brighter", "darker", "brightness", "distance",
                            "count", "side", "where", "compare", "cut", "basis", "outside", "unknown")
ANY_LESION = "lesion"
TARGETS: Mapping[str, tuple[str, ...]] = {
    "distance": ("fovea", "optic_disc"), "where": ("layer",), "compare": ("region", "frame")}
# What lies outside the field, and why: the reason is what a person is told.
TOPICS: tuple[str, ...] = ("organ", "prognosis", "treatment", "identity", "diagnosis", "other")


@dataclass(frozen=True, slots=True)
class Intent:
    """``label``: the word the question names; "lesion" for any lesion.

    ``target``: of a distance "fovea" or "optic_disc"; of a place "layer" (else the quadrant is meant); of a comparison
    "region" or "frame".  ``topic``: for what lies outside the field, one of ``TOPICS``.
    ``confidence``: the reader's chance that kind and slots are what the person meant; 1 for rules, which claim none.
    """

    asked: Asked
    label: str | None = None
    target: str | None = None
    topic: str | None = None
    confidence: float = field(default=1.0, compare=False)

    def meaning(self) -> tuple[str, str | None]:
        """Kind and the one slot that its answer depends on: two readings with equal meanings give the same answer."""
        slot = {"presence": self.label, "count": self.label, "distance": self.target, "where": self.target,
                "compare": self.target}.get(self.asked)
        return self.asked, slot
