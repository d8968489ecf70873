"""PNG bytes of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def png(rgb: NDArray[np.uint8]) -> bytes:
    """Encode RGB uint8 (H, W, 3) or grey (H, W) losslessly."""
    ordered = rgb[..., ::-1] if rgb.ndim == 3 else rgb
    done, data = cv2.imencode(".png", np.ascontiguousarray(ordered))
    if not done:
        raise ValueError("the picture could not be encoded")
    return bytes(data)
