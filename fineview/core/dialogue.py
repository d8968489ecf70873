"""Questions about regions and their answers, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineview.core.evidence import DomainVerdict, ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey

AnswerVerdict = Literal["yes", "no", "cannot tell"]
CitationKind = Literal["region", "proposal", "measurement", "map"]
NOT_EVALUATED = "This general model was not evaluated on pictures of the eye."
# The text of the citation that holds the crop a model chose for itself.
CLOSER_LOOK = "closer look, rel-att"


@dataclass(frozen=True, slots=True)
class Question:
    """Words about a frame, and the region they are about (``None``: the whole frame).

    ``fovea``: a fovea the person marked on this frame, in source pixels.
    ``sop_uid``, ``frame_in_file``, ``stamp``: the image itself, for the number in ``frame`` changes with the
    files opened.
    """

    text: str
    study_uid: str
    frame: FrameKey
    region: Region | None = None
    region_id: str | None = None
    fovea: tuple[float, float] | None = None
    id: str = ""
    sop_uid: str | None = None
    frame_in_file: int = 0
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence that a person can click: where it is, and the number it carries."""

    kind: CitationKind
    box: Box | None = None
    value: float | None = None
    unit: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``confidence``: probability that the given verdict or label is right.  ``reason``: why it abstained.

    ``in_report``: a person wants this answer in the report; none enters by itself.
    ``domain``: what the encoder made of the picture asked about; None where it never looked at it.
    ``weighed_with``: the decoder whose view has part in verdict and confidence, beside the evidence of ``model``.
    """

    question: Question
    text: str
    verdict: AnswerVerdict | None = None
    label: str | None = None
    value: float | None = None
    unit: str | None = None
    abstained: bool = False
    reason: str | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    model: ModelIdentity | None = None
    seconds: float = 0.0
    asked_at: str = ""
    in_report: bool = False
    domain: DomainVerdict | None = None
    weighed_with: ModelIdentity | None = None

    @property
    def in_free_words(self) -> bool:
        """Said by a language model, which claims nothing but words (decision 13); our own answers always claim."""
        claims = (self.verdict, self.label, self.value, self.confidence)
        return self.model is not None and all(one is None for one in claims)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """An answer and what is shown with it but not kept: where the model looked while it said each word.

    ``spoken_by``: whose words they are, where not those of the answer's model.
    """

    answer: Answer
    words: tuple[WordMap, ...] = ()
    spoken_by: ModelIdentity | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """A folder with a model that answers in words, before it is loaded.  ``family``: "llava", "instructblip", ..."""

    path: str
    name: str
    family: str
