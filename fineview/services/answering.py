"""One question about one frame -> one answer.  Numbers come from pixels and spacing, verdicts about lesions from the
encoder's features of the region, wording from templates.  "Cannot tell" wherever the ground is thin.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.evidence import Analysis, Proposal
from fineview.core.geometry import Box
from fineview.core.labels import LABELS, label_for
from fineview.core.study import Laterality
from fineview.imaging.region_mask import region_mask
from fineview.services.analyse import FrameRequest, analyse
from fineview.services.encodings import Encodings
from fineview.services.measuring import brightness, comparison, fovea_distance, how_large, how_long
from fineview.services.ports import Engine, TokenPort
from fineview.services.wording import Intent, parse

EngineSource = Callable[[], Engine]
# A verdict is given where the calibrated chance that it is right reaches this; below it the answer is "cannot tell".
# Not the thresholds of proposals: those are pixel probabilities of best F1, and a "yes" at 0.1 would be wrong 9 times.
SURE = 0.6
HELP = ("Ask what it is, whether a lesion is there, how large or bright it is, how many there are, "
        "or how far it is from the fovea.")


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Everything an answer may stand on.  ``analysis`` and ``evidence`` are made only where the question needs them."""

    question: Question
    request: FrameRequest
    laterality: Laterality
    engine: EngineSource
    encodings: Encodings
    token: TokenPort

    def analysis(self) -> tuple[Engine, Analysis]:
        engine = self.engine()
        return engine, analyse(self.request, engine, self.encodings, self.token)

    def mask(self) -> NDArray[np.bool_]:
        raster = self.request.raster
        if self.question.region is None:
            return np.ones((raster.rows, raster.cols), bool)
        return region_mask(self.question.region, raster.rows, raster.cols)

    def box(self) -> Box:
        raster = self.request.raster
        whole = Box(0, 0, raster.cols, raster.rows)
        return self.question.region.bounds if self.question.region is not None else whole


def answer(ground: Ground) -> Answer:
    """Answer ``ground.question``.  Raises ``Cancelled`` and ``FineViewError`` only; never guesses."""
    started = time.perf_counter()
    intent = parse(ground.question.text)
    handlers: dict[str, Callable[[Ground, Intent], Answer]] = {
        "what": _what, "presence": _presence, "count": _count, "side": _side, "size": _measured(how_large),
        "length": _measured(how_long), "brightness": _measured(brightness), "brighter": _measured(comparison),
        "darker": _measured(comparison), "distance": _distance}
    if not ground.mask().any():
        made = abstain(ground, "The region lies outside the image.")
    else:
        handler = handlers.get(intent.asked)
        made = handler(ground, intent) if handler else abstain(ground, f"I did not understand the question. {HELP}")
    return replace(made, seconds=time.perf_counter() - started)


def abstain(ground: Ground, reason: str, engine: Engine | None = None) -> Answer:
    region = ground.question.region
    cited = (Citation("region", region.bounds),) if region is not None else ()
    return Answer(ground.question, f"Cannot tell: {reason}", verdict="cannot tell", abstained=True, reason=reason,
                  citations=cited, model=engine.identity if engine else None)


def _measured(measure: Callable[[Question, FrameRequest, str], Answer]) -> Callable[[Ground, Intent], Answer]:
    return lambda ground, intent: measure(ground.question, ground.request, intent.asked)


def _side(ground: Ground, _: Intent) -> Answer:
    eye = ground.laterality
    if eye.value is None:
        return abstain(ground, "the file does not say which side this is.")
    source = "the header" if eye.source == "header" else "the file name"
    return Answer(ground.question, f"This is the {eye.words}, according to {source}.", label=eye.value, confidence=None)


def _distance(ground: Ground, intent: Intent) -> Answer:
    if intent.target == "optic_disc":
        engine, seen = ground.analysis()
        why = not_readable(engine, seen)
        disc = _peak(seen, "optic_disc")
        if why or disc is None or disc[2] < engine.thresholds["optic_disc"]:
            return abstain(ground, why or "the optic disc was not found with enough certainty.", engine)
        made = fovea_distance(ground.question, ground.request, (disc[0], disc[1]), "optic disc")
        if made.abstained:
            return made
        text = f"{made.text} The disc was found by {engine.identity.short}, {disc[2]:.2f}, not reviewed."
        return replace(made, text=text, model=engine.identity, confidence=round(disc[2], 3))
    if ground.question.fovea is None:
        return abstain(ground, "mark the fovea first.")
    return fovea_distance(ground.question, ground.request, ground.question.fovea, "fovea")


def _peak(seen: Analysis, word: str) -> tuple[float, float, float] | None:
    values = seen.lesions.get(word)
    if values is None:
        return None
    row, col = np.unravel_index(int(np.argmax(values)), values.shape)
    return float(col) + 0.5, float(row) + 0.5, float(values[row, col])


def not_readable(engine: Engine, seen: Analysis) -> str:
    """Why the encoder must stay silent about this picture; "" where it may speak."""
    if not engine.identity.trained:
        return "these weights were never trained."
    if not engine.identity.heads_trained:
        return f"{engine.identity.name} shows maps only; it has no trained lesion heads."
    if seen.domain == "out":
        return "this picture is outside what the model was trained on."
    if seen.domain == "unknown":
        return "the model is not sure that this is a picture of an eye."
    return ""


def _scores(ground: Ground) -> tuple[Engine, Analysis, dict[str, float], str]:
    engine, seen = ground.analysis()
    why = not_readable(engine, seen)
    if why:
        return engine, seen, {}, why
    encoding = ground.encodings.encode(engine, ground.request.raster, ground.token)
    evidence = engine.region_evidence(encoding, ground.mask())
    words = [label.word for label in LABELS if label.domain == seen.anatomy]
    return engine, seen, {word: float(evidence[word]) for word in words if word in evidence}, ""


def _cite(ground: Ground, score: float, seen: Analysis, word: str) -> tuple[Citation, ...]:
    box = ground.box()
    return (Citation("region", box, text="region"),
            Citation("map", box, round(score, 4), "probability", text=word),
            *(Citation("proposal", p.box, round(p.score, 4), "probability", text=p.label)
              for p in _inside(ground, seen, word)[:5]))


def _inside(ground: Ground, seen: Analysis, word: str) -> list[Proposal]:
    """Proposals of this label (of any for "lesion") whose middle lies in the region itself, not just in its bounds."""
    mask = ground.mask()
    return [p for p in seen.proposals if word in (p.label, "lesion")
            and mask[int(p.box.centre[1]), int(p.box.centre[0])]]


def _presence(ground: Ground, intent: Intent) -> Answer:
    """Yes where one label is probable enough, no where all asked for are improbable enough, else "cannot tell"."""
    engine, seen, scores, why = _scores(ground)
    word = intent.label or "lesion"
    title = word.replace("_", " ")
    if not why and word != "lesion" and word not in scores:
        where = "B-scans" if label_for(word).domain == "oct" else "fundus photographs"
        why = f"{title} is looked for on {where} only."
    if why:
        return abstain(ground, why, engine)
    asked = {w: s for w, s in scores.items() if w == word or (word == "lesion" and label_for(w).lesion)}
    best = max(asked, key=lambda w: asked[w])
    present, absent = asked[best], math.prod(1.0 - score for score in asked.values())
    if max(present, absent) < SURE:
        made = abstain(ground, f"the evidence for {title} is weak ({present:.2f}).", engine)
        return replace(made, citations=_cite(ground, present, seen, word))
    verdict, certainty = ("yes", present) if present >= absent else ("no", absent)
    words = f"Yes, suggestive of {best.replace('_', ' ')}." if verdict == "yes" else f"No {title} was found here."
    text = f"{words} Suggested by {engine.identity.short}, {certainty:.2f}, not reviewed."
    return Answer(ground.question, text, verdict="yes" if verdict == "yes" else "no",
                  label=best if verdict == "yes" else None, confidence=round(certainty, 4),
                  citations=_cite(ground, present, seen, word), model=engine.identity)


def _what(ground: Ground, _: Intent) -> Answer:
    engine, seen, scores, why = _scores(ground)
    if why:
        return abstain(ground, why, engine)
    best = max(scores, key=lambda w: scores[w])
    if scores[best] < SURE:
        made = abstain(ground, "nothing that the model can name stands out here.", engine)
        return replace(made, citations=_cite(ground, scores[best], seen, best))
    others = sorted((w for w in scores if w != best and scores[w] >= SURE), key=lambda w: -scores[w])
    also = f" Also possible: {', '.join(w.replace('_', ' ') for w in others)}." if others else ""
    text = (f"Suggestive of {label_for(best).title.lower()}.{also} "
            f"Suggested by {engine.identity.short}, {scores[best]:.2f}, not reviewed.")
    return Answer(ground.question, text, label=best, confidence=round(scores[best], 4),
                  citations=_cite(ground, scores[best], seen, best), model=engine.identity)


def _count(ground: Ground, intent: Intent) -> Answer:
    engine, seen = ground.analysis()
    why = not_readable(engine, seen)
    word = intent.label or "lesion"
    if not why and word != "lesion" and label_for(word).domain != seen.anatomy:
        why = f"{word.replace('_', ' ')} is not looked for on this kind of picture."
    if not why and word != "lesion" and not label_for(word).lesion:
        why = f"only lesions are counted, and {word.replace('_', ' ')} is none."
    if why:
        return abstain(ground, why, engine)
    found = _inside(ground, seen, word)
    name = word.replace("_", " ")
    text = f"{len(found)} suggested for \"{name}\" here, by {engine.identity.short}, not reviewed."
    cited = tuple(Citation("proposal", p.box, round(p.score, 4), "probability", text=p.label) for p in found[:20])
    return Answer(ground.question, text, label=None if word == "lesion" else word, value=float(len(found)),
                  unit="lesions", citations=cited or (Citation("region", ground.box()),), model=engine.identity)
