"""Two regions of a frame, or one place on two frames, beside each other: size, brightness, chance of lesions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fineview.core.chance import chance_words
from fineview.core.dialogue import Answer, Citation
from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.labels import label_for
from fineview.core.region import Region
from fineview.core.report import Measurement
from fineview.imaging.region_mask import region_mask, statistics
from fineview.services.ground import SURE, Ground, abstain, evidence, titled
from fineview.services.measuring import measure_region, number_words, scale_words

_BACK = re.compile(r"\b(previous|before|last|earlier|prior|back|preceding)\b")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: ``area`` None without a region, ``mean`` None without a finite pixel; ``chances`` of lesions,
    empty where the model must stay silent."""

    name: str
    box: Box
    area: Measurement | None
    mean: float | None
    chances: dict[str, float]


def compare(ground: Ground, intent: Intent) -> Answer:
    return _frames(ground) if intent.target == "frame" else _regions(ground)


def _regions(ground: Ground) -> Answer:
    here = ground.question.region
    other = second_region(ground)
    if here is None or other is None:
        return abstain(ground, "mark two regions on this frame to compare them.")
    first, unit = _side(ground, "this region")
    second, _ = _side(replace(ground, question=replace(ground.question, region=other)), "the other region")
    return _told(ground, first, second, unit, scale_words(ground.request.spacing))


def second_region(ground: Ground) -> Region | None:
    """The region asked about before, else the one marked last; never the one the question is about."""
    before, here = ground.before, ground.question.region
    asked = before.question.region if before is not None and before.question.frame == ground.question.frame else None
    return next((one for one in (asked, *reversed(ground.beside)) if one is not None and one != here), None)


def _frames(ground: Ground) -> Answer:
    here = ground.question.frame.index
    number = here - 1 if _BACK.search(ground.question.text.lower()) else here + 1
    other = ground.frame_at(number)
    if other is None:
        return abstain(ground, f"there is no frame {number} to compare with.")
    if (other.raster.rows, other.raster.cols) != (ground.request.raster.rows, ground.request.raster.cols):
        return abstain(ground, "the two frames differ in size.")
    first, unit = _side(ground, f"frame {here}")
    second, _ = _side(replace(ground, request=other), f"frame {number}")
    return _told(ground, first, second, unit, "the same place in pixels; the eye may have moved between them")


def _side(ground: Ground, name: str) -> tuple[Side, str]:
    raster, region = ground.request.raster, ground.question.region
    area = None
    if region is not None and region.has_inside:
        area = measure_region(region, ground.request.spacing)[0]
    mask = ground.mask() if region is None else region_mask(region, raster.rows, raster.cols)
    found = statistics(raster.pixels, mask)
    _, _, chances, _ = evidence(ground)
    lesions = {word: chance for word, chance in chances.items() if label_for(word).lesion}
    unit = raster.unit or ("grey levels of 255" if raster.is_colour else "stored values")
    return Side(name, ground.box(), area, None if found is None else found.mean, lesions), unit


def _told(ground: Ground, first: Side, second: Side, unit: str, how: str) -> Answer:
    parts, cited = [], [Citation("region", side.box, text=side.name) for side in (first, second)]
    value: float | None = None
    value_unit: str | None = None
    if first.area and second.area and first.area.value and second.area.value and first.box != second.box:
        value, value_unit = first.area.value / second.area.value, "times"
        parts.append(f"{first.name} has {number_words(first.area)}, {second.name} {number_words(second.area)}: "
                     f"{value:.3g} times as large")
        cited += [Citation("measurement", side.box, side.area.value, side.area.unit, f"Area of {side.name}")
                  for side in (first, second) if side.area is not None]
    if first.mean is not None and second.mean is not None:
        gap = first.mean - second.mean
        value, value_unit = (gap, unit) if value is None else (value, value_unit)
        parts.append(f"mean {first.mean:.4g} against {second.mean:.4g} {unit}")
        cited += [Citation("measurement", side.box, side.mean, unit, f"Mean of {side.name}")
                  for side in (first, second)]
    speaker = None
    words = [word for word in first.chances if max(first.chances[word], second.chances.get(word, 0.0)) >= SURE
             and word in second.chances]
    if first.chances and second.chances:
        speaker = ground.engine().identity
        told = ", ".join(f"{titled(word)} {chance_words(first.chances[word])} against "
                         f"{chance_words(second.chances[word])}"
                         for word in words) or "no lesion is suggested in either"
        parts.append(f"{told} (suggested by {speaker.short}, not reviewed)")
        cited += [Citation("map", side.box, round(side.chances[word], 4), "probability", text=word)
                  for word in words for side in (first, second)]
    if not parts:
        return abstain(ground, "there is nothing to compare.")
    text = "; ".join(parts)
    return Answer(ground.question, f"{text[0].upper()}{text[1:]} ({how}).", value=value, unit=value_unit,
                  citations=tuple(cited), model=speaker)
