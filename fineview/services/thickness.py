"""From the lines of a volume to its thickness map, its ETDRS grid and where every number comes from.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.finding import Finding
from fineview.core.geometry import Point, ScaleSource
from fineview.core.region import RegionKind
from fineview.core.study import FrameInfo, Series, Study
from fineview.core.thickness import (
    CENTRE,
    CENTRE_POINT_LOINC,
    SHARE_NEEDED,
    VOLUME_LOINC,
    EtdrsGrid,
    FundusMap,
    Provenance,
    is_retina,
)
from fineview.imaging.etdrs import etdrs_grid
from fineview.imaging.scan_places import plane_of
from fineview.imaging.scan_plane import ScanPlane
from fineview.imaging.thickness import thickness_um
from fineview.services.thickness_lines import VolumeLines

FOVEA = "fovea"
MIDDLE = "the middle of the scan, which need not be the fovea"
WISHED = "the person's choice"


@dataclass(frozen=True, slots=True, eq=False)
class Thickness:
    """``values_um``: float32 (F, C), one an A-scan; ``map``: the same on the fundus plane."""

    series_uid: str
    provenance: Provenance
    values_um: NDArray[np.float32]
    plane: ScanPlane
    map: FundusMap
    grid: EtdrsGrid

    @property
    def localizer_px(self) -> Point | None:
        """The grid's centre on the localizer's picture, in its source pixels; None where there is none."""
        scale, (x, y) = self.plane.px_per_mm, self.grid.centre_mm
        return (x * scale[0], y * scale[1]) if scale is not None else None


def localizer_of(study: Study, series: Series) -> FrameInfo | None:
    """The frame of the picture on which the B-scans of ``series`` were placed."""
    found = next((one for one in study.series if one.uid == series.localizer_uid), None)
    return found.frames[found.default_frame] if found is not None and found.frames else None


def measure(series: Series, localizer: FrameInfo | None, lines: VolumeLines, pair: tuple[str, str],
            centre: tuple[Point, str] | None = None) -> Thickness:
    """Thickness from ``pair[0]`` to ``pair[1]``; ``centre``: a point of the plane and who chose it.

    Raises ``RequestProblem``: ``no-lines`` for a boundary that is not there, ``no-scale``, ``not-a-raster``.
    """
    upper, lower = pair
    absent = [name for name in pair if name not in lines.rows]
    if absent or upper == lower:
        raise RequestProblem(f"There is no layer line \"{absent[0]}\"." if absent else "A thickness needs two lines.",
                             f"Choose two of {', '.join(lines.names)}.", "no-lines")
    first = series.frames[0].spacing
    if first.row_mm is None or first.source is ScaleSource.NONE:
        raise RequestProblem("This series has no thickness in micrometres: its depth scale is unknown.",
                             "Open the instrument's own file.", "no-scale")
    plane = plane_of(series, localizer)
    deep = np.array([frame.spacing.row_mm or np.nan for frame in series.frames])
    values = thickness_um(lines.rows[upper], lines.rows[lower], deep)
    told = Provenance(upper, lower, lines.source, lines.by, first.source, plane.source, len(lines.edited),
                      (*lines.notes, *plane.notes))
    at, who = centre or (plane.middle, MIDDLE)
    grid = etdrs_grid(values, plane, at, who, is_retina(upper, lower))
    return Thickness(series.uid, told, values, plane, plane.spread(values), grid)


def moved(thickness: Thickness, centre_mm: Point, who: str = WISHED) -> Thickness:
    """The same map under a grid about another point."""
    told = thickness.provenance
    grid = etdrs_grid(thickness.values_um, thickness.plane, centre_mm, who, is_retina(told.upper, told.lower))
    return replace(thickness, grid=grid)


def marked_fovea(findings: tuple[Finding, ...], series: Series, plane: ScanPlane) -> tuple[Point, str] | None:
    """Where a person marked the fovea, on the localizer or on a B-scan, and who; the latest mark counts."""
    for mark in reversed(findings):
        if mark.label != FOVEA or mark.region.kind is not RegionKind.POINT or not mark.in_report:
            continue
        x, y = mark.region.points[0]
        who = f"the fovea as marked by {mark.author or 'the reader'}"
        if mark.frame.series_uid == series.uid and 0 <= mark.frame.index < len(series.frames):
            return plane.place(mark.frame.index, x - 0.5), who
        if mark.frame.series_uid == series.localizer_uid and plane.px_per_mm is not None:
            return (x / plane.px_per_mm[0], y / plane.px_per_mm[1]), who
    return None


def grid_object(thickness: Thickness, series: Series) -> dict[str, Any]:
    """The ``thickness`` object of the command line."""
    told, grid = thickness.provenance, thickness.grid
    frame, column = thickness.plane.nearest(grid.centre_mm)
    coded = is_retina(told.upper, told.lower)
    return {
        "series": {"uid": series.uid, "path": series.frames[0].path, "frames": len(series.frames)},
        "laterality": {"value": series.laterality.value, "source": series.laterality.source},
        "layers": {"upper": told.upper, "lower": told.lower, "source": told.source, "by": told.by,
                   "edited_frames": told.edited},
        "scale": {"axial": told.axial.value, "lateral": told.lateral.value},
        "centre": {"mm": [round(v, 4) for v in grid.centre_mm], "from": grid.centre_from, "frame": frame,
                   "column": column, "localizer_px": _rounded(thickness.localizer_px)},
        "covered_needed": SHARE_NEEDED,
        "fields": [{"name": one.name, "loinc": one.loinc or None, "mean_um": _figure(one.mean_um),
                    "covered": round(one.covered, 4), "area_mm2": round(one.area_mm2, 4),
                    "volume_mm3": _figure(one.volume_mm3, 4), "words": one.words} for one in grid.fields],
        "central_subfield_um": _figure(grid.field(CENTRE).mean_um),
        "centre_point": {"um": _figure(grid.centre_point_um), "loinc": CENTRE_POINT_LOINC if coded else None},
        "volume": {"mm3": _figure(grid.volume_mm3, 4), "loinc": VOLUME_LOINC if coded else None},
        "words": told.words, "notes": list(told.notes)}


def _rounded(point: Point | None) -> list[float] | None:
    return None if point is None else [round(v, 2) for v in point]


def _figure(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
