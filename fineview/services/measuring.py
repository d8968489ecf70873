"""Answers that are numbers: computed from pixels and spacing, each with its unit and the source of its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.region import Region, RegionKind
from fineview.core.report import Measurement
from fineview.imaging.region_mask import luma, region_mask, statistics, surroundings
from fineview.services.analyse import FrameRequest

_WHY = {ScaleSource.NONE: "the spacing of this file is unknown",
        ScaleSource.ASSUMED: "the spacing of this file is only assumed"}


def scale_words(spacing: Spacing) -> str:
    """Why a number is in pixels, or where its millimetres come from."""
    if spacing.known:
        return f"scale {spacing.source.value}"
    return f"in pixels: {_WHY.get(spacing.source, 'the spacing is incomplete')}"


def measure_region(region: Region, spacing: Spacing) -> tuple[Measurement, ...]:
    """Length of a line; area, width and height of anything with an inside; nothing for a point."""
    source = spacing.source.value
    why = None if spacing.known else scale_words(spacing)
    if region.kind is RegionKind.POINT:
        return ()
    if region.kind is RegionKind.LENGTH:
        return (_length("Length", region.points[0], region.points[1], spacing),)
    box = region.bounds
    area = spacing.area_mm2(region.area_px)
    made = Measurement("Area", area if area is not None else region.area_px, "mm2" if area is not None else "px2",
                       source, why)
    return (made, _length("Width", (box.x, box.y), (box.x + box.w, box.y), spacing),
            _length("Height", (box.x, box.y), (box.x, box.y + box.h), spacing))


def _length(name: str, a: Point, b: Point, spacing: Spacing) -> Measurement:
    value = spacing.length_mm(a, b)
    if value is None:
        return Measurement(name, math.dist(a, b), "px", spacing.source.value, scale_words(spacing))
    return Measurement(name, value, "mm", spacing.source.value)


def number_words(one: Measurement) -> str:
    """ "412 um", "0.031 mm2", "37.0 px": lengths under a millimetre in micrometres, as eyes are measured."""
    if one.value is None:
        return "unknown"
    if one.unit == "mm" and one.value < 1:
        return f"{one.value * 1000:.0f} um"
    shown = {"mm2": "mm\u00b2", "px2": "px\u00b2"}.get(one.unit, one.unit)
    figure = f"{one.value:,.0f}".replace(",", "\u202f") if one.value >= 1000 else f"{one.value:.4g}"
    return f"{figure} {shown}"


def how_large(question: Question, request: FrameRequest, _: str) -> Answer:
    if question.region is None or question.region.kind is RegionKind.POINT:
        return _cannot(question, "draw a region or a line to measure.")
    return _told(question, measure_region(question.region, request.spacing), request.spacing)


def how_long(question: Question, request: FrameRequest, _: str) -> Answer:
    """The longest extent: the line itself, or the longer side of the region's bounds."""
    if question.region is None or question.region.kind is RegionKind.POINT:
        return _cannot(question, "draw a line or a region to measure.")
    made = [m for m in measure_region(question.region, request.spacing) if m.unit in ("mm", "px")]
    made.sort(key=lambda m: -(m.value or 0.0))
    return _told(question, tuple(made), request.spacing)


def _told(question: Question, made: tuple[Measurement, ...], spacing: Spacing) -> Answer:
    assert question.region is not None
    words = ", ".join(f"{m.name.lower()} {number_words(m)}" for m in made)
    text = f"{words[0].upper()}{words[1:]} ({scale_words(spacing)})."
    box = question.region.bounds
    cited = tuple(Citation("measurement", box, m.value, m.unit, m.name) for m in made)
    return Answer(question, text, value=made[0].value, unit=made[0].unit,
                  reason=None if spacing.known else scale_words(spacing), citations=cited)


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


def brightness(question: Question, request: FrameRequest, _: str) -> Answer:
    raster = request.raster
    region = question.region
    size = raster.rows, raster.cols
    mask = np.ones(size, bool) if region is None else region_mask(region, *size)
    found = statistics(raster.pixels, mask)
    if found is None:
        return _cannot(question, "the region covers no pixel that holds a number.")
    unit = raster.unit or ("grey levels of 255" if raster.is_colour else "stored values")
    text = (f"Mean {found.mean:.4g} {unit}, SD {found.sd:.3g}, range {found.minimum:g} to {found.maximum:g}, "
            f"{found.n} pixels.")
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
