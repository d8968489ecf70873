"""The model's eye: what an encoder saw of a frame beside the file's own pixels, and a loupe on both.

All arrays come from the raster and from the engine, never from a widget, so that zoom and brightness on screen change
nothing here.  Coordinates are source pixels with the corner of the top-left pixel at (0, 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import ModelIdentity, ModelsEye
from fineview.core.geometry import Box, Point
from fineview.core.study import FrameKey

# The loupe shows this many pixels of whichever of the two is coarser, so that each can be counted.
_LOUPE_CELLS = 24


@dataclass(frozen=True, slots=True, eq=False)
class EyeView:
    """``native``: uint8 (H, W, 3), the frame through the file's own window, as it is handed to the encoder."""

    frame: FrameKey
    encoder: str
    model: ModelIdentity
    eye: ModelsEye
    native: NDArray[np.uint8]

    @property
    def step_px(self) -> tuple[float, float]:
        """Source pixels (x, y) under one pixel of the encoder's input."""
        rows, cols = self.native.shape[:2]
        return cols / self.eye.picture.w, rows / self.eye.picture.h

    def on_canvas(self, point: Point) -> Point:
        """A source point in pixels of the encoder's canvas."""
        step_x, step_y = self.step_px
        return self.eye.picture.x + point[0] / step_x, self.eye.picture.y + point[1] / step_y

    def on_source(self, point: Point) -> Point:
        """A canvas point in source pixels; beside the picture it lies outside it."""
        step_x, step_y = self.step_px
        return (point[0] - self.eye.picture.x) * step_x, (point[1] - self.eye.picture.y) * step_y

    def loss_words(self) -> str:
        """How much detail the encoder was given: "1 model pixel = 1.9 x 1.9 source pixels"."""
        step_x, step_y = self.step_px
        words = f"1 model pixel = {step_x:.2g} x {step_y:.2g} source pixels"
        kept = max(step_x, step_y) <= 1.0
        return f"{words}: no detail is lost" if kept else words


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """``pixels`` uint8 (h, w, 3) that cover ``box``, in source pixels."""

    pixels: NDArray[np.uint8]
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Loupe:
    """The same place twice: ``area`` in source pixels, what the file has there and what the encoder was given."""

    area: Box
    native: Patch
    model: Patch


def loupe(view: EyeView, point: Point) -> Loupe | None:
    """Look closely at the source point (x, y); None outside the picture."""
    rows, cols = view.native.shape[:2]
    if not (0 <= point[0] < cols and 0 <= point[1] < rows):
        return None
    step_x, step_y = view.step_px
    half = _LOUPE_CELLS / 2 * max(step_x, step_y, 1.0)
    area = Box(point[0] - half, point[1] - half, 2 * half, 2 * half)
    native = _cut(view.native, area, (0.0, 0.0), (1.0, 1.0))
    return Loupe(area, native, _cut(view.eye.canvas, area, (view.eye.picture.x, view.eye.picture.y), (step_x, step_y)))


def _cut(pixels: NDArray[np.uint8], area: Box, corner: Point, step: Point) -> Patch:
    """The whole pixels that touch ``area``; pixel (0, 0) of the picture lies at ``corner``, each covers ``step``."""
    height, width = pixels.shape[:2]
    left = max(0, math.floor(corner[0] + area.x / step[0]))
    top = max(0, math.floor(corner[1] + area.y / step[1]))
    right = min(width, math.ceil(corner[0] + (area.x + area.w) / step[0]))
    bottom = min(height, math.ceil(corner[1] + (area.y + area.h) / step[1]))
    box = Box((left - corner[0]) * step[0], (top - corner[1]) * step[1],
              (right - left) * step[0], (bottom - top) * step[1])
    return Patch(pixels[top:bottom, left:right], box)
