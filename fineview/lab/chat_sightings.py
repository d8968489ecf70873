"""What the frozen encoder sees of regions that questions are asked about, made once and kept on disk.

The decoder of the chat trains on these alone, so that it trains in minutes on one core.  A file holds one picture: the
visual tokens of its regions, the encoder's evidence there, and what is true of each.  Folders are named by the
encoder's hash and its calibration, so that others make other files, and files by the picture, so that a run which was
stopped goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.labels import WORDS, label_for
from fineview.core.region import Region
from fineview.imaging.region_mask import region_mask
from fineview.imaging.window import to_rgb
from fineview.lab.array_files import write_arrays
from fineview.lab.lesion_truth import read_truth
from fineview.lab.phantom_other import other
from fineview.lab.question_regions import alone, beside_the_retina, overlaps, twins
from fineview.lab.question_scenes import Scene, fundus_scene, oct_scene, photograph_scene
from fineview.lab.real_fundus import FOLDS, Photograph, photographs
from fineview.models.encoding import Encoding
from fineview.models.language.visual_tokens import COUNT, FRAME, visual_tokens
from fineview.models.predictor import Predictor

Array = npt.NDArray[Any]
YES, NO, UNKNOWN, UNSEEN = 1, 0, -1, -2  # UNSEEN: no retina there, so nothing may be said
EACH = 5  # regions with a label and as many without, a label and picture
FIRST = 8_000_000  # phantoms for the chat: far from the seeds of the encoder's training and of evaluations
_GENERATION = "sight_3"  # raise when regions, truths or tokens change


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """One picture's regions: ``frame`` (16, C) and ``regions`` (n, 36, C) float16, ``places`` (n, 16) float32;
    ``evidence`` float32 (n, 8), the encoder's chances; ``truth`` int8 (n, 8), a column a label; ``names`` int8 (n,),
    the label that lies there alone, or -1; ``whole`` bool (n,): the region is the whole frame."""

    frame: Array
    regions: Array
    places: Array
    evidence: Array
    truth: Array
    names: Array
    whole: Array


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture before it is drawn or read.  ``held_out``: never trained on."""

    name: str
    make: Callable[[], Scene | None]
    held_out: bool = False


def phantoms(first: int, fundus: int, oct_count: int, others: int) -> Iterator[Picture]:
    """Phantom photographs, phantom B-scans, and pictures of something else, in turns, so that any part is a mixture."""
    kinds: tuple[tuple[str, int, Callable[[int], Scene | None]], ...] = (
        ("fundus", fundus, fundus_scene), ("oct", oct_count, oct_scene), ("other", others, _other_scene))
    made = [(number / max(count, 1), Picture(f"{kind}-{first + number}", lambda s=first + number, d=draw: d(s)))  # type: ignore[misc]
            for kind, count, draw in kinds for number in range(count)]
    yield from (one for _, one in sorted(made, key=lambda pair: pair[0]))


def real(data: Path, fold: int, limit: int) -> Iterator[Picture]:
    """Labelled photographs with pixel masks first, then with boxes: up to ``limit`` to train on, and as many more
    of the fold after ``fold`` apart.

    None of ``fold``, which the encoder never saw either: it is for measuring, and chooses nothing here.
    """
    apart = (fold + 1) % FOLDS
    found = sorted((one for one in photographs(data)
                    if one.kind in ("masks", "boxes", "boxes_first") and one.fold != fold),
                   key=lambda one: one.kind != "masks")
    taken: dict[bool, set[tuple[bool, str]]] = {False: set(), True: set()}
    for photo in found:
        key, kept = (photo.kind == "masks", photo.path.stem), photo.fold == apart
        if key not in taken[kept] and len(taken[kept]) < limit:
            taken[kept].add(key)
            yield Picture(photo.name, lambda one=photo: _photo_scene(one), kept)  # type: ignore[misc]


def _photo_scene(photo: Photograph) -> Scene:
    rgb = np.asarray(Image.open(photo.path).convert("RGB"))
    return photograph_scene(rgb, read_truth(photo.path, photo.path.parent, (rgb.shape[0], rgb.shape[1])))


def _other_scene(seed: int) -> Scene | None:
    pixels, empty = other(seed, (384, 576))
    return None if empty else Scene(pixels, "PICTURE", {}, np.ones(pixels.shape[:2], bool))


def sightings(pictures: Sequence[Picture], encoder: Predictor, cache: Path, say: Callable[[str], None],
              stop: Callable[[], bool] = lambda: False) -> dict[str, Sightings]:
    """Name -> sightings, read from ``cache`` or made; pictures without any region are left out."""
    folder, found = cache / folder_name(encoder), dict[str, Sightings]()
    for number, picture in enumerate(pictures):
        path = folder / f"{picture.name}.npz"
        if not path.is_file():
            if stop():
                continue
            scene = picture.make()
            write_arrays(path, _seen(encoder, scene, picture.name) if scene is not None else {})
            say(f"seen {number + 1} of {len(pictures)}: {picture.name}")
        with np.load(path) as held:
            if len(held.files) and len(held["regions"]):
                found[picture.name] = Sightings(**{name: held[name] for name in held.files})
    return found


def folder_name(encoder: Predictor) -> str:
    """Of the files that these weights, calibrated so, make."""
    calibration = hashlib.sha256(repr(encoder.calibration).encode()).hexdigest()
    return f"{_GENERATION}-{encoder.sha256[:16]}-{calibration[:8]}"


def _seen(encoder: Predictor, scene: Scene, name: str) -> dict[str, Array]:
    rng = np.random.default_rng([len(name), *name.encode()])
    encoding = encoder.encode(to_rgb(Raster(scene.pixels)))
    regions, places, chances, truths, names = [], [], [], [], []
    asked = [(box, *_truth(scene, box, alone_word)) for box, alone_word in _boxes(scene, rng)]
    asked += [(box, np.full(len(WORDS), UNSEEN, np.int8), -1) for box in _unseen(scene, rng)]
    frame: Array = np.zeros(0)
    for box, truth, alone_word in asked:
        tokens, place = visual_tokens(encoding, box)
        frame = tokens[: FRAME * FRAME]
        regions.append(tokens[FRAME * FRAME:])
        places.append(place)
        chances.append(_evidence(encoder, encoding, scene, box))
        truths.append(truth)
        names.append(alone_word)
    assert all(len(one) + FRAME * FRAME == COUNT for one in regions)
    return {"frame": frame.astype(np.float16), "regions": np.array(regions, np.float16), "places": np.array(places),
            "evidence": np.array(chances, np.float32), "truth": np.array(truths, np.int8),
            "names": np.array(names, np.int8), "whole": np.array([box is None for box, _, _ in asked])}


def _evidence(encoder: Predictor, encoding: Encoding, scene: Scene, box: Box | None) -> list[float]:
    rows, cols = scene.view.shape
    mask = np.ones((rows, cols), bool) if box is None else region_mask(Region.from_box(box), rows, cols)
    found = encoder.region_evidence(encoding, mask)
    return [found[word] for word in WORDS]


def _boxes(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[Box | None, str | None]]:
    if not scene.boxes:
        return
    yield None, None
    for one in twins(scene, rng, EACH):
        yield one.box, None
    for one in alone(scene, rng, EACH):
        yield one.box, one.word
        grown = _grown(one.box, scene, rng)
        yield grown, one.word if _only(scene, grown, one.word) else None


def _grown(box: Box, scene: Scene, rng: np.random.Generator) -> Box:
    """The box as a hand draws it: a little too large and not centred."""
    rows, cols = scene.view.shape
    wide, high = (side * rng.uniform(1.0, 1.8) + 2 for side in (box.w, box.h))
    x, y = box.x - rng.uniform(0, wide - box.w), box.y - rng.uniform(0, high - box.h)
    return Box(max(x, 0.0), max(y, 0.0), wide, high).clipped(rows, cols)


def _only(scene: Scene, box: Box, word: str) -> bool:
    return not any(overlaps(box, boxes).any() for name, boxes in scene.boxes.items() if name != word)


def _unseen(scene: Scene, rng: np.random.Generator) -> Iterator[Box | None]:
    if scene.modality == "OP":
        yield from beside_the_retina(scene, rng, 2)
    elif not scene.boxes:
        rows, cols = scene.view.shape
        yield None
        yield Box(cols * rng.uniform(0, 0.6), rows * rng.uniform(0, 0.6), cols * 0.3, rows * 0.3)


def _truth(scene: Scene, box: Box | None, alone_word: str | None) -> tuple[npt.NDArray[np.int8], int]:
    """What is known of each label in the box; half a lesion inside is neither yes nor no."""
    rows, cols = scene.view.shape
    box = Box(0, 0, cols, rows) if box is None else box
    made, domain = np.full(len(WORDS), UNKNOWN, np.int8), "fundus" if scene.modality == "OP" else "oct"
    for number, word in enumerate(WORDS):
        if label_for(word).domain != domain:
            made[number] = UNSEEN
        elif word in scene.boxes:
            made[number] = _holds(scene.boxes[word], box)
    return made, WORDS.index(alone_word) if alone_word is not None else -1


def _holds(boxes: Array, box: Box) -> int:
    """YES, NO or UNKNOWN."""
    hit = boxes[overlaps(box, boxes)]
    if not len(hit):
        return NO
    wide = np.minimum(hit[:, 2], box.x + box.w) - np.maximum(hit[:, 0], box.x)
    high = np.minimum(hit[:, 3], box.y + box.h) - np.maximum(hit[:, 1], box.y)
    share = wide * high / np.maximum((hit[:, 2] - hit[:, 0]) * (hit[:, 3] - hit[:, 1]), 1e-6)
    return YES if (share >= 0.8).any() else UNKNOWN


def split(found: dict[str, Sightings], pictures: Sequence[Picture]
          ) -> tuple[dict[str, Sightings], dict[str, Sightings]]:
    """Those to train on, and those held out."""
    held = {one.name for one in pictures if one.held_out}
    return ({name: one for name, one in found.items() if name not in held},
            {name: one for name, one in found.items() if name in held})
