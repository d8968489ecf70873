"""Where the fovea and the disc are, and who says so; and where a point lies beside them in a person's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fineview.core.chance import chance_words
from fineview.core.evidence import Analysis
from fineview.core.geometry import Point
from fineview.services.ground import Ground, not_readable

Place = tuple[float, float, float]  # x, y in source pixels, score


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place that others are told from.  ``score`` None: a person marked it, or it is the middle of the picture."""

    name: str
    at: Point
    source: str
    score: float | None = None


def peak(seen: Analysis, word: str) -> Place | None:
    """The strongest place of a label's map, middle of its pixel."""
    values = seen.lesions.get(word)
    if values is None:
        return None
    row, col = np.unravel_index(int(np.argmax(values)), values.shape)
    return float(col) + 0.5, float(row) + 0.5, float(values[row, col])


def disc(ground: Ground) -> tuple[Landmark | None, str]:
    """The optic disc where the model is sure of it; else None and why."""
    engine, seen = ground.analysis()
    why, found = not_readable(engine, seen), peak(seen, "optic_disc")
    if why or found is None or found[2] < engine.thresholds["optic_disc"]:
        return None, why or "the optic disc was not found with enough certainty."
    told = f"The disc was found by {engine.identity.short}, {chance_words(found[2])}, not reviewed."
    return Landmark("optic disc", found[:2], told, found[2]), ""


def landmark(ground: Ground) -> Landmark:
    """The fovea a person marked, else the disc of a photograph, else the middle of the picture."""
    if ground.question.fovea is not None:
        return Landmark("fovea", ground.question.fovea, "The fovea was marked by a person.")
    found, _ = disc(ground)
    if found is not None:
        return found
    raster = ground.request.raster
    return Landmark("middle of the picture", (raster.cols / 2, raster.rows / 2), "No fovea is marked on this frame.")


def quadrant(ground: Ground, point: Point, mark: Landmark, photograph: bool) -> str:
    """ "superotemporal": on a photograph of a known eye; else "above right", as the picture shows it.

    A photograph shows the eye as it is looked at: in a right eye the nose, and with it the disc, is on the right.
    """
    right, above = point[0] > mark.at[0], point[1] < mark.at[1]
    side = ground.laterality.value
    if not photograph or side not in ("R", "L") or mark.name == "middle of the picture":
        return f"{'above' if above else 'below'} {'right' if right else 'left'}"
    return f"{'supero' if above else 'infero'}{'nasal' if right == (side == 'R') else 'temporal'}"


def place_words(word: str, mark: Landmark) -> str:
    """ "Superotemporal to the fovea", "Above right of the middle of the picture"."""
    return f"{word} {'of' if ' ' in word else 'to'} the {mark.name}"
