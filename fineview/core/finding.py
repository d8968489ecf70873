"""A marked finding: a region, a word for it, and who stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fineview.core.evidence import ModelIdentity
from fineview.core.region import Region
from fineview.core.study import FrameKey


class Origin(StrEnum):
    PERSON = "person"
    MODEL = "model"


class State(StrEnum):
    """A person's own mark is ``accepted`` from the start; a model's is ``suggested`` until a person decides."""

    SUGGESTED = "suggested"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mark.  ``created`` and ``decided`` are ISO 8601 times handed in, never read from the clock here.

    ``author``: the person who drew it, or who accepted, edited or rejected a suggestion; "" while only suggested.
    ``model`` and ``score``: kept for a model's suggestion also after acceptance, so the report can name them.
    ``original``: the region the model suggested, kept where a person edited it.
    ``sop_uid``, ``frame_in_file``, ``stamp``: the image itself, as in ``FrameInfo``.
    """

    id: str
    study_uid: str
    frame: FrameKey
    region: Region
    label: str
    origin: Origin
    state: State
    author: str = ""
    note: str = ""
    created: str = ""
    decided: str = ""
    score: float | None = None
    model: ModelIdentity | None = None
    original: Region | None = None
    sop_uid: str | None = None
    frame_in_file: int = 0
    stamp: str = ""

    @property
    def in_report(self) -> bool:
        return self.state in (State.ACCEPTED, State.EDITED)
