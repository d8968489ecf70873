"""Real photographs with their labels, brought to one scale and kept as memory-mapped arrays.

Scale: a 4288x2848 IDRiD photograph becomes 2304 px wide, so its field of view is about 1843 px
across; photographs of other cameras are brought to the same diameter.  Each cached photograph is
three files: ``NAME.rgb.npy`` uint8 (H, W, 3), ``NAME.hit.npy`` and ``NAME.known.npy`` uint8 (H, W) whose bit
``k`` belongs to class ``k`` of ``fineview.core.labels.WORDS``: the pixel shows it; its truth is known.

Data: IDRiD (Porwal et al. 2018, doi:10.3390/data3030025, CC BY 4.0), CODRAS boxes (CC BY-SA 4.0), HRF
(Budai et al. 2013, CC BY 4.0), Kermany et al. 2018 OCT (CC BY 4.0).  Nothing here trains on GPL data.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.labels import WORDS
from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.filters import components, resize_area, resize_linear
from fineview.lab.array_files import write_arrays
from fineview.lab.fundus_truth import Truth, box_truth, mask_truth

Array = npt.NDArray[Any]
FOLDS = 5
NOMINAL_WIDTH = 2304
_GENERATION = "real_6"  # raise when scale or truth rules change, so that stale files are not read
_IDRID_WIDTH = 4288
_NOMINAL_DIAMETER = 1843.0
_SETS = {"masks": "E_retina/fundus_idrid_masks", "exudates": "E_retina/fundus_idrid_ex_only",
         "boxes": "E_retina/fundus_idrid_boxes", "boxes_first": "B_ground_truth/idrid_codras_boxes",
         "hrf": "E_retina/fundus_hrf"}
MASK_CODES = {"MA": "microaneurysm", "HE": "haemorrhage", "EX": "hard_exudate", "SE": "soft_exudate",
              "OD": "optic_disc"}


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph of the shared sets: where it is, which labels it has, and its fold (0..4) by photograph."""

    name: str
    kind: str
    path: Path
    fold: int


@dataclass(frozen=True, slots=True)
class CachedPhotograph:
    """Memory-mapped arrays of one photograph; ``negative`` is the weight of known-absent pixels."""

    rgb: Array
    hit: Array
    known: Array
    negative: float
    spots: dict[str, Array]


def photographs(shared: Path) -> tuple[Photograph, ...]:
    """List the photographs under ``shared``/data or ``shared``, with folds that keep copies of a photo together."""
    root = shared / "data" if (shared / "data").is_dir() else shared
    twins = _twins(root / "E_retina" / "CATALOGUE.csv")
    found: list[tuple[str, str, Path, str]] = []
    for kind, folder in _SETS.items():
        for path in sorted((root / folder).glob("*.jpg")):
            number = re.fullmatch(r"\d{4}", path.stem)
            own = f"codras{path.stem}" if number else ("hrf" if kind == "hrf" else "") + path.stem
            key = own if number else twins.get(path.stem, own)
            found.append((f"{kind}_{path.stem}", kind, path, key))
    keys = _merge_lookalikes(found)
    return tuple(Photograph(name, kind, path, _fold(keys[name])) for name, kind, path, _ in found)


def is_healthy(photo: Photograph) -> bool:
    """Whether it is an eye that its publishers call healthy (HRF)."""
    return photo.kind == "hrf" and photo.path.stem.endswith("_h")


def oct_pictures(shared: Path) -> tuple[Path, ...]:
    """The CC BY B-scans (Kermany et al.) used only as examples of the OCT domain."""
    root = shared / "data" if (shared / "data").is_dir() else shared
    return tuple(sorted((root / "E_retina" / "oct_kermany").glob("*.jpeg")))


def open_cached(photo: Photograph, cache: Path) -> CachedPhotograph:
    """Open the cached arrays of ``photo``, making them first where they are missing."""
    stem = cache / _GENERATION / photo.name
    if not stem.with_suffix(".spots.npz").exists():
        _build(photo, stem)
    return read_cached(stem, 0.4 if photo.kind.startswith("boxes") else 1.0)


def read_cached(stem: Path, negative: float) -> CachedPhotograph:
    """Map the four files of one cached photograph."""
    spots = dict(np.load(stem.with_suffix(".spots.npz")))
    planes = [np.load(stem.with_suffix(f".{part}.npy"), mmap_mode="r") for part in ("rgb", "hit", "known")]
    return CachedPhotograph(planes[0], planes[1], planes[2], negative, spots)


def _build(photo: Photograph, stem: Path) -> None:
    rgb = np.asarray(Image.open(photo.path).convert("RGB"))
    factor = _scale(photo.kind, rgb)
    size = (round(rgb.shape[0] * factor), round(rgb.shape[1] * factor))
    rgb = (resize_area if factor < 1 else resize_linear)(rgb, size)
    view = field_of_view(rgb)
    rows, columns = np.flatnonzero(view.any(1)), np.flatnonzero(view.any(0))
    crop = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    truth = _truth(photo, rgb, view, size)
    write_cached(stem, rgb[crop], truth.hit[crop], truth.known[crop], view[crop])


def write_cached(stem: Path, rgb: Array, hit: Array, known: Array, view: Array) -> None:
    """Write the four files of a cached photograph; the last one written marks it complete."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for part, plane in (("rgb", rgb), ("hit", hit), ("known", known)):
        _write(stem.with_suffix(f".{part}.npy"), np.ascontiguousarray(plane))
    spots = {word: lesion_spots(hit, k) for k, word in enumerate(WORDS)}
    spots["any"] = _inside(view)
    spots["view8"] = view[4::8, 4::8]
    write_arrays(stem.with_suffix(".spots.npz"), {k: v for k, v in spots.items() if len(v)})


def _truth(photo: Photograph, rgb: Array, view: Array, size: tuple[int, int]) -> Truth:
    if photo.kind in ("masks", "exudates"):
        files = {word: photo.path.with_name(f"{photo.path.stem}_{code}.png") for code, word in MASK_CODES.items()}
        planes = {word: _mask(file, size) for word, file in files.items() if file.exists()}
        return mask_truth(planes, view)
    if photo.kind.startswith("boxes"):
        lines = photo.path.with_suffix(".txt").read_text().split("\n")
        return box_truth(rgb, view, [tuple(float(v) for v in line.split()) for line in lines if line.strip()])
    healthy = is_healthy(photo)
    blank = np.zeros(size, bool)
    lesions = ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")
    return mask_truth(dict.fromkeys(lesions, blank) if healthy else {}, view)


def _mask(path: Path, size: tuple[int, int]) -> Array:
    plane = (np.asarray(Image.open(path).convert("L")) > 0).astype(np.float32)
    return (resize_area if plane.shape[0] > size[0] else resize_linear)(plane, size) >= 0.5


def _scale(kind: str, rgb: Array) -> float:
    if kind == "hrf":
        columns = np.flatnonzero(field_of_view(rgb).any(0))
        return _NOMINAL_DIAMETER / (columns[-1] - columns[0] + 1)
    native = 1.0 if rgb.shape[0] > 2000 else 2.0  # half-size copies of the 4288-wide photographs
    return native * NOMINAL_WIDTH / _IDRID_WIDTH


def _write(path: Path, plane: Array) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, plane)
    part.replace(path)


def lesion_spots(hit: Array, k: int, limit: int = 400) -> Array:
    """One pixel (x, y) of each connected patch of class ``k``, at most ``limit``: where crops may be centred.

    One per patch, so that a microaneurysm is visited as often as a large bleed.
    """
    _, labels, _, _ = components(hit & np.uint8(1 << k))
    flat = np.flatnonzero(labels)
    flat = flat[np.unique(labels.ravel()[flat], return_index=True)[1]] if len(flat) else flat
    flat = flat[np.linspace(0, len(flat) - 1, min(limit, len(flat))).astype(int)] if len(flat) else flat
    return np.stack([flat % hit.shape[1], flat // hit.shape[1]], 1).astype(np.int32)


def _inside(view: Array) -> Array:
    flat = np.flatnonzero(view)
    flat = flat[np.linspace(0, len(flat) - 1, 400).astype(int)]
    return np.stack([flat % view.shape[1], flat // view.shape[1]], 1).astype(np.int32)


def _twins(catalogue: Path) -> dict[str, str]:
    """IDRiD name -> CODRAS number, as the catalogue's notes state it."""
    pairs: dict[str, str] = {}
    if catalogue.exists():
        with catalogue.open(newline="") as file:
            for row in csv.DictReader(file):
                note = re.search(r"(?:=|photo as) codras (\d{4})", row["note"])
                if note and row["path"].endswith(".jpg"):
                    pairs[Path(row["path"]).stem] = f"codras{note.group(1)}"
    return pairs


def _merge_lookalikes(found: list[tuple[str, str, Path, str]]) -> dict[str, str]:
    """Give photographs with nearly equal thumbnails one key: a stated twin may be missing from the notes."""
    keys = {name: key for name, _, _, key in found}
    prints = {name: _thumbprint(path) for name, _, path, _ in found}
    names = list(prints)
    table = np.stack([prints[name] for name in names]) if names else np.zeros((0, 1))
    likeness = table @ table.T
    for i, j in np.argwhere(np.triu(likeness > 0.985, 1)):
        old, new = keys[names[j]], keys[names[i]]
        keys = {name: new if key == old else key for name, key in keys.items()}
    return keys


def _thumbprint(path: Path) -> Array:
    picture = Image.open(path)
    picture.draft("L", (268, 178))
    grey = np.asarray(picture.convert("L"), np.float32)
    side = min(grey.shape)
    left = (grey.shape[1] - side) // 2
    small = resize_area(grey[:, left:left + side], (64, 64))
    fine = small - resize_linear(resize_area(small, (8, 8)), (64, 64))  # global shading is alike in all retinas
    flat = fine.ravel()
    return np.asarray(flat / (np.linalg.norm(flat) + 1e-6))


def _fold(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0] % FOLDS
