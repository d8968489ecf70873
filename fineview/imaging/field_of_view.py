"""Where a photograph shows retina and not the black border around the field."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, resize_area


def field_of_view(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """(H, W, 3) -> bool (H, W): brighter than a border is, judged on an eighth of the size."""
    small: npt.NDArray[Any] = resize_area(rgb, (max(rgb.shape[0] // 8, 8), max(rgb.shape[1] // 8, 8)))
    bright = gaussian(small.max(2).astype(np.float32), 1.0)
    level = max(14.0, 0.18 * float(np.percentile(bright, 90)))
    rows = np.minimum(np.arange(rgb.shape[0]) // 8, small.shape[0] - 1)
    columns = np.minimum(np.arange(rgb.shape[1]) // 8, small.shape[1] - 1)
    return np.asarray((bright > level)[np.ix_(rows, columns)])
