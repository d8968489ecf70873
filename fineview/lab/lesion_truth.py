"""Reading lesion labels for evaluation: YOLO boxes or one PNG mask per class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.errors import InputProblem
from fineview.core.labels import WORDS
from fineview.imaging.filters import components
from fineview.lab.fundus_truth import BOX_WORDS
from fineview.lab.real_fundus import MASK_CODES

Boxes = npt.NDArray[np.float64]
_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photograph and what is known of it.

    ``boxes`` word -> (n, 4) x0, y0, x1, y1 in pixels, corners of pixels, empty where the class is known absent;
    a word that is missing is unknown.  ``masks`` word -> (H, W) bool where pixels were drawn.
    """

    path: Path
    boxes: dict[str, Boxes]
    masks: dict[str, npt.NDArray[np.bool_]]


def photo_paths(images: Path, labels: Path) -> tuple[Path, ...]:
    """Photographs in ``images`` with labels in ``labels``, by name.  Raises ``InputProblem`` where there is none."""
    for folder in (images, labels):
        if not folder.is_dir():
            raise InputProblem(f"There is no folder {folder}.", "Give the folder of photographs and that of labels.",
                               "not-found")
    found = tuple(path for path in sorted(images.iterdir())
                  if path.suffix.lower() in _SUFFIXES and not _is_mask(path) and _label_files(path, labels))
    if not found:
        raise InputProblem(f"No photograph in {images} has a label in {labels}.",
                           "Labels are NAME.txt (YOLO boxes) or NAME_MA.png, NAME_HE.png, ... beside the same NAME.",
                           "empty")
    return found


def read_truth(path: Path, labels: Path, size: tuple[int, int]) -> LabelledPhoto:
    """Labels of one photograph of ``size`` = (height, width).  Raises ``InputProblem`` for a damaged label."""
    files = _label_files(path, labels)
    if files.get("boxes"):
        return LabelledPhoto(path, _yolo(files["boxes"], size), {})
    masks = {word: _mask(file, size) for word, file in files.items()}
    return LabelledPhoto(path, {word: (_whole_box if word == "optic_disc" else component_boxes)(mask)
                                for word, mask in masks.items()}, masks)


def _label_files(path: Path, labels: Path) -> dict[str, Path]:
    codes = [(code, word) for code, word in MASK_CODES.items()] + [(word, word) for word in WORDS]
    masks = {word: labels / f"{path.stem}_{code}.png" for code, word in codes
             if (labels / f"{path.stem}_{code}.png").is_file()}
    boxes = labels / f"{path.stem}.txt"
    return masks or ({"boxes": boxes} if boxes.is_file() else {})


def _is_mask(path: Path) -> bool:
    return any(path.stem.endswith(f"_{code}") for code in (*MASK_CODES, *WORDS, "vessel"))


def _yolo(path: Path, size: tuple[int, int]) -> dict[str, Boxes]:
    height, width = size
    found: dict[str, list[list[float]]] = {word: [] for word in BOX_WORDS.values()}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, cx, cy, w, h = (float(part) for part in line.split())
            word = BOX_WORDS[int(kind)]
        except (ValueError, KeyError) as trouble:
            raise InputProblem(f"Line {number} of {path.name} is not a box.",
                               "A line is: class cx cy w h, class 0, 1 or 2, the rest fractions of the picture.",
                               "not-a-label") from trouble
        found[word].append([(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height])
    return {word: np.array(rows, np.float64).reshape(-1, 4) for word, rows in found.items()}


def _mask(path: Path, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    mask = np.asarray(Image.open(path).convert("L")) > 0
    if mask.shape != size:
        raise InputProblem(f"{path.name} is {mask.shape[1]}x{mask.shape[0]}, its photograph {size[1]}x{size[0]}.",
                           "Masks must have the size of their photograph.", "not-a-label")
    return mask


def _whole_box(mask: npt.NDArray[np.bool_]) -> Boxes:
    """The one box of an eye's one disc: vessels drawn over it may cut its mask into many patches."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return np.zeros((0, 4), np.float64)
    return np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float64)


def component_boxes(mask: npt.NDArray[np.bool_]) -> Boxes:
    """(n, 4) x0, y0, x1, y1 of the connected parts of a (H, W) mask, corners of pixels."""
    _, _, boxes, _ = components(mask)
    x, y, w, h = (boxes[1:, k].astype(np.float64) for k in range(4))
    return np.stack([x, y, x + w, y + h], 1)
