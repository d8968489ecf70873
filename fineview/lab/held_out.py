"""The photographs that training never saw, laid out as two folders that any evaluation can read."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from fineview.core.errors import InputProblem
from fineview.core.labels import label_for
from fineview.lab.real_fundus import MASK_CODES, is_healthy, photographs

KINDS = {"boxes": ("boxes", "boxes_first"), "masks": ("masks",)}


def lay_out(data: Path, fold: int, labelled: str, folder: Path, healthy: bool = False) -> Path:
    """Link the photographs of ``fold`` with their labels into ``folder``; returns it.

    ``labelled``: "boxes" (loose YOLO boxes) or "masks" (one PNG a class).  A photograph that stands in two sets of the
    same kind is taken once.  ``healthy`` adds the fold's eyes that their publishers call healthy, with empty masks.
    Raises ``InputProblem`` where ``data`` holds none of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for photo in photographs(data):
        stem = photo.path.stem
        extra = healthy and is_healthy(photo)
        if photo.fold != fold or not (extra or photo.kind in KINDS[labelled]) or stem in taken:
            continue
        taken.add(stem)
        if extra:
            _empty_masks(photo.path, folder)
        beside = [photo.path, photo.path.with_suffix(".txt"),
                  *(photo.path.with_name(f"{stem}_{code}.png") for code in MASK_CODES)]
        for path in beside:
            if path.is_file():
                (folder / path.name).symlink_to(path.resolve())
    if not taken:
        raise InputProblem(f"{data} holds none of the photographs that were kept from training.",
                           "Give the folder of photographs named in the model card.", "empty")
    return folder


def _empty_masks(path: Path, folder: Path) -> None:
    with Image.open(path) as picture:
        blank = Image.new("L", picture.size)
    for code, word in MASK_CODES.items():
        if label_for(word).lesion:
            blank.save(folder / f"{path.stem}_{code}.png")
