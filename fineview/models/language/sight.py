"""What a vision-language model sees of a picture: its own preprocessing, and the rectangle under its grid.

Three ways, as the model's ``preprocessor_config.json`` says: *stretch* to a square (BLIP-2, InstructBLIP), *centre
crop* after the shorter side is brought to size (CLIP, LLaVA-1.5 as converted), *pad* to a square first (LLaVA-1.5 as it
was trained; ``do_pad``).  Arithmetic after transformers' PIL image processors, which a test compares; done here
so that no torchvision is needed and the place of every cell is known.  Only the keys of :data:`KEYS` are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from fineview.core.errors import WeightsProblem
from fineview.core.geometry import Box

KEYS = frozenset({"size", "crop_size", "do_center_crop", "do_pad", "image_mean", "image_std", "resample"})
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MAX_SIDE_PX = 4096


@dataclass(frozen=True, slots=True)
class Sight:
    """``side_px``: the model's square input.  ``short_px``: what the shorter side is brought to; None stretches."""

    side_px: int
    short_px: int | None = None
    pad: bool = False
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    resample: int = 3

    @classmethod
    def read(cls, said: Mapping[str, Any], side_px: int) -> Sight:
        """From a preprocessor config.  ``side_px`` is the vision tower's; another size is refused.

        Raises ``WeightsProblem`` ``weights-format``.
        """
        try:
            held = {key: said[key] for key in KEYS & said.keys()}
            size, crop = held.get("size", side_px), held.get("crop_size", side_px)
            short = size if isinstance(size, int) and held.get("do_center_crop") else None
            if isinstance(size, Mapping):
                short = int(size["shortest_edge"]) if "shortest_edge" in size else None
            out = crop if short is not None else size
            out = {int(out)} if isinstance(out, int) else {int(out["height"]), int(out["width"])}
            mean, std = (tuple(float(v) for v in held.get(key, default)) for key, default in
                         (("image_mean", CLIP_MEAN), ("image_std", CLIP_STD)))
            fits = out == {side_px} and len(mean) == len(std) == 3
            fits = fits and (short is None or side_px <= short <= MAX_SIDE_PX)
            made = cls(side_px, short, bool(held.get("do_pad", False)), mean, std,  # type: ignore[arg-type]
                       int(held.get("resample", 3)))
        except (KeyError, TypeError, ValueError) as problem:
            raise _refused("it cannot be read") from problem
        if not fits or made.resample not in (0, 1, 2, 3, 4, 5) or min(made.std) <= 0:
            raise _refused(f"it does not fit a vision tower of {side_px} px")
        return made

    def seen(self, rows: int, cols: int) -> Box:
        """The rectangle of a source of ``rows`` x ``cols`` under the model's whole grid.

        Inside the source for a centre crop, larger than it for padding (then outside cells hold no picture).
        """
        if self.short_px is None and not self.pad:
            return Box(0, 0, cols, rows)
        top = left = 0.0
        if self.pad:
            side = max(rows, cols)
            top, left, rows, cols = -float((side - rows) // 2), -float((side - cols) // 2), side, side
        if self.short_px is None:
            return Box(left, top, cols, rows)
        high, wide = self._resized(rows, cols)
        y, x = (high - self.side_px) // 2, (wide - self.side_px) // 2
        step_y, step_x = rows / high, cols / wide
        return Box(left + x * step_x, top + y * step_y, self.side_px * step_x, self.side_px * step_y)

    def draw(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (H, W, 3) as the model's input before normalisation, uint8 (side, side, 3)."""
        if self.pad:
            rgb = _padded(rgb, tuple(int(v * 255) for v in self.mean))
        high, wide = self._resized(*rgb.shape[:2])
        picture = np.asarray(Image.fromarray(rgb).resize((wide, high), Image.Resampling(self.resample)))
        y, x = (high - self.side_px) // 2, (wide - self.side_px) // 2
        return picture[y: y + self.side_px, x: x + self.side_px]

    def pixels(self, drawn: NDArray[np.uint8]) -> Tensor:
        """Normalised pixel values, float32 (1, 3, side, side)."""
        values = torch.from_numpy(np.array(drawn)).permute(2, 0, 1)[None].float() / 255
        mean, std = (torch.tensor(part).view(1, 3, 1, 1) for part in (self.mean, self.std))
        return (values - mean) / std

    def words(self, rows: int, cols: int) -> str:
        """What was not seen, as a sentence; "" where the model saw all of the picture."""
        seen = self.seen(rows, cols).clipped(rows, cols)
        share = seen.w * seen.h / (rows * cols)
        if share > 0.995:
            return ""
        return f"This model sees the middle {share:.0%} of the picture; its map is empty outside."

    def _resized(self, rows: int, cols: int) -> tuple[int, int]:
        if self.short_px is None:
            return self.side_px, self.side_px
        short, long = min(rows, cols), max(rows, cols)
        longer = int(self.short_px * long / short)
        return (longer, self.short_px) if cols <= rows else (self.short_px, longer)


def _padded(rgb: NDArray[np.uint8], colour: tuple[int, ...]) -> NDArray[np.uint8]:
    rows, cols = rgb.shape[:2]
    side = max(rows, cols)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = colour
    top, left = (side - rows) // 2, (side - cols) // 2
    square[top: top + rows, left: left + cols] = rgb
    return square


def _refused(why: str) -> WeightsProblem:
    return WeightsProblem(f"preprocessor_config.json cannot be used: {why}.",
                          "Put the file that was published with this model in place.", "weights-format")
