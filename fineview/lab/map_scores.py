"""How good a heat map is: where it points, where its energy lies, and whether the model agrees with it.

* pointing game (Zhang et al., IJCV 2018): the map's maximum lies on the structure;
* energy (Wang et al., Score-CAM, 2020): the share of the map's sum that lies on the structure;
* deletion and insertion (Petsiuk et al., RISE, arXiv 1806.07421): cells are removed from the picture, or brought back
  into a blurred one, in the order of the map; the area under the model's own score.  Low deletion and high insertion
  mean that the map knows what the model used.  Few steps, unevenly spaced: lesions are the first hundredths of an area.

Maps are (H, W) float in [0, 1]; masks (H, W) bool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, resize_area

Array = npt.NDArray[Any]
Picture = npt.NDArray[np.uint8]
Score = Callable[[Picture], float]
STEPS = 4
CELL_PX = 32


def energy(values: Array, view: Array, mask: Array) -> float | None:
    """Share of the map's sum inside the view that lies on the mask; ``None`` without mask or without map."""
    total = float(values[view].sum())
    return float(values[view & mask].sum()) / total if total > 0 and (view & mask).any() else None


def boxes_mask(boxes: Array, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Boxes (n, 4) x0, y0, x1, y1 as a mask of ``shape``; a box covers every pixel that it touches."""
    mask = np.zeros(shape[:2], np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[max(int(y0), 0):int(np.ceil(y1)), max(int(x0), 0):int(np.ceil(x1))] = True
    return mask


def fractions(steps: int = STEPS) -> Array:
    """Shares of the picture that are removed, from 0 to 1, squared so that the first steps are fine."""
    return np.linspace(0.0, 1.0, steps + 1) ** 2


def ranks(values: Array, seed: int) -> Array:
    """Rank of each cell of 32 px, 0 for the first to go; equal cells in an order drawn from ``seed``.  int (h, w)."""
    height, width = max(1, values.shape[0] // CELL_PX), max(1, values.shape[1] // CELL_PX)
    cells = resize_area(values.astype(np.float32), (height, width)).ravel()
    ties = np.random.default_rng([seed, cells.size]).random(cells.size)
    order = np.lexsort((ties, -cells))
    place = np.empty(cells.size, np.int64)
    place[order] = np.arange(cells.size)
    return place.reshape(height, width)


def covered(place: Array, fraction: float, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """The first ``fraction`` of the cells as pixels (H, W)."""
    first = place < round(fraction * place.size)
    rows = np.minimum(np.arange(shape[0]) * place.shape[0] // shape[0], place.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) * place.shape[1] // shape[1], place.shape[1] - 1)
    return np.asarray(first[np.ix_(rows, columns)])


def area(scores: Array, shares: Array) -> float:
    """Area under the scores over the shares, by trapezes: 1 for a score of 1 all along."""
    return float(np.sum((scores[1:] + scores[:-1]) / 2 * np.diff(shares)))


def blurred(rgb: Picture) -> Picture:
    """Nothing finer than a fiftieth of the picture's width is left: where insertion begins."""
    return np.asarray(gaussian(rgb, rgb.shape[1] / 50))


def emptied(rgb: Picture) -> Picture:
    """The picture's mean colour all over: what deletion leaves."""
    return np.broadcast_to(np.rint(rgb.mean((0, 1))).astype(np.uint8), rgb.shape).copy()


def deletion_insertion(rgb: Picture, maps: Mapping[str, Array], score: Score, seed: int = 0, steps: int = STEPS,
                       tick: Callable[[], None] = lambda: None) -> dict[str, tuple[float, float]]:
    """Areas (deletion, insertion) of each map of one picture (H, W, 3).

    ``score`` is the model's evidence in [0, 1] for a picture; the two ends of both curves are scored once for all maps.
    """
    shares, blank, soft = fractions(steps), emptied(rgb), blurred(rgb)
    whole, nothing, start = score(rgb), score(blank), score(soft)
    found = {}
    for name, values in maps.items():
        place = ranks(values, seed)
        removed, brought = [whole], [start]
        for share in shares[1:-1]:
            gone = covered(place, float(share), rgb.shape)[..., None]
            removed.append(score(np.where(gone, blank, rgb)))
            brought.append(score(np.where(gone, rgb, soft)))
            tick()
        found[name] = (area(np.array([*removed, nothing]), shares), area(np.array([*brought, whole]), shares))
    return found
