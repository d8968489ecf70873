"""Where an encoder that is trained further sees lesions that are not there: crops are drawn there more often.

Hard negative mining (Sung and Poggio 1998; Felzenszwalb et al. 2010): most of a retina is easy background, and dust on
a sensor or a crossing of vessels is met too seldom to be learned by chance.  Only photographs of training are looked
at, and only places whose truth is known: the inside of a loose box is not, so no unboxed half of a lesion is taken for
a mistake.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.errors import InputProblem
from fineview.core.labels import WORDS, label_for
from fineview.imaging.filters import components
from fineview.lab.array_files import write_arrays
from fineview.lab.real_fundus import CachedPhotograph, Photograph, open_cached, photographs
from fineview.lab.samples import MISTAKEN
from fineview.lab.suggestion_scores import strongest_of_each
from fineview.models.predictor import Predictor
from fineview.models.regions import CELL
from fineview.models.weights import read_manifest

Array = npt.NDArray[Any]
MOST, LEVEL = 40, 0.0  # of each label in a photograph; the logit from which a place counts as seen
OF = "of.json"  # in the folder: whose mistakes it holds
AGAIN = "Resume with --from and the weights the training began with: what is damaged is looked for again."
_NEAR_PX = 12


def find_mistakes(weights: Path, folder: Path, shared: Path, fold: int | None, cache: Path,
                  say: Callable[[str], None]) -> None:
    """Write ``folder``/NAME.npz for every photograph of ``shared`` but those of ``fold``.

    The folder appears when all are there.  What was found before a kill is kept beside it and not looked for again,
    unless it is of other weights or another fold, or damaged; a folder that is there already is judged alike.
    """
    part, of = folder.with_suffix(".part"), {"sha256": read_manifest(weights).sha256, "fold": fold}
    if folder.is_dir():
        if _is_of(folder, of) and not damaged(folder):
            return
        shutil.rmtree(part, ignore_errors=True)
        folder.rename(part)
    chosen = [photo for photo in photographs(shared) if photo.fold != fold]
    predictor = Predictor.load(weights)
    _begin(part, of)
    for number, photo in enumerate(chosen):
        if not _is_sound(_file(part, photo)):
            write_arrays(_file(part, photo), {MISTAKEN: _of_photograph(predictor, open_cached(photo, cache))})
        if number % 20 == 0:
            say(f"mistakes: photograph {number + 1} of {len(chosen)}")
    part.rename(folder)


def damaged(folder: Path) -> tuple[Path, ...]:
    """The files of a finished folder that cannot be read."""
    return tuple(path for path in sorted(folder.glob("*.npz")) if not _is_sound(path))


def open_with_mistakes(photo: Photograph, cache: Path, folder: Path) -> CachedPhotograph:
    """A cached photograph whose ``spots`` also tell where the encoder erred, as far as it was looked at.

    Raises ``InputProblem`` ``truncated`` where that cannot be read.
    """
    drawn = open_cached(photo, cache)
    if not _file(folder, photo).is_file():  # a photograph that was added since
        return drawn
    found = _read(_file(folder, photo))
    return replace(drawn, spots={**drawn.spots, MISTAKEN: found}) if len(found) else drawn


def _begin(part: Path, of: dict[str, Any]) -> None:
    """Make sure that ``part`` is there and says whose it is; what it held of others goes."""
    if not _is_of(part, of):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        beside = (part / OF).with_suffix(".part")
        beside.write_text(json.dumps(of), encoding="utf-8")
        os.replace(beside, part / OF)


def _is_of(folder: Path, of: dict[str, Any]) -> bool:
    return (folder / OF).is_file() and (folder / OF).read_bytes() == json.dumps(of).encode()


def _is_sound(path: Path) -> bool:
    try:
        _read(path)
    except InputProblem:
        return False
    return True


def _read(path: Path) -> Array:
    """(n, 2) int32 x, y of one file.  Raises ``InputProblem`` ``truncated``."""
    try:
        with path.open("rb") as stream, np.load(stream) as held:  # numpy leaves a damaged file open
            return np.asarray(held[MISTAKEN], np.int32).reshape(-1, 2)
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputProblem(f"{path.parent.name}/{path.name} of this training is damaged ({type(error).__name__}).",
                           AGAIN, "truncated") from error


def _file(folder: Path, photo: Photograph) -> Path:
    return folder / f"{photo.name}.npz"


def _of_photograph(predictor: Predictor, drawn: CachedPhotograph) -> Array:
    """(n, 2) int32 x, y of the strongest points of what was seen and is not there."""
    encoding = predictor.encode(np.ascontiguousarray(drawn.rgb))
    step_y, step_x = encoding.where.stride_px(CELL)
    seen = encoding.placed_logits
    spots = [np.zeros((0, 2), np.int32)]
    for number, word in enumerate(WORDS):
        if not label_for(word).lesion:
            continue
        count, names, _, _ = components(seen[number] >= LEVEL)
        peak = strongest_of_each(seen[number], names, count)
        peak = peak[np.argsort(-seen[number].ravel()[peak], kind="stable")]
        row, column = np.divmod(peak, seen.shape[2])
        places = np.stack([(column + 0.5) * step_x, (row + 0.5) * step_y], 1).astype(np.int32)
        wrong = [place for place in places if _absent(drawn, place, np.uint8(1 << number))]
        spots.append(np.array(wrong[:MOST], np.int32).reshape(-1, 2))
    return np.concatenate(spots)


def _absent(drawn: CachedPhotograph, place: Array, bit: np.uint8) -> bool:
    x, y = (int(value) for value in place)
    near = (slice(max(0, y - _NEAR_PX), y + _NEAR_PX + 1), slice(max(0, x - _NEAR_PX), x + _NEAR_PX + 1))
    known, hit = np.asarray(drawn.known[near]), np.asarray(drawn.hit[near])
    return known.size > 0 and bool((known & bit).all()) and not (hit & bit).any()
