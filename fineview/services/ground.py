"""What an answer may stand on, and the two ways not to give one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.evidence import Analysis, DomainVerdict, Proposal
from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.labels import LABELS
from fineview.core.region import Region
from fineview.core.study import Laterality
from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.region_mask import region_mask
from fineview.imaging.window import to_rgb
from fineview.services.analyse import EYE_MODALITIES, SILENT_MODALITIES, FrameRequest, analyse
from fineview.services.encodings import Encodings
from fineview.services.ports import Engine, Phraser, TokenPort
from fineview.services.wording import parse

EngineSource = Callable[[], Engine]
# A verdict is given where the calibrated chance that it is right reaches this; below it the answer is "cannot tell".
# Not the thresholds of proposals: those are pixel probabilities of best F1, and a "yes" at 0.1 would be wrong 9 times.
SURE = 0.6
_ON_RETINA = 0.1  # share of a region that must lie in a photograph's field for the region to show retina


def no_phraser() -> Phraser | None:
    return None


def _no_frame(_: int) -> FrameRequest | None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Everything an answer may stand on.  Analysis and evidence are made only where the question needs them.

    ``read``: who reads the words.  ``before``: the answer given before this one, for follow-ups.  ``beside``: the
    other regions marked on this frame, the latest last.  ``frame_at``: another frame of the series by its number.
    ``phraser``: who words answers; None for the templates.
    ``domain``: what the encoder is known to make of the frame already.
    """

    question: Question
    request: FrameRequest
    laterality: Laterality
    engine: EngineSource
    encodings: Encodings
    token: TokenPort
    read: Callable[[str], Intent] = parse
    before: Answer | None = None
    beside: tuple[Region, ...] = ()
    frame_at: Callable[[int], FrameRequest | None] = _no_frame
    phraser: Callable[[], Phraser | None] = no_phraser
    domain: DomainVerdict | None = None

    def analysis(self) -> tuple[Engine, Analysis]:
        """Of this frame; remembered while questions stay with it."""
        engine, asked = self.engine(), self.request
        key = (asked.raster.content_key, engine.identity.sha256, asked.spacing, asked.modality, asked.key)
        return engine, self.encodings.analysed(key, lambda: analyse(asked, engine, self.encodings, self.token))

    def judged(self, looked: bool) -> DomainVerdict | None:
        """Whether the picture lies in the encoder's domain; nothing is encoded for it.

        ``looked``: the encoder had a part in the answer.  Without it only what was handed in counts, so that an answer
        does not hang on what else was asked before.
        """
        if self.request.modality not in EYE_MODALITIES | SILENT_MODALITIES:
            return "out"
        seen = self.encodings.remembered(self.request.raster.content_key) if looked else None
        return judgement(seen) if seen is not None else self.domain

    def mask(self) -> NDArray[np.bool_]:
        raster = self.request.raster
        if self.question.region is None:
            return np.ones((raster.rows, raster.cols), bool)
        return region_mask(self.question.region, raster.rows, raster.cols)

    def box(self) -> Box:
        raster = self.request.raster
        whole = Box(0, 0, raster.cols, raster.rows)
        return self.question.region.bounds if self.question.region is not None else whole


def judgement(seen: Analysis | None) -> DomainVerdict | None:
    """What an analysis says of the domain; None where its encoder has no head that could know."""
    return seen.domain if seen is not None and (seen.model.heads_trained or seen.domain == "out") else None


def abstain(ground: Ground, reason: str, engine: Engine | None = None) -> Answer:
    region = ground.question.region
    cited = (Citation("region", region.bounds),) if region is not None else ()
    return Answer(ground.question, f"Cannot tell: {reason}", verdict="cannot tell", abstained=True, reason=reason,
                  citations=cited, model=engine.identity if engine else None)


def not_readable(engine: Engine, seen: Analysis) -> str:
    """Why the encoder must stay silent about this picture; "" where it may speak."""
    if not engine.identity.trained:
        return "these weights were never trained."
    if not engine.identity.heads_trained:
        return f"{engine.identity.name} shows heat maps only and was not trained to name lesions; choose another one."
    if seen.domain == "out":
        return "this picture is outside what the model was trained on."
    if seen.domain == "unknown":
        return "the model is not sure that this is a picture of an eye."
    return ""


def evidence(ground: Ground) -> tuple[Engine, Analysis, dict[str, float], str]:
    """Chance per label of the frame's kind that the region holds it; empty, with the reason, where nothing is said."""
    engine, seen = ground.analysis()
    mask = ground.mask()
    why = not_readable(engine, seen) or off_retina(ground.request, seen, mask)
    if why:
        return engine, seen, {}, why
    encoding = ground.encodings.encode(engine, ground.request.raster, ground.token)
    found = engine.region_evidence(encoding, mask)
    words = [label.word for label in LABELS if label.domain == seen.anatomy]
    return engine, seen, {word: float(found[word]) for word in words if word in found}, ""


def off_retina(request: FrameRequest, seen: Analysis, mask: NDArray[np.bool_]) -> str:
    """Why a region of a photograph shows no retina; "" where it does.  A black border has no lesions and no health."""
    if seen.anatomy != "fundus" or mask.all():
        return ""
    inside = field_of_view(to_rgb(request.raster))[mask]
    return "" if inside.size and inside.mean() >= _ON_RETINA else "the region lies outside the retina in this picture."


def suggested(ground: Ground, seen: Analysis, word: str) -> list[Proposal]:
    """Proposals of this label (of any for "lesion") whose middle lies in the region itself, not just in its bounds."""
    mask = ground.mask()
    return [p for p in seen.proposals if word in (p.label, "lesion")
            and mask[int(p.box.centre[1]), int(p.box.centre[0])]]


def cite(ground: Ground, score: float, seen: Analysis, word: str) -> tuple[Citation, ...]:
    box = ground.box()
    return (Citation("region", box, text="region"),
            Citation("map", box, round(score, 4), "probability", text=word),
            *(Citation("proposal", p.box, round(p.score, 4), "probability", text=p.label)
              for p in suggested(ground, seen, word)[:5]))


def titled(word: str) -> str:
    """A label in words a person reads."""
    return word.replace("_", " ")
