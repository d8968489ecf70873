"""Pictures of what went wrong: the largest lesions that were missed, the surest suggestions that were wrong.

Chosen by rule and not by hand, so that nobody can choose pretty ones.  The lesion or the suggestion is outlined on
the untouched pixels around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.geometry import Box
from fineview.core.labels import label_for
from fineview.core.region import Region
from fineview.imaging.drawing import draw_region
from fineview.imaging.filters import resize_area, resize_linear
from fineview.lab.figures import Failure
from fineview.lab.suggestion_scores import Suggested

Array = npt.NDArray[Any]
SIDE_PX = 176
LEAST_SIDE = 0.06  # of the picture's width: enough around a small lesion to see where it lies
MISSED_RGB, WRONG_RGB = (255, 209, 102), (102, 217, 194)


@dataclass
class Failures:
    """The worst of each kind over all pictures shown to it; ``most`` of each label and kind, ``source`` whose they are.

    A label's misses are ranked by area, wrong suggestions by score.
    """

    source: str
    most: int = 1
    _kept: dict[tuple[str, str], list[tuple[float, int, Failure]]] = field(default_factory=dict)
    _seen: int = 0

    def look(self, rgb: Array, word: str, boxes: Array, found: Suggested, name: str) -> None:
        """One picture (H, W, 3) uint8, one label: known lesions ``boxes`` (n, 4) and what was suggested."""
        title = label_for(word).title.lower()
        for box, best in zip(boxes, found.best, strict=True):
            if best < 0:
                area = float((box[2] - box[0]) * (box[3] - box[1]))
                self._offer((word, "missed"), area, rgb, box, MISSED_RGB, f"missed {title}, {name}")
        for place, score, right in zip(found.places, found.scores, found.right, strict=True):
            if not right:
                reach = max(4.0, 0.006 * rgb.shape[1])
                box = np.array([*(place - reach), *(place + reach)])
                self._offer((word, "wrong"), float(score), rgb, box, WRONG_RGB,
                            f"suggested as {title} with score {score:.2f}, and none is known there, {name}")

    def _offer(self, key: tuple[str, str], rank: float, rgb: Array, box: Array, colour: tuple[int, int, int],
               words: str) -> None:
        kept = self._kept.setdefault(key, [])
        if len(kept) < self.most or rank > kept[-1][0]:
            self._seen += 1
            kept.append((rank, self._seen, Failure(_crop(rgb, box, colour), words, self.source)))
            kept.sort(key=lambda one: (-one[0], one[1]))
            del kept[self.most:]

    def worst(self) -> tuple[Failure, ...]:
        """Misses first, then wrong suggestions, in the order of the labels as they came."""
        ordered = sorted(self._kept, key=lambda key: key[1] != "missed")
        return tuple(failure for key in ordered for _, _, failure in self._kept[key])


def _crop(rgb: Array, box: Array, colour: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A square around ``box``, ``SIDE_PX`` wide, with the box outlined."""
    high, wide = rgb.shape[:2]
    side = int(min(max(LEAST_SIDE * wide, 1.6 * (box[2] - box[0]), 1.6 * (box[3] - box[1])), high, wide))
    middle = (box[:2] + box[2:]) / 2
    x0, y0 = (int(np.clip(round(at - side / 2), 0, end - side)) for at, end in zip(middle, (wide, high), strict=True))
    part = np.asarray(rgb[y0:y0 + side, x0:x0 + side])
    resize = resize_area if side > SIDE_PX else resize_linear
    shown = np.clip(np.rint(resize(part.astype(np.float32), (SIDE_PX, SIDE_PX))), 0, 255).astype(np.uint8)
    scale = SIDE_PX / side
    outline = Region.from_box(Box((box[0] - x0) * scale, (box[1] - y0) * scale, (box[2] - box[0]) * scale,
                                  (box[3] - box[1]) * scale))
    return draw_region(np.ascontiguousarray(shown), outline, colour)
