"""Answers that are numbers: computed from pixels and spacing, each with its unit and the source of its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.extent import angle_deg, perimeter
from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.region import Region, RegionKind
from fineview.core.report import Measurement
from fineview.core.units import with_unit
from fineview.imaging.region_mask import RegionStatistics, luma, region_mask, statistics, surroundings
from fineview.services.analyse import FrameRequest

_WHY = {ScaleSource.NONE: "not calibrated: the spacing of this file is unknown",
        ScaleSource.ASSUMED: "the spacing of this file is only assumed"}
_AT_DETECTOR = "scale projected: at the detector, not in the patient"


def scale_words(spacing: Spacing) -> str:
    """Why a number is in pixels, or where its millimetres come from."""
    if spacing.known:
        return _AT_DETECTOR if spacing.source is ScaleSource.PROJECTED else f"scale {spacing.source.value}"
    return f"in pixels, {_WHY.get(spacing.source, 'the spacing is incomplete')}"


def short_scale(spacing: Spacing) -> str:
    """The same in a word or two, for beside a mark; "" where the scale is calibrated."""
    if spacing.known:
        return "at the detector" if spacing.source is ScaleSource.PROJECTED else ""
    return "scale assumed" if spacing.source is ScaleSource.ASSUMED else "not calibrated"


def measure_region(region: Region, spacing: Spacing) -> tuple[Measurement, ...]:
    """Length of a line, angle between two arms; area, width, height and perimeter of anything with an inside."""
    if region.kind is RegionKind.POINT:
        return ()
    if region.kind is RegionKind.LENGTH:
        return (_length("Length", region.points[0], region.points[1], spacing),)
    if region.kind is RegionKind.ANGLE:
        return (_angle(region, spacing),)
    box = region.bounds
    return (_area(region, spacing), _length("Width", (box.x, box.y), (box.x + box.w, box.y), spacing),
            _length("Height", (box.x, box.y), (box.x, box.y + box.h), spacing), _perimeter(region, spacing))


def _length(name: str, a: Point, b: Point, spacing: Spacing) -> Measurement:
    value = spacing.length_mm(a, b)
    if value is None:
        return Measurement(name, math.dist(a, b), "px", spacing.source.value, scale_words(spacing))
    return Measurement(name, value, "mm", spacing.source.value)


def _area(region: Region, spacing: Spacing) -> Measurement:
    value = spacing.area_mm2(region.area_px)
    if value is None:
        return Measurement("Area", region.area_px, "px2", spacing.source.value, scale_words(spacing))
    return Measurement("Area", value, "mm2", spacing.source.value)


def _perimeter(region: Region, spacing: Spacing) -> Measurement:
    if spacing.known and spacing.row_mm is not None and spacing.col_mm is not None:
        return Measurement("Perimeter", perimeter(region, spacing.row_mm, spacing.col_mm), "mm", spacing.source.value)
    return Measurement("Perimeter", perimeter(region, 1.0, 1.0), "px", spacing.source.value, scale_words(spacing))


def _angle(region: Region, spacing: Spacing) -> Measurement:
    """An angle needs the shape of a pixel, not its size; where the file gives neither, pixels are taken as square."""
    row, col, source = spacing.row_mm, spacing.col_mm, spacing.source.value
    a, apex, b = region.points
    if row and col:
        why = None if spacing.known else (_WHY[ScaleSource.ASSUMED] if spacing.source is ScaleSource.ASSUMED
                                          else "not calibrated: the file gives the shape of a pixel, not its size")
        return Measurement("Angle", angle_deg(a, apex, b, row, col), "deg", source, why)
    return Measurement("Angle", angle_deg(a, apex, b, 1.0, 1.0), "deg", source,
                       f"pixels taken as square, {_WHY.get(spacing.source, 'the spacing is incomplete')}")


def number_words(one: Measurement) -> str:
    """ "412 µm", "0.031 mm²", "37.2°": lengths under a millimetre in micrometres, as eyes are measured."""
    if one.value is None:
        return "unknown"
    if one.unit == "mm" and one.value < 1:
        return with_unit(_digits(one.value * 1000, 3), "um")
    if one.unit == "deg":
        return with_unit(f"{one.value:.1f}", one.unit)
    return with_unit(_digits(one.value, 4), one.unit)


def mark_words(region: Region, spacing: Spacing) -> str:
    """What stands beside a mark: its length, angle or area, and a word where the scale is not calibrated."""
    made = measure_region(region, spacing)
    scale = short_scale(spacing)
    if made and region.kind is RegionKind.ANGLE and spacing.row_mm and spacing.source is not ScaleSource.ASSUMED:
        scale = ""  # its shape is known, and an angle needs no size
    return ", ".join(filter(None, (number_words(made[0]), scale))) if made else ""


def _digits(value: float, significant: int) -> str:
    """Rounded, but no digit before the point is lost, and never an exponent: 1234.5 -> "1\u202f234", 0.00003125."""
    if value <= 0:
        return "0"
    places = max(0, significant - 1 - math.floor(math.log10(value)))
    text = f"{value:,.{places}f}".replace(",", "\u202f")
    return text.rstrip("0").rstrip(".") if places else text


def how_large(question: Question, request: FrameRequest, _: str) -> Answer:
    if question.region is None or question.region.kind is RegionKind.POINT:
        return _cannot(question, "draw a region or a line to measure.")
    return _told(question, measure_region(question.region, request.spacing), request.spacing)


def how_long(question: Question, request: FrameRequest, _: str) -> Answer:
    """The longest extent: the line itself, or the longer side of the region's bounds; of an angle the angle."""
    if question.region is None or question.region.kind is RegionKind.POINT:
        return _cannot(question, "draw a line or a region to measure.")
    made = [m for m in measure_region(question.region, request.spacing) if m.name not in ("Area", "Perimeter")]
    made.sort(key=lambda m: -(m.value or 0.0))
    return _told(question, tuple(made), request.spacing)


def _told(question: Question, made: tuple[Measurement, ...], spacing: Spacing) -> Answer:
    assert question.region is not None
    words = ", ".join(f"{m.name.lower()} {number_words(m)}" for m in made)
    scale = made[0].why_not or scale_words(spacing)
    text = f"{words[0].upper()}{words[1:]} ({scale})."
    box = question.region.bounds
    cited = tuple(Citation("measurement", box, m.value, m.unit, m.name) for m in made)
    return Answer(question, text, value=made[0].value, unit=made[0].unit,
                  reason=made[0].why_not, citations=cited)


def fovea_distance(question: Question, request: FrameRequest, target: Point, name: str) -> Answer:
    """From the centre of the region to ``target`` (source pixels), both spacings used."""
    if question.region is None:
        return _cannot(question, "draw a region to measure from.")
    made = _length("Distance", question.region.centre, target, request.spacing)
    text = f"{number_words(made)} from the {name} ({scale_words(request.spacing)})."
    return Answer(question, text, value=made.value, unit=made.unit, reason=made.why_not,
                  citations=(Citation("measurement", question.region.bounds, made.value, made.unit, "Distance"),))


@dataclass(frozen=True, slots=True)
class Far:
    """A distance, how it is said, and where its scale comes from."""

    measured: Measurement
    words: str
    scale: str


def region_distance(question: Question, request: FrameRequest, target: Point) -> Far:
    """From the centre of the question's region to ``target``.  Raises ``ValueError`` without a region."""
    if question.region is None:
        raise ValueError("a distance needs a region")
    made = _length("Distance", question.region.centre, target, request.spacing)
    return Far(made, number_words(made), scale_words(request.spacing))


def value_unit(raster: Raster) -> str:
    """What the values of pixels are counted in."""
    return raster.unit or ("grey levels of 255" if raster.is_colour else "stored values")


def statistics_words(found: RegionStatistics, unit: str) -> str:
    """ "Mean 102 HU, SD 12.5, range 60 to 171, 412 pixels"."""
    return (f"Mean {found.mean:.4g} {unit}, SD {found.sd:.3g}, range {found.minimum:g} to {found.maximum:g}, "
            f"{found.n} pixel{'s' if found.n != 1 else ''}")


def brightness(question: Question, request: FrameRequest, _: str) -> Answer:
    raster = request.raster
    region = question.region
    size = raster.rows, raster.cols
    mask = np.ones(size, bool) if region is None else region_mask(region, *size)
    found = statistics(raster.pixels, mask)
    if found is None:
        return _cannot(question, "the region covers no pixel that holds a number.")
    unit = value_unit(raster)
    text = f"{statistics_words(found, unit)}."
    box = region.bounds if region is not None else None
    return Answer(question, text, value=found.mean, unit=unit,
                  citations=(Citation("measurement", box, found.mean, unit, "Mean"),))


def comparison(question: Question, request: FrameRequest, asked: str) -> Answer:
    """Brighter or darker on screen than a ring around it: how often a pixel inside beats one outside (Mann-Whitney)."""
    if question.region is None:
        return _cannot(question, "draw a region to compare with its surroundings.")
    raster = request.raster
    mask = region_mask(question.region, raster.rows, raster.cols)
    values, ring = luma(raster.pixels), surroundings(mask)
    mask, ring = mask & np.isfinite(values), ring & np.isfinite(values)
    if not mask.any() or not ring.any():
        return _cannot(question, "there is nothing around the region to compare with.")
    odds = probability_brighter(values[mask], values[ring])
    inside, outside = float(values[mask].mean()), float(values[ring].mean())
    numbers = f"mean {inside:.4g} inside, {outside:.4g} around it"
    cited = (Citation("measurement", question.region.bounds, inside - outside, raster.unit or "stored values",
                      "Difference"),)
    # Where low values are shown bright (MONOCHROME1), what beats in number loses in brightness.
    wanted = odds if (asked == "brighter") is not raster.inverted else 1.0 - odds
    if 0.4 < wanted < 0.6:
        reason = f"it is about as bright as its surroundings ({numbers})."
        return Answer(question, f"Cannot tell: {reason}", verdict="cannot tell", abstained=True, reason=reason,
                      value=inside - outside, unit=raster.unit or "stored values", citations=cited)
    verdict = "yes" if wanted >= 0.6 else "no"
    return Answer(question, f"{verdict.capitalize()}: {numbers}.", verdict="yes" if verdict == "yes" else "no",
                  value=inside - outside, unit=raster.unit or "stored values",
                  confidence=round(_sure(odds, int(mask.sum()), int(ring.sum())), 4), citations=cited)


def probability_brighter(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """P(random inside > random outside), ties half: the Mann-Whitney statistic over n*m."""
    order = np.sort(outside)
    below = np.searchsorted(order, inside, side="left")
    upto = np.searchsorted(order, inside, side="right")
    return float(np.mean(below + upto) / (2 * order.size))


def _sure(odds: float, inside: int, outside: int) -> float:
    """Probability that the difference has the sign it shows: the statistic's normal approximation (Mann, Whitney 1947).

    Pixels are taken as independent; noise that reaches over several of them makes it a little less sure.
    """
    spread = math.sqrt((inside + outside + 1) / (12 * inside * outside))
    return 0.5 * (1.0 + math.erf(abs(odds - 0.5) / spread / math.sqrt(2.0)))


def _cannot(question: Question, reason: str) -> Answer:
    return Answer(question, f"Cannot tell: {reason}", verdict="cannot tell", abstained=True, reason=reason)
