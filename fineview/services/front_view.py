"""A slab of a volume from the front, for scripts: one picture, and what its pixels and its slab mean.

Without a scale across the fundus the picture is made of the A-scans as they are, one row a B-scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.geometry import Point, ScaleSource
from fineview.core.study import FrameInfo, Series
from fineview.imaging.enface import Mode, slab
from fineview.imaging.region_mask import luma
from fineview.imaging.scan_places import plane_of
from fineview.imaging.scan_plane import ScanPlane
from fineview.services.ports import Archive, TokenPort
from fineview.services.slab import Slab, rows_of
from fineview.services.thickness_lines import VolumeLines


@dataclass(frozen=True, slots=True, eq=False)
class FrontView:
    """``values``: float32 (h, w) in grey levels of the B-scans, NaN where nothing is known.

    ``cell_mm``: side of a pixel on the fundus; None where each pixel is an A-scan, each row a B-scan.  ``lateral``: who
    vouches for it.  ``plane``, ``corner_mm``: where the picture lies on the fundus plane.
    """

    values: NDArray[np.float32]
    slab: Slab
    mode: Mode
    cell_mm: float | None
    lateral: ScaleSource
    axial: ScaleSource
    plane: ScanPlane | None = None
    corner_mm: Point = (0.0, 0.0)

    def shown(self) -> NDArray[np.uint8]:
        """Grey (h, w): the levels that hold 98 % stretched over black to white; nothing known is black."""
        known = self.values[np.isfinite(self.values)]
        low, high = np.percentile(known, (1, 99)) if known.size else (0.0, 1.0)
        share = (np.nan_to_num(self.values, nan=float(low)) - low) / max(float(high - low), 1e-6)
        return np.clip(np.rint(share * 255), 0, 255).astype(np.uint8)


def front_view(series: Series, localizer: FrameInfo | None, lines: VolumeLines | None, wanted: Slab, mode: Mode,
               archive: Archive, token: TokenPort) -> FrontView:
    """Raises ``RequestProblem`` (``no-lines``, ``no-scale``, ``empty-slab``), ``InputProblem``."""
    cols = series.frames[0].cols or series.cols
    spacings = [frame.spacing for frame in series.frames]
    top, bottom = (rows_of(edge, lines, spacings, cols) for edge in (wanted.upper, wanted.lower))
    seen = np.empty((len(series.frames), cols), np.float32)
    for number, frame in enumerate(series.frames):
        token.raise_if_cancelled()
        token.report(number, len(series.frames), "looking from the front")
        seen[number] = slab(luma(archive.read_frame(frame).pixels), top[number], bottom[number], mode)
    if not np.isfinite(seen).any():
        raise RequestProblem(f"Nothing of the volume lies in the slab {wanted.words}.",
                             "Choose an upper edge above the lower one, within the scan.", "empty-slab")
    axial, plane = spacings[0].source, _plane(series, localizer)
    if plane is None:
        return FrontView(seen, wanted, mode, None, ScaleSource.NONE, axial)
    spread = plane.spread(seen)
    return FrontView(spread.values, wanted, mode, spread.cell_mm, plane.source, axial, plane, spread.corner_mm)


def _plane(series: Series, localizer: FrameInfo | None) -> ScanPlane | None:
    try:
        return plane_of(series, localizer)
    except RequestProblem:
        return None


def front_object(made: FrontView, series: Series) -> dict[str, Any]:
    """The ``enface`` object of the command line."""
    edges = {name: {"line": edge.line or None, "away": edge.away, "unit": edge.unit}
             for name, edge in (("from", made.slab.upper), ("to", made.slab.lower))}
    rows, cols = made.values.shape
    return {"series": {"uid": series.uid, "path": series.frames[0].path, "frames": len(series.frames)},
            "laterality": {"value": series.laterality.value, "source": series.laterality.source},
            "slab": edges | {"words": made.slab.words}, "mode": made.mode, "rows": rows, "cols": cols,
            "cell_mm": made.cell_mm, "scale": {"axial": made.axial.value, "lateral": made.lateral.value}}
