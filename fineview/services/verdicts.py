"""Whose verdict it is: the encoder's evidence alone, or weighed with what the chat's decoder sees there.

How much each counts was chosen on pictures that neither measure the product nor trained the decoder, for each kind of
picture and of question, and stands in the decoder's folder.  All that keeps the evidence silent comes first: another
domain, off the retina, weights that were never trained.  Without a decoder of this encoder the evidence decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import Analysis, ModelIdentity
from fineview.core.intent import ANY_LESION, Intent
from fineview.core.labels import label_for
from fineview.services.ground import Ground, evidence
from fineview.services.ports import Engine, Phraser

# The decoder sees boxes.  In a region that fills less of its box (a thin or slanted outline, a line, a point) it would
# speak of what was not marked.  An ellipse fills pi / 4.
FILLED = 0.75
_SUREST = 1e-4  # chances are kept this far from 0 and 1, so that their log odds are finite


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """``chances``: word -> calibrated chance that the region holds it; empty, with ``why``, where nothing is said.
    ``evidence``: the encoder's part of each.  ``beside``: the decoder that had the other part, or None."""

    engine: Engine
    seen: Analysis
    chances: Mapping[str, float]
    evidence: Mapping[str, float]
    why: str
    beside: ModelIdentity | None = None

    @property
    def whose(self) -> str:
        """Who suggests it, in words."""
        with_whom = f" with {self.beside.short}" if self.beside is not None else ""
        return f"{self.engine.identity.short}{with_whom}"


def weighed(ground: Ground, intent: Intent) -> Weighed:
    """The chances that a verdict on presence or a name is made from.  Raises as the engine does."""
    engine, seen, found, why = evidence(ground)
    alone = Weighed(engine, seen, found, found, why)
    words = [word for word in found if asked_for(intent, word)]
    phraser = companion(ground.phraser, engine.identity.sha256) if words and _fills_its_box(ground) else None
    if phraser is None:
        return alone
    by_encoder, by_decoder = phraser.weights(seen.anatomy, intent.asked)
    if not by_decoder:
        return alone
    ground.token.raise_if_cancelled()
    encoding = ground.encodings.encode(engine, ground.request.raster, ground.token)
    box = ground.question.region.bounds if ground.question.region is not None else None
    own = phraser.log_odds(encoding, box, intent.asked, words)
    chances = {word: _chance(by_encoder * _log_odds(found[word]) + by_decoder * own[word]) for word in words}
    return Weighed(engine, seen, chances, found, why, phraser.identity)


def asked_for(intent: Intent, word: str) -> bool:
    """Whether the question is about this label: any of them, the one it names, or any lesion."""
    if intent.asked != "presence":
        return True
    return word == intent.label or (intent.label in (None, ANY_LESION) and label_for(word).lesion)


def companion(phraser: Callable[[], Phraser | None], encoder_sha256: str) -> Phraser | None:
    """The decoder that was trained on this encoder; None where there is none, or it cannot be loaded."""
    try:
        found = phraser()
    except WeightsProblem:
        return None
    return found if found is not None and found.encoder_sha256 == encoder_sha256 else None


def _fills_its_box(ground: Ground) -> bool:
    if ground.question.region is None:
        return True
    raster = ground.request.raster
    box = ground.box().clipped(raster.rows, raster.cols)
    return box.w * box.h > 0 and float(ground.mask().sum()) >= FILLED * box.w * box.h


def _log_odds(chance: float) -> float:
    kept = min(max(chance, _SUREST), 1 - _SUREST)
    return math.log(kept) - math.log1p(-kept)


def _chance(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, log_odds))))
