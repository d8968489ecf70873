"""The map of what changed in colours on the sheet.  Pure."""

from __future__ import annotations

import numpy as np

from fineview.core.thickness import FundusMap
from fineview.imaging.diverging import diverging_bar, diverging_rgba
from fineview.services.snapshot import OverlayState
from fineview.services.thickness_sheet import rect_of
from fineview.services.thickness_state import Sheet

# Few scales, so that two maps in the same colours changed as much.
LIMITS_UM = (25.0, 50.0, 100.0, 200.0, 400.0)
_OPACITY = 190


def limit_um(held: FundusMap) -> float:
    """End of the colours on both sides: the smallest that holds 99 % of the map."""
    known = np.abs(held.values[np.isfinite(held.values)])
    reach = float(np.percentile(known, 99)) if known.size else 0.0
    return next((limit for limit in LIMITS_UM if reach <= limit), LIMITS_UM[-1])


def change_overlay(held: FundusMap, sheet: Sheet, legend: str) -> OverlayState:
    """Blue where it is thinner, orange where it is thicker; transparent where either is not known."""
    limit = limit_um(held)
    return OverlayState(diverging_rgba(held.values, limit, _OPACITY), rect_of(held, sheet), True, legend,
                        (-limit, limit), diverging_bar())
