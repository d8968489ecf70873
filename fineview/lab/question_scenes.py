"""Pictures to ask about, with the truth that questions are made from: phantoms and labelled photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.labels import LABELS
from fineview.core.study import Eye
from fineview.imaging.field_of_view import field_of_view
from fineview.lab.lesion_truth import LabelledPhoto, component_boxes
from fineview.lab.phantom_fundus import fundus
from fineview.lab.phantom_oct import AXIAL_MM, LATERAL_MM, bscan

Array = npt.NDArray[Any]
_FIELD_MM = 13.5  # across a 45 degree photograph of a normal-sized eye


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture and what is known of it.

    ``pixels`` uint8 (H, W, 3) or (H, W); ``modality`` "OP" or "OPT"; ``boxes`` word -> (n, 4) x0, y0, x1, y1, empty
    where the label is known absent, missing where it is unknown; ``masks`` word -> (H, W) bool where exact;
    ``view`` (H, W) bool: where a region may lie.
    ``lines`` name -> (W,) rows, for B-scans.
    """

    pixels: npt.NDArray[np.uint8]
    modality: str
    boxes: Mapping[str, Array]
    view: Array
    masks: Mapping[str, Array] = field(default_factory=dict)
    fovea: Point | None = None
    disc: Point | None = None
    side: Eye | None = None
    spacing: Spacing = field(default_factory=Spacing)
    lines: Mapping[str, Array] = field(default_factory=dict)


def fundus_scene(seed: int, size: tuple[int, int] = (512, 768)) -> Scene:
    """A phantom photograph: exact masks, fovea, disc, eye and a scale."""
    made = fundus(seed, size)
    mm = _FIELD_MM / made.diameter_px
    boxes = {word: component_boxes(mask) for word, mask in made.masks.items()}
    return Scene(made.rgb, "OP", boxes, made.field, made.masks, fovea=_corner(made.fovea_xy),
                 disc=_corner(made.disc_xy), side=made.laterality,
                 spacing=Spacing(mm, mm, None, ScaleSource.CALIBRATED))


def oct_scene(seed: int, size: tuple[int, int] = (496, 512)) -> Scene:
    """A phantom B-scan: exact masks, layer lines and a scale that differs by axis."""
    made = bscan(seed, size)
    masks = {word: mask for word, mask in made.masks.items() if word in _OCT}
    rows = np.arange(size[0])[:, None]
    retina = (rows > made.lines["ILM"]) & (rows < made.lines["BM"] + 20)
    return Scene(made.image, "OPT", {word: component_boxes(mask) for word, mask in masks.items()}, retina, masks,
                 spacing=Spacing(AXIAL_MM, LATERAL_MM, None, ScaleSource.CALIBRATED), lines=made.lines)


_OCT = frozenset(label.word for label in LABELS if label.domain == "oct")


def photograph_scene(rgb: npt.NDArray[np.uint8], truth: LabelledPhoto) -> Scene:
    """A labelled photograph: loose boxes or exact masks; no scale and no eye, for the pictures carry none."""
    return Scene(rgb, "OP", truth.boxes, field_of_view(rgb), truth.masks)


def _corner(place: Point) -> Point:
    """From pixel centres at whole numbers to the corner convention of ``core.geometry``."""
    return place[0] + 0.5, place[1] + 0.5
