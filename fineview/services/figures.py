"""Pictures of a report: the frame with the finding drawn in, and the frame under its lesion map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Analysis
from fineview.core.finding import Finding, Origin
from fineview.core.image import Raster
from fineview.core.labels import label_for
from fineview.core.report import Figure
from fineview.imaging.colour import blend, heat_rgba, strongest_map
from fineview.imaging.drawing import draw_region
from fineview.imaging.window import to_rgb

PERSON_RGB = (255, 209, 102)
MODEL_RGB = (102, 217, 194)


def finding_figure(number: int, finding: Finding, raster: Raster) -> Figure:
    """The whole frame through the file's own window with the region outlined; a model's origin keeps its colour."""
    rgb = to_rgb(raster)
    colour = MODEL_RGB if finding.origin is Origin.MODEL else PERSON_RGB
    drawn = draw_region(rgb, finding.region, colour)
    who = f"suggested by {finding.model.short}, {finding.state}" if finding.model else f"marked by {finding.author}"
    title = finding.label.replace("_", " ")
    return Figure(f"finding-{number}", f"{number}. {title}, frame {finding.frame.index + 1}, {who}", drawn)


def overlay_figure(analysis: Analysis, raster: Raster, opacity: float = 0.6, threshold: float = 0.15) -> Figure:
    """The frame under the strongest lesion probability of each pixel."""
    rgba = overlay_rgba(analysis, opacity, threshold)
    rgb = to_rgb(raster)
    drawn = blend(rgb, rgba) if rgba is not None else rgb
    caption = (f"Suspected lesions, probability map, {analysis.model.short}, frame {analysis.frame.index + 1}. "
               "Not reviewed.")
    return Figure(f"overlay-{analysis.frame.index}", caption, drawn)


def overlay_rgba(analysis: Analysis, opacity: float = 0.6, threshold: float = 0.15) -> NDArray[np.uint8] | None:
    maps = [values for word, values in analysis.lesions.items() if label_for(word).lesion]
    return heat_rgba(strongest_map(maps), "viridis", threshold, opacity) if maps else None
