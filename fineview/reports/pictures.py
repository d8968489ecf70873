"""Figures as PNG bytes: lossless, without time or software stamps, so the same pixels give the same bytes."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(rgb: NDArray[np.uint8]) -> bytes:
    """RGB uint8 (H, W, 3) -> PNG.  Raises ``ValueError`` for another shape or dtype."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"a figure is uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()
