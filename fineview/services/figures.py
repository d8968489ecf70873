"""Pictures of a report: the frame with the finding drawn in, and under the map that a suggestion came from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Analysis
from fineview.core.finding import Finding, Origin
from fineview.core.image import Raster
from fineview.core.report import Figure
from fineview.imaging.colour import blend, heat_rgba, strongest_map
from fineview.imaging.drawing import draw_region, stretched, true_aspect
from fineview.imaging.window import to_rgb

PERSON_RGB = (255, 209, 102)
MODEL_RGB = (102, 217, 194)


def finding_figure(number: int, finding: Finding, raster: Raster, aspect: float) -> Figure:
    """The whole frame through the file's own window with the region outlined; a model's origin keeps its colour.

    ``aspect``: height of a pixel over its width, so that the picture has the shape of what it shows.
    """
    colour = MODEL_RGB if finding.origin is Origin.MODEL else PERSON_RGB
    shape = stretched(finding.region, aspect, raster.rows, raster.cols)
    drawn = draw_region(true_aspect(to_rgb(raster), aspect), shape, colour)
    who = f"suggested by {finding.model.short}, {finding.state}" if finding.model else f"marked by {finding.author}"
    title = finding.label.replace("_", " ")
    return Figure(f"finding-{number}", f"{number}. {title}, frame {finding.frame.index + 1}, {who}", drawn)


def overlay_figure(analysis: Analysis, raster: Raster, words: Sequence[str], aspect: float) -> Figure:
    """The frame under the probability map of ``words``, the labels a person accepted there."""
    rgba = probability_rgba(analysis, words)
    rgb = to_rgb(raster)
    drawn = blend(rgb, rgba) if rgba is not None else rgb
    names = ", ".join(word.replace("_", " ") for word in words)
    caption = f"Probability of {names}, lesion map, {analysis.model.short}, frame {analysis.frame.index + 1}."
    return Figure(f"map-{analysis.frame.index + 1}", caption, true_aspect(drawn, aspect))


def probability_rgba(analysis: Analysis, words: Sequence[str]) -> NDArray[np.uint8] | None:
    maps = [analysis.lesions[word] for word in words if word in analysis.lesions]
    return heat_rgba(strongest_map(maps), "viridis", 0.15, 0.6) if maps else None
