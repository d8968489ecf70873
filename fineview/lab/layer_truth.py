"""B-scans whose boundaries or diagnosis are known, for measuring alone: nothing here is ever trained on.

Rows count from the top edge of the first row, as everywhere in this project: the middle of the pixel in row 3 lies at
3.5.  Sets, below the folder of the model card's pictures:

* ``B_ground_truth/spectralis_drusen`` (GPL-3.0): one volume of one eye with drusen, RPE and BM drawn by an expert as
  pixels brighter than 127 (255, in one scan 170) and of 127;
* ``B_ground_truth/zeiss_layers`` (MIT): grey = 30 x layer from 0 (nerve fibres) to 7 (RPE), 8 outside the retina;
* ``E_retina/oct_kermany`` and ``oct_octdl_outlined`` (CC BY 4.0): the diagnosis stands in the file's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.errors import InputProblem

BM_VALUE = 127
ZEISS_STEP, ZEISS_LAYERS = 30, 8


@dataclass(frozen=True, slots=True)
class LabelledScan:
    """``grey`` (H, W) uint8; ``lines`` name -> (W,) rows, NaN where nobody drew."""

    name: str
    grey: npt.NDArray[np.uint8]
    lines: dict[str, npt.NDArray[np.float64]]


def root_of(data: Path) -> Path:
    return data / "data" if (data / "data").is_dir() else data


def drawn_scans(images: Path, labels: Path) -> list[LabelledScan]:
    """Every picture of ``images`` with its lines in ``labels``: ``NAME.png``, or ``K-layers.png`` for ``K-Input``.

    Raises ``InputProblem`` where there is none, or a picture and its lines differ in size.
    """
    found = []
    for path in sorted(images.glob("*"), key=lambda one: (len(one.stem), one.stem)):
        lines = next((labels / name for name in (f"{path.stem}.png", f"{path.stem.removesuffix('-Input')}-layers.png")
                      if (labels / name).is_file() and labels / name != path), None)
        if lines is None:
            continue
        grey, drawn = _grey(path), _grey(lines)
        if grey.shape != drawn.shape:
            raise InputProblem(f"{path.name} and {lines.name} differ in size.",
                               "Draw the lines on the scan's own grid.", "size")
        found.append(LabelledScan(path.stem, grey, {"RPE": _mean_rows(drawn > BM_VALUE),
                                                    "BM": _mean_rows(drawn == BM_VALUE)}))
    if not found:
        raise InputProblem(f"{images} holds no B-scan with lines in {labels}.",
                           "Lines are NAME.png with RPE as 255 and BM as 127.", "empty")
    return found


def spectralis_scans(data: Path) -> list[LabelledScan]:
    """The expert's B-scans; none where the set is not there."""
    folder = root_of(data) / "B_ground_truth" / "spectralis_drusen"
    return drawn_scans(folder / "bscan", folder / "layers") if folder.is_dir() else []


def zeiss_scans(data: Path) -> list[LabelledScan]:
    """ILM and BM of the layer pictures: the upper edge of the first layer and the lower edge of the last."""
    folder = root_of(data) / "B_ground_truth" / "zeiss_layers"
    found = []
    for path in sorted((folder / "img").glob("*.png")):
        inside = _grey(folder / "mask" / path.name) // ZEISS_STEP < ZEISS_LAYERS
        known = inside.any(0)
        top = np.where(known, inside.argmax(0), np.nan)
        bottom = np.where(known, len(inside) - inside[::-1].argmax(0), np.nan)
        found.append(LabelledScan(path.stem, _grey(path), {"ILM": top, "BM": bottom}))
    return found


def diagnosed_scans(data: Path) -> Iterator[tuple[str, npt.NDArray[np.uint8], bool]]:
    """``(name, grey, diseased)``: names that begin with NORMAL are healthy, all others are not."""
    root = root_of(data) / "E_retina"
    scans = [*(root / "oct_kermany").glob("*.jpeg"),
             *(path for path in (root / "oct_octdl_outlined").glob("*.png")
               if not path.stem.startswith("outlined") and not path.stem.endswith("_lesion"))]
    for path in sorted(scans):
        yield path.stem, _grey(path), not path.stem.startswith("NORMAL")


def _grey(path: Path) -> npt.NDArray[np.uint8]:
    try:
        return np.asarray(Image.open(path).convert("L"))
    except OSError as trouble:
        raise InputProblem(f"{path.name} is not a picture that can be read.",
                           "Remove it from the folder or replace it.", "not-an-image") from trouble


def _mean_rows(drawn: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The middle of a column's drawn pixels; NaN where none is."""
    count = drawn.sum(0)
    rows = ((np.arange(len(drawn)) + 0.5)[:, None] * drawn).sum(0) / np.maximum(count, 1)
    return np.where(count > 0, rows, np.nan)
