"""Where it is: the quadrant and the distance on a picture, the layer on a B-scan, the places of suggestions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer, Citation
from fineview.core.evidence import Analysis
from fineview.core.intent import ANY_LESION, Intent
from fineview.services.ground import Ground, abstain, not_readable, suggested, titled
from fineview.services.landmarks import disc, landmark, place_words, quadrant
from fineview.services.measuring import fovea_distance, region_distance

# Zones between the drawn lines, from above; the lines are ILM, RPE, BM.
ZONES: tuple[tuple[str, str], ...] = (
    ("vitreous", "above the ILM, in the vitreous"), ("retina", "in the retina, between ILM and RPE"),
    ("sub-RPE", "between RPE and BM"), ("choroid", "below BM, in the choroid"))
_LINES = ("ILM", "RPE", "BM")
_KNOWN = 0.5  # share of the region's columns in which all three lines must be known


def distance(ground: Ground, intent: Intent) -> Answer:
    """From the region's centre to the fovea a person marked, or to the disc the model found."""
    if intent.target != "optic_disc":
        if ground.question.fovea is None:
            return abstain(ground, "mark the fovea first.")
        return fovea_distance(ground.question, ground.request, ground.question.fovea, "fovea")
    mark, why = disc(ground)
    engine = ground.engine()
    if mark is None:
        return abstain(ground, why, engine)
    made = fovea_distance(ground.question, ground.request, mark.at, mark.name)
    if made.abstained or mark.score is None:
        return made
    return replace(made, text=f"{made.text} {mark.source}", model=engine.identity, confidence=round(mark.score, 3))


def where(ground: Ground, intent: Intent) -> Answer:
    if intent.target == "layer":
        return layer(ground)
    if ground.question.region is None:
        return _places(ground, intent.label or ANY_LESION)
    mark = landmark(ground)
    word = quadrant(ground, ground.question.region.centre, mark, _is_photograph(ground))
    far = region_distance(ground.question, ground.request, mark.at)
    text = f"{place_words(word, mark).capitalize()}, {far.words} from it ({far.scale}). {mark.source}"
    speaker = ground.engine().identity if mark.score is not None else None
    box = ground.box()
    return Answer(ground.question, text, label=word, value=far.measured.value, unit=far.measured.unit, model=speaker,
                  reason=far.measured.why_not, confidence=None if mark.score is None else round(mark.score, 3),
                  citations=(Citation("region", box, text="region"),
                             Citation("measurement", box, far.measured.value, far.measured.unit, "Distance")))


def _is_photograph(ground: Ground) -> bool:
    if ground.request.modality in ("OPT", "OCT"):
        return False
    return ground.request.modality == "OP" or ground.request.raster.is_colour


def _places(ground: Ground, word: str) -> Answer:
    """Where the suggestions of a label lie on the whole frame."""
    engine, seen = ground.analysis()
    why = not_readable(engine, seen)
    if why:
        return abstain(ground, why, engine)
    found = suggested(ground, seen, word)
    name = titled(word)
    if not found:
        return abstain(ground, f"no {name} is suggested on this frame; draw a region to ask where it lies.", engine)
    mark = landmark(ground)
    tally = Counter(quadrant(ground, p.box.centre, mark, _is_photograph(ground)) for p in found)
    told = ", ".join(f"{number} {place_words(place, mark)}" for place, number in tally.most_common())
    text = (f"{len(found)} suggested for \"{name}\": {told}. {mark.source} "
            f"Suggested by {engine.identity.short}, not reviewed.")
    cited = tuple(Citation("proposal", p.box, round(p.score, 4), "probability", text=p.label) for p in found[:20])
    return Answer(ground.question, text, label=tally.most_common(1)[0][0], citations=cited, model=engine.identity)


def layer(ground: Ground) -> Answer:
    """The zone between the model's lines that holds most of the region."""
    if ground.question.region is None:
        return abstain(ground, "draw a region to ask which layer it lies in.")
    engine, seen = ground.analysis()
    why = not_readable(engine, seen)
    if not why and seen.anatomy != "oct":
        why = "layers are seen on B-scans only."
    shares = None if why else zone_shares(ground.mask(), seen)
    if shares is None:
        return abstain(ground, why or "the layers were not found with enough certainty here.", engine)
    best = int(np.argmax(shares))
    others = [f"{share:.0%} {words}" for share, (_, words) in zip(shares, ZONES, strict=True) if share >= 0.05
              and words != ZONES[best][1]]
    also = f"; {', '.join(others)}" if others else ""
    words = ZONES[best][1]
    text = (f"{words[0].upper()}{words[1:]} ({shares[best]:.0%} of the region's pixels){also}. "
            f"Lines suggested by {engine.identity.short}, not reviewed.")
    box = ground.box()
    cited = tuple(Citation("measurement", box, round(float(share), 4), "fraction", zone)
                  for share, (zone, _) in zip(shares, ZONES, strict=True) if share > 0)
    return Answer(ground.question, text, label=ZONES[best][0], value=round(float(shares[best]), 4), unit="fraction",
                  citations=(Citation("region", box, text="region"), *cited), model=engine.identity)


def zone_shares(mask: NDArray[np.bool_], seen: Analysis) -> NDArray[np.float64] | None:
    """Share of the masked pixels in each of ``ZONES``, float64 (4,); None where too few columns have all lines."""
    if any(name not in seen.layers for name in _LINES):
        return None
    lines = np.stack([seen.layers[name] for name in _LINES])  # (3, cols): rows, 0 at the centre of the top row
    columns = mask.any(0)
    known = np.isfinite(lines).all(0) & columns
    if not columns.any() or known.sum() < _KNOWN * columns.sum():
        return None
    rows = np.arange(mask.shape[0])[:, None, None]
    below = (rows > lines[:, known].T[None]).sum(2)  # how many lines a pixel lies under
    counts = np.bincount(below[mask[:, known]], minlength=len(ZONES)).astype(np.float64)
    return counts / counts.sum() if counts.sum() else None

