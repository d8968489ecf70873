"""What the network reads beside RGB: two vessel-suppressed top-hats of the green channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.imaging import edges

EXTRA_SCALE = 1 / 32


def extra_channels(rgb: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Dark and bright spots of a (H, W, 3) uint8 picture at ConvNeXt resolution: float16 (2, H, W), 1 = 32 levels."""
    dark, bright = edges.vessel_free(edges.luminance(rgb))
    return (np.stack([dark, bright]) * np.float32(EXTRA_SCALE)).astype(np.float16)
