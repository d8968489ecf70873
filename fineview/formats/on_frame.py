"""The frame an object is to be laid on, as the reading child knows it, and whether two grids lie in one plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from fineview.core.companion import Reference
from fineview.core.geometry import Box
from fineview.formats.plane import SAME_PX, Plane, plane_of
from fineview.formats.values import Groups, integer, text

_PARALLEL = 1e-4
_SAME_PLANE_MM = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One frame of an image.  ``frames``: how many its file holds."""

    dataset: Dataset
    sop_uid: str
    frame: int
    frames: int
    rows: int
    cols: int
    frame_of_reference_uid: str
    plane: Plane | None

    def is_meant(self, reference: Reference) -> bool:
        """Whether a reference names this frame, or its file as a whole."""
        return reference.sop_uid == self.sop_uid and (not reference.frames or self.frame in reference.frames)


def target_of(dataset: Dataset, frame: int) -> Target:
    """Raises ``ValueError`` where the header has no size."""
    rows, cols = integer(dataset, "Rows"), integer(dataset, "Columns")
    if not rows or not cols:
        raise ValueError("no picture")
    return Target(dataset, text(dataset, "SOPInstanceUID"), frame, integer(dataset, "NumberOfFrames") or 1, rows, cols,
                  text(dataset, "FrameOfReferenceUID"), plane_of(dataset, Groups(dataset), frame))


def grid_box(own: Plane, target: Plane, said_to_be_on: bool) -> tuple[Box | None, str]:
    """The rectangle of target pixels that a grid covers; None, and why, where it is none or lies elsewhere.

    ``said_to_be_on``: the file names this frame, so that lying elsewhere is a contradiction and must be told.
    """
    placed, away = target.to_source(own.corners_mm())
    off = float(np.abs(away).max())
    if off > _SAME_PLANE_MM + SAME_PX * (target.thickness_mm or 0.0):
        return None, f"Its plane lies {off:.2f} mm away from the image it names." if said_to_be_on else ""
    right, down = placed[1] - placed[0], placed[3] - placed[0]
    size = float(max(np.abs(right).max(), np.abs(down).max()))
    if abs(right[1]) > _PARALLEL * size or abs(down[0]) > _PARALLEL * size or right[0] <= 0 or down[1] <= 0:
        return None, "Its grid is turned against the image's."
    x, y, w, h = float(placed[0, 0]), float(placed[0, 1]), float(right[0]), float(down[1])
    if x + w <= 0 or y + h <= 0 or x >= target.cols or y >= target.rows:
        return None, "It lies outside the image."
    whole = np.abs(placed[[0, 2]] - [[0, 0], [target.cols, target.rows]]).max() <= SAME_PX
    return Box(0.0, 0.0, float(target.cols), float(target.rows)) if whole else Box(x, y, w, h), ""
