"""What is measured of one mark: sizes with the source of their scale, and the values of the pixels it covers."""

from __future__ import annotations

from fineview.core.finding import Finding
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.region import Region, RegionKind
from fineview.imaging.region_mask import region_mask, statistics
from fineview.services.measuring import measure_region, number_words, scale_words, statistics_words, value_unit
from fineview.services.session import Session


def raster_of(session: Session, finding: Finding) -> Raster | None:
    """The pixels under the mark, where they are at hand; nothing is decoded for this."""
    return session.rasters.get(finding.frame)


def mark_facts(session: Session, finding: Finding) -> str:
    """Lines for people: sizes, then values, each where there is one; of the mark's own frame, shown or not."""
    frame, raster = session.frame_at(finding.frame), raster_of(session, finding)
    sizes = size_words(finding.region, frame.spacing) if frame is not None else ""
    return "\n".join(filter(None, (sizes, value_words(finding.region, raster) if raster is not None else "")))


def size_words(region: Region, spacing: Spacing) -> str:
    """ "Area 0.031 mm², width 410 µm, height 96 µm, perimeter 872 µm (scale calibrated)"."""
    made = measure_region(region, spacing)
    words = ", ".join(f"{one.name.lower()} {number_words(one)}" for one in made)
    return f"{words[0].upper()}{words[1:]} ({made[0].why_not or scale_words(spacing)})" if made else ""


def value_words(region: Region, raster: Raster) -> str:
    """Mean, SD, range and number of the pixels inside; the value under a point; "" for a line and an angle."""
    if not region.has_inside and region.kind is not RegionKind.POINT:
        return ""
    found = statistics(raster.pixels, region_mask(region, raster.rows, raster.cols))
    if found is None:
        return "No pixel under it holds a number"
    if region.kind is RegionKind.POINT:
        return f"Value {found.mean:.6g} {value_unit(raster)}"
    return statistics_words(found, value_unit(raster))
