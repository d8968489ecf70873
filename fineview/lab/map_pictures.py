"""Pictures whose structures are known, for scoring maps: photographs kept from training, one's own, or phantoms."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.errors import WrongWords
from fineview.imaging.field_of_view import field_of_view
from fineview.lab.evaluate import Request
from fineview.lab.evaluate_lesions import read_photo
from fineview.lab.held_out import lay_out
from fineview.lab.lesion_truth import component_boxes, photo_paths, read_truth
from fineview.lab.phantom_fundus import fundus
from fineview.models.weights import read_manifest

Array = npt.NDArray[Any]
PHANTOMS = 12
PHANTOM_SIZE = (1020, 1536)
# Far from the seeds that training draws, so that no phantom here was trained on.
FIRST_PHANTOM = 7_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """One picture and its truth: ``boxes`` word -> (n, 4) x0, y0, x1, y1; ``masks`` word -> (H, W) bool where drawn;
    ``view`` (H, W) bool."""

    name: str
    rgb: npt.NDArray[np.uint8]
    view: npt.NDArray[np.bool_]
    boxes: dict[str, Array]
    masks: dict[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Pictures:
    """A known number of pictures, read one after another, and in words what they are."""

    words: str
    count: int
    each: Iterator[Known]


@contextmanager
def pictures(request: Request, phantoms: int = PHANTOMS) -> Iterator[Pictures]:
    """What the request names: ``--data`` (those kept from training), ``--images`` with ``--labels``, or phantoms."""
    if request.data is None and (request.images is None) != (request.labels is None):
        raise WrongWords("Photographs and labels belong together.", "Give both --images DIR and --labels DIR.")
    if request.data is None and request.images is None:
        seeds = [FIRST_PHANTOM + 1000 * request.seed + number for number in range(phantoms)]
        yield Pictures(f"{phantoms} phantoms, seed {request.seed}", phantoms, (phantom(seed) for seed in seeds))
        return
    with tempfile.TemporaryDirectory() as folder:
        images, labels = request.images, request.labels
        words = "the person's own photographs"
        if request.data is not None:
            fold = int(read_manifest(request.app.encoder_folder()).facts.get("fold", 0))
            images = labels = lay_out(request.data, fold, request.labelled, Path(folder) / "held-out")
            kind = "loose boxes" if request.labelled == "boxes" else "pixel masks"
            words = f"photographs kept from training, {kind}"
        assert images is not None and labels is not None
        paths = photo_paths(images, labels)
        yield Pictures(words, len(paths), (photograph(path, labels) for path in paths))


def photograph(path: Path, labels: Path) -> Known:
    rgb = read_photo(path)
    truth = read_truth(path, labels, rgb.shape[:2])
    return Known(path.stem, rgb, field_of_view(rgb), dict(truth.boxes), dict(truth.masks))


def phantom(seed: int, size: tuple[int, int] = PHANTOM_SIZE) -> Known:
    """A fundus phantom that is ill: each patch of a class is one box."""
    drawn = fundus(seed, size, lesions=True)
    boxes = {word: component_boxes(mask) for word, mask in drawn.masks.items()}
    return Known(f"phantom {seed}", drawn.rgb, drawn.field, boxes, drawn.masks)
