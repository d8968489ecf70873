"""MFP, the feature pyramid at 1/4, 1/8, 1/16 of the encoder's input, and the task's choice among its scales.

The levels are the decoder's fused maps (ConvNeXt stage + tokens from above), projected to at most 16 channels by one
fixed orthonormal matrix that lies in the weights, and cut to the cells that hold picture.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fineview.imaging.placement import Placement

SCALES = (4, 8, 16)
TASK_SCALES = {"lesion": (4,), "inspection": (8,), "scene": (16,), "remote": (16, 4)}


def project(level: Tensor, projection: Tensor) -> Tensor:
    """A level (B, width, h, w) by the fixed matrix (C, width), in fp32: (B, C, h, w)."""
    return torch.einsum("cw,bwhv->bchv", projection.float(), level.float())


def cut(levels: tuple[Tensor, ...], where: Placement) -> dict[int, NDArray[np.float16]]:
    """Projected levels (1, C, H/k, W/k) to ``{k: float16 (C, h, w)}`` on the cells of the placed picture."""
    found = {}
    for scale, level in zip(SCALES, levels, strict=True):
        rows, cols = where.cells(scale)
        found[scale] = level[0, :, rows, cols].clamp(-65000, 65000).to(torch.float16).numpy()
    return found
