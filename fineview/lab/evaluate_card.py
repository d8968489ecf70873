"""A small part of the card on six phantoms, so that anyone can measure it again on the spot.

``fineview evaluate card --keep`` stores it for one file of weights; ``fineview models verify`` (:mod:`verify_card`)
measures again and compares.  Every figure carries its tolerance: how far another machine, number format or library may
move it while the weights are the same; going from bf16 to fp32 used up to a half of that of f1, a sixth of the others.
The mean brightness of the phantoms stands beside the figures, so that a changed phantom is not taken for a changed
encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.errors import RequestProblem
from fineview.core.labels import LABELS
from fineview.lab.evaluate import Request
from fineview.lab.failures import Failures
from fineview.lab.figures import Figure, Figures, machine_words
from fineview.lab.lesion_metrics import average_precision, f1, tally
from fineview.lab.lesion_truth import component_boxes
from fineview.lab.phantom_fundus import fundus
from fineview.lab.phantom_oct import bscan
from fineview.lab.suggestion_scores import suggested
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
FUNDUS, SCANS = 2, 4
MOST_PICTURES = 6
FUNDUS_SIZE = (1020, 1536)
FIRST = 700_000  # phantoms from here on belong to no training pool and to no calibration
SOURCE = "part of a phantom made by this program, outline added"


@dataclass(frozen=True, slots=True)
class Known:
    """A phantom with its truth: rgb (H, W, 3) uint8, masks by label, ``field`` (H, W) bool, rows of its lines."""

    domain: str
    name: str
    rgb: npt.NDArray[np.uint8]
    masks: dict[str, Array]
    field: Array
    lines: dict[str, Array]


@dataclass
class Sums:
    """What is added up over the phantoms of one kind."""

    brightness: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    map_means: list[float] = field(default_factory=list)
    counts: Array = field(default_factory=lambda: np.zeros(4))
    pixels: Array | float = 0.0
    line_errors: list[float] = field(default_factory=list)
    lesions: int = 0


def run(request: Request) -> Figures:
    """Score the app's encoder on the phantoms of ``request.seed``.  Raises ``RequestProblem`` without lesion heads."""
    engine = request.app.engine()
    if not engine.identity.heads_trained:
        raise RequestProblem(f"{engine.identity.name} has no lesion heads, so its card holds no figure to measure.",
                             "Choose an encoder that has, such as retina-s.", "no-heads")
    return measure(engine, request.seed, request.progress)


def measure(engine: Engine, seed: int, progress: Callable[[float, float, str], None]) -> Figures:
    """All figures of the card check.  Under 20 seconds on one core with retina-s."""
    failures, sums = Failures(SOURCE), {"fundus": Sums(), "oct": Sums()}
    total = FUNDUS + SCANS
    for number in range(total):
        progress(number, total, f"phantom {number + 1} of {total}")
        known = phantom(seed, number)
        _look(engine, known, sums[known.domain], failures)
    figures = [one for domain, found in sums.items() for one in _figures(domain, found)]
    return Figures(tuple(figures), seed, machine_words(), f"{total} phantoms, seed {seed}",
                   failures=failures.worst()[:MOST_PICTURES])


def phantom(seed: int, number: int) -> Known:
    """The first two are photographs with lesions, the others B-scans."""
    at = FIRST + 100 * seed + number
    if number < FUNDUS:
        photo = fundus(at, FUNDUS_SIZE, lesions=True)
        return Known("fundus", f"phantom photograph {at}", photo.rgb, photo.masks, photo.field, {})
    scan = bscan(at)
    rgb = np.ascontiguousarray(np.repeat(scan.image[..., None], 3, 2))
    return Known("oct", f"phantom B-scan {at}", rgb, scan.masks, np.ones(scan.image.shape, bool), scan.lines)


def _look(engine: Engine, known: Known, sums: Sums, failures: Failures) -> None:
    encoding = engine.encode(known.rgb, Token())
    words = tuple(label.word for label in LABELS
                  if label.domain == known.domain and label.lesion and label.word in known.masks)
    sums.brightness.append(float(known.rgb.mean()))
    sums.right.append(float(engine.domain(encoding)[known.domain]))
    for word, values in engine.lesion_maps(encoding, words).items():
        score, mask = np.asarray(values, np.float32), known.masks[word]
        boxes = component_boxes(mask)
        found = suggested(score, word, engine, boxes)
        sums.counts += (len(found.scores), found.right.sum(), len(found.best), (found.best >= 0).sum())
        sums.lesions += len(boxes)
        sums.map_means.append(float(score.mean()))
        pixels = tally(score, known.field, boxes, mask).pixels
        sums.pixels = sums.pixels + (pixels if pixels is not None else 0.0)
        failures.look(known.rgb, word, boxes, found, known.name)
    for name, rows in (engine.layers(encoding) if known.lines else {}).items():
        off = np.abs(rows - known.lines[name]) if name in known.lines else np.zeros(0)
        if np.isfinite(off).any():
            sums.line_errors.append(float(np.nanmean(off)))


def _figures(domain: str, sums: Sums) -> list[Figure]:
    area = average_precision(np.asarray(sums.pixels)) if np.ndim(sums.pixels) else None
    rows: list[tuple[str, float | None, str, int, float]] = [
        (f"brightness_{domain}", float(np.mean(sums.brightness)), "grey levels", len(sums.brightness), 0.5),
        (f"domain_{domain}", min(sums.right), "fraction", len(sums.right), 0.02),
        # one lesion more or less, and a little
        (f"f1_{domain}", f1(sums.counts)[0], "fraction", sums.lesions, 0.02 + 1 / max(sums.lesions, 1)),
        (f"aupr_{domain}", area, "fraction", len(sums.brightness), 0.01),
        (f"map_mean_{domain}", 100 * float(np.mean(sums.map_means)), "%", len(sums.map_means), 0.02)]
    if sums.line_errors:
        rows.append((f"line_error_{domain}", float(np.mean(sums.line_errors)), "px", len(sums.line_errors), 0.1))
    return [Figure(name, value, unit, n, about={"tolerance": f"{tolerance:.3g}"})
            for name, value, unit, n, tolerance in rows]
