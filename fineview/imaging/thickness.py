"""Thickness between two boundaries, along the beam, for every A-scan of a volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def thickness_um(upper: NDArray[np.floating], lower: NDArray[np.floating],
                 row_mm: NDArray[np.floating] | float) -> NDArray[np.float32]:
    """Distance of two boundaries in micrometres, float32 (F, C).

    ``upper``, ``lower``: source rows (F, C), NaN where unknown; ``row_mm``: between rows, one number or one a B-scan.
    Measured along the beam, as OCT instruments do, not at right angles to the tissue.  Where the boundaries cross, one
    of them is wrong, and nothing is known.
    """
    away = np.asarray(lower, np.float64) - np.asarray(upper, np.float64)
    scale = np.broadcast_to(np.asarray(row_mm, np.float64), away.shape[:1])[:, None]
    with np.errstate(invalid="ignore"):
        return np.where(away >= 0, away * scale * 1000.0, np.nan).astype(np.float32)
