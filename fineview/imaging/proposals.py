"""From calibrated probability maps to suggested lesions: one proposal per lesion, with box, area and contour.

A connected component above the label's threshold is one lesion.  Fluid and drusen are measured, so theirs reach as far
as the label is likelier than not: weak and strong borders as in Canny's edges (IEEE PAMI 1986), the strong one decides
whether, the weak one how far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Proposal
from fineview.core.geometry import Box

DEFAULT_THRESHOLD = 0.5
MOST_PER_LABEL = 300
REACH = {"drusen": 0.5, "fluid": 0.5}
_FINER, _LARGE_PX, _MOST_VERTICES = 8, 40_000, 24


def find_proposals(maps: Mapping[str, NDArray[np.floating[Any]]], thresholds: Mapping[str, float],
                   least_area_px: float = 1.0) -> tuple[Proposal, ...]:
    """Suggested lesions of a frame, strongest first.

    ``maps``: label -> probability (H, W) on the source grid; ``thresholds``: label -> probability (0.5 where absent).
    ``score`` is the largest probability inside, ``area_px`` counts source pixels, ``box`` has pixel corners.  At most
    300 of a label are kept, the strongest.
    """
    found: list[Proposal] = []
    for label, values in maps.items():
        mine = _of_label(label, values, thresholds.get(label, DEFAULT_THRESHOLD), least_area_px)
        found.extend(sorted(mine, key=_rank)[:MOST_PER_LABEL])
    return tuple(sorted(found, key=_rank))


def proposed(label: str, values: NDArray[np.floating[Any]], threshold: float) -> NDArray[np.bool_]:
    """Where (H, W) the proposals of a label lie on its map: at or above ``threshold``, for :data:`REACH` also what is
    joined to such places at or above its value there."""
    strong = values >= values.dtype.type(threshold)
    reach = REACH.get(label, threshold)
    if reach >= threshold or not strong.any():
        return strong
    count, names = cv2.connectedComponents((values >= values.dtype.type(reach)).view(np.uint8), connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[names[strong]] = True
    return np.asarray(kept[names])


def _rank(proposal: Proposal) -> tuple[float, str, float, float]:
    return (-proposal.score, proposal.label, proposal.box.y, proposal.box.x)


def _of_label(label: str, values: NDArray[np.floating[Any]], threshold: float, least_area_px: float) -> list[Proposal]:
    mask = proposed(label, values, threshold).view(np.uint8)
    if not mask.any():
        return []
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for number in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[number])
        if area < least_area_px:
            continue
        window = (slice(y, y + h), slice(x, x + w))
        inside = names[window] == number
        score = float(values[window][inside].max())
        found.append(Proposal(label, min(1.0, score), Box(float(x), float(y), float(w), float(h)), float(area),
                              contour=_contour(inside, x, y)))
    return found


def _contour(inside: NDArray[np.bool_], x: int, y: int) -> tuple[tuple[float, float], ...]:
    """The outer outline along pixel borders, source pixels, at most 24 vertices.

    OpenCV's contours run through pixel centres and lose half a pixel all around, which is most of a small lesion: the
    mask is enlarged first, and the loss shrinks with it.
    """
    finer = _FINER if inside.size < _LARGE_PX else 1
    mask = np.asarray(np.kron(inside, np.ones((finer, finer))), np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(outlines, key=cv2.contourArea)
    slack = 0.25 * finer
    points = cv2.approxPolyDP(outline, slack, True).reshape(-1, 2)
    while len(points) > _MOST_VERTICES:
        slack *= 1.5
        points = cv2.approxPolyDP(outline, slack, True).reshape(-1, 2)
    return tuple(((float(px) + 0.5) / finer + x, (float(py) + 0.5) / finer + y) for px, py in points)
