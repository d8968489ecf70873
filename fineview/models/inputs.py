"""From a picture to what the network reads: canvas, RGB, two vessel-suppressed top-hats, and where picture is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fineview.imaging import edges, placement

EXTRA_SCALE = 1 / 32


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A placed picture on the CPU: ``canvas`` (H, W, 3) uint8, ``fine`` (1, 3, H, W) in [0, 1], ``extra``
    (1, 2, H, W), ``inside`` (1, 1, H/32, W/32) 1 where a cell holds picture."""

    where: placement.Placement
    canvas: NDArray[np.uint8]
    fine: Tensor
    extra: Tensor
    inside: Tensor


def prepare(rgb: NDArray[np.uint8]) -> Prepared:
    """Place a picture (H, W, 3) uint8 and make the network's inputs."""
    where = placement.place(*rgb.shape[:2])
    canvas = placement.draw(rgb, where)
    return Prepared(where, canvas, *network_input(canvas), inside(where))


def network_input(canvas: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """RGB (1, 3, H, W) in [0, 1] and the extra channels (1, 2, H, W) of a canvas, fp32 on the CPU."""
    extra = torch.from_numpy(extra_channels(canvas)).float()[None]
    return torch.from_numpy(canvas).permute(2, 0, 1)[None].float().div_(255), extra


def inside(where: placement.Placement) -> Tensor:
    """(1, 1, H/32, W/32): 1 where a cell touches the picture."""
    rows, cols = where.fine_canvas_hw
    mask = torch.zeros(1, 1, rows // 32, cols // 32)
    mask[:, :, where.cells(32)[0], where.cells(32)[1]] = 1.0
    return mask


def extra_channels(rgb: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Dark and bright spots of a (H, W, 3) uint8 picture at ConvNeXt resolution: float16 (2, H, W), 1 = 32 levels."""
    dark, bright = edges.vessel_free(edges.luminance(rgb))
    return (np.stack([dark, bright]) * np.float32(EXTRA_SCALE)).astype(np.float16)
