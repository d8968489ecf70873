"""Phantom B-scans of every maker's look under real ones, for a person to judge: does anything give them away?

Run ``python -m fineview.lab.oct_sheet OUT.png [DATA]``; DATA is the folder of the model card's pictures, without it
only phantoms are shown.  Odd columns are the pixels, even ones the same pixels with what is known of them drawn in: the
three lines, drusen green, fluid blue, foci magenta.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.labels import LAYERS
from fineview.imaging.filters import resize_area
from fineview.lab.layer_truth import diagnosed_scans, spectralis_scans
from fineview.lab.oct_device import MAKERS
from fineview.lab.phantom_oct import BScanPhantom, bscan

Array = npt.NDArray[Any]
CELL = (248, 256)
TINTS = {"drusen": (0, 200, 0), "fluid": (0, 110, 255), "hyperreflective_focus": (255, 0, 255)}
LINES = dict(zip(LAYERS, ((255, 255, 0), (255, 60, 60), (0, 255, 255)), strict=True))


def sheet(data: Path | None, seed: int = 0, columns: int = 4) -> Array:
    """One row of real B-scans where ``data`` holds them, then a row a maker.  RGB uint8."""
    rows = []
    if data is not None:
        drawn = [cell(scan.grey, {}, {name: line - 0.5 for name, line in scan.lines.items()})
                 for scan in spectralis_scans(data)[::12][:columns // 2]]
        plain = [cell(grey, {}, {}) for _, grey, _ in list(diagnosed_scans(data))[::6][:columns - len(drawn)]]
        rows.append(drawn + plain)
    for number, maker in enumerate(MAKERS):
        rows.append([of_phantom(bscan(seed + 100 * number + k, (496, 512), maker)) for k in range(columns)])
    blank = np.zeros((CELL[0], 2 * CELL[1], 3), np.uint8)
    return np.vstack([np.hstack((row + [blank] * columns)[:columns]) for row in rows if row])


def of_phantom(phantom: BScanPhantom) -> Array:
    return cell(phantom.image, phantom.masks, phantom.lines)


def cell(grey: Array, masks: dict[str, Array], lines: dict[str, Array]) -> Array:
    """The picture, and beside it the picture with its truth; lines count from the middle of the first row."""
    plain = np.repeat(grey[..., None], 3, 2)
    marked = plain.astype(np.float32)
    for word, mask in masks.items():
        marked[mask] = 0.5 * marked[mask] + 0.5 * np.array(TINTS[word], np.float32)
    for name, colour in LINES.items():
        rows = lines.get(name, np.full(grey.shape[1], np.nan))
        seen = np.flatnonzero(np.isfinite(rows))
        marked[np.clip(np.round(rows[seen]), 0, len(grey) - 1).astype(int), seen] = colour
    both = (plain, np.clip(marked, 0, 255).astype(np.uint8))
    return np.hstack([np.asarray(resize_area(one, CELL)) for one in both])


def main(words: list[str]) -> int:
    """Write the sheet named on the command line."""
    Image.fromarray(sheet(Path(words[1]) if len(words) > 1 else None)).save(words[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
