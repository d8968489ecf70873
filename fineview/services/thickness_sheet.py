"""The thickness map in colours on its sheet, and what lies below it where there is no localizer.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, Series
from fineview.core.thickness import FundusMap, Provenance, is_retina
from fineview.imaging.colour import colour_bar
from fineview.imaging.enface import slab
from fineview.imaging.region_mask import luma
from fineview.services.slab import Slab, between, rows_of
from fineview.services.snapshot import OverlayState
from fineview.services.thickness import Thickness
from fineview.services.thickness_lines import VolumeLines
from fineview.services.thickness_state import EnFace, Ground, Sheet
from fineview.services.wishes import ColourMap

# One scale for every whole retina, so that two eyes in the same colours are as thick.
RETINA_UM = (100.0, 500.0)
_OPACITY = 150


def sheet_of(made: Thickness, localizer: FrameInfo | None) -> Sheet:
    scale = made.plane.px_per_mm
    if localizer is not None and scale is not None and localizer.rows and localizer.cols:
        return Sheet(localizer.rows, localizer.cols, scale)
    rows, cols = made.map.values.shape
    return Sheet(rows, cols, (1 / made.map.cell_mm, 1 / made.map.cell_mm), made.map.corner_mm)


def colour_range_um(made: Thickness) -> tuple[float, float]:
    """Ends of the colour scale of what was measured."""
    return range_um(made.provenance, made.map)


def range_um(told: Provenance, held: FundusMap) -> tuple[float, float]:
    """Ends of the colour scale: fixed for the whole retina, else from 0 to what holds nearly all of the map."""
    if is_retina(told.upper, told.lower):
        return RETINA_UM
    known = held.values[np.isfinite(held.values)]
    top = float(np.percentile(known, 99)) if known.size else 0.0
    return 0.0, max(10.0, float(np.ceil(top / 10) * 10))


def rect_of(held: FundusMap, sheet: Sheet) -> Box:
    (x0, y0), (rows, cols) = sheet.to_px(held.corner_mm), held.values.shape
    x1, y1 = sheet.to_px((held.corner_mm[0] + cols * held.cell_mm, held.corner_mm[1] + rows * held.cell_mm))
    return Box(x0, y0, x1 - x0, y1 - y0)


def map_overlay(made: Thickness, sheet: Sheet, colour_map: ColourMap = "viridis") -> OverlayState:
    """The map in colours, transparent where nothing is known."""
    ends = colour_range_um(made)
    rgba, bar = map_rgba(made.map.values, ends, colour_map, _OPACITY)
    return OverlayState(rgba, rect_of(made.map, sheet), True, made.provenance.words, ends, bar)


def map_rgba(values: NDArray[np.float32], ends: tuple[float, float], colour_map: ColourMap, alpha: int
             ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Colours of ``values`` (h, w) between ``ends``, NaN transparent: RGBA (h, w, 4), and the bar (256, 3)."""
    (low, high), bar, known = ends, colour_bar(colour_map), np.isfinite(values)
    index = np.clip(np.rint((np.where(known, values, low) - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return np.dstack([bar[index], np.where(known, alpha, 0).astype(np.uint8)]), bar


def en_face(made: Thickness, sheet: Sheet, lines: VolumeLines, series: Series, pictures: Iterator[Raster],
            ground: Ground, seen_of: Slab | None = None) -> EnFace:
    """A slab from the front, by default the one between the two boundaries measured.

    ``pictures`` are the volume's frames in order.  The grey levels that hold 98 % of it are stretched over black to
    white; nothing known is black.  Raises as ``rows_of``.
    """
    wanted = seen_of or between((made.provenance.upper, made.provenance.lower))
    spacings = [frame.spacing for frame in series.frames]
    top, bottom = (rows_of(edge, lines, spacings, made.plane.cols) for edge in (wanted.upper, wanted.lower))
    rows = [slab(luma(raster.pixels), top[number], bottom[number], "max" if ground == "max" else "mean")
            for number, raster in enumerate(pictures)]
    seen = made.plane.spread(np.stack(rows))
    return EnFace(_stretched(seen.values), rect_of(seen, sheet), ground, wanted)


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, (1, 99)) if known.size else (0.0, 1.0)
    shown = (np.nan_to_num(values, nan=float(low)) - low) / max(float(high - low), 1e-6)
    return np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8)
