"""From facts and wishes to pixels on screen: the base picture and the overlay, each remembered by what it came from."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Analysis, DarSettings, HeatMap, Method, PyramidLevel
from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.labels import LABELS
from fineview.core.study import FrameKey
from fineview.imaging.colour import colour_bar, heat_rgba, strongest_map
from fineview.imaging.pyramid_view import channel_view, component_view
from fineview.imaging.window import render_gray
from fineview.services.session import Session
from fineview.services.wishes import OverlayWishes, ViewWishes

OverlayParts = tuple[NDArray[np.uint8], Box, bool, str, tuple[float, float] | None, NDArray[np.uint8] | None]


@lru_cache(maxsize=8)
def render_base(raster: Raster, view: ViewWishes) -> NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, 3): the raster through the wished window.  Flips and turns are the viewer's affair."""
    if raster.is_colour:
        pixels = raster.pixels.astype(np.uint8, copy=False)
        return np.asarray(255 - pixels if view.inverted else pixels)
    return render_gray(raster, view.window, view.inverted)


def heat_key(key: FrameKey, wishes: OverlayWishes) -> tuple[object, ...]:
    """What a heat map depends on; the cache key of ``Session.heat``."""
    dar: DarSettings | None = wishes.dar if wishes.kind == "dar" else None
    return (key, wishes.kind, wishes.text, dar)


def overlay_picture(session: Session) -> OverlayParts | None:
    """The overlay wished for the shown frame, or None where none is wished or it is not computed yet."""
    key, wishes = session.frame_key, session.overlay
    if key is None or wishes.kind == "none":
        return None
    analysis = session.analyses.get(key)
    if wishes.kind in ("raw", "dar"):
        heat = session.heat.get(heat_key(key, wishes))
        return _heat_overlay(heat, wishes) if heat is not None else None
    if analysis is None:
        return None
    return _pyramid_overlay(analysis, wishes) if wishes.kind == "mfp" else _lesion_overlay(analysis, wishes)


@lru_cache(maxsize=8)
def _heat_overlay(heat: HeatMap, wishes: OverlayWishes) -> OverlayParts:
    rgba = heat_rgba(heat.values, wishes.colour_map, wishes.threshold, wishes.opacity)
    name = {Method.RAW: "attention", Method.DAR: "DAR"}.get(heat.method, heat.method.value)
    words = f"{name}, {heat.layer}, \"{heat.text}\"" if heat.text else f"{name}, {heat.layer}"
    rows, cols = heat.values.shape
    legend = f"{words}, {heat.model.short}"
    return (rgba, Box(0, 0, cols, rows), True, legend, (0.0, 1.0), colour_bar(wishes.colour_map))


@lru_cache(maxsize=8)
def _lesion_overlay(analysis: Analysis, wishes: OverlayWishes) -> OverlayParts | None:
    lesions = [label.word for label in LABELS if label.lesion]
    chosen = [wishes.lesion_label] if wishes.lesion_label else lesions
    maps = [analysis.lesions[word] for word in chosen if word in analysis.lesions]
    if not maps:
        return None
    values = strongest_map(maps)
    title = (wishes.lesion_label or "suspected lesions").replace("_", " ")
    return (heat_rgba(values, wishes.colour_map, wishes.threshold, wishes.opacity),
            Box(0, 0, analysis.cols, analysis.rows), True, f"{title}, probability, {analysis.model.short}", (0.0, 1.0),
            colour_bar(wishes.colour_map))


@lru_cache(maxsize=8)
def _pyramid_overlay(analysis: Analysis, wishes: OverlayWishes) -> OverlayParts | None:
    level = next((one for one in analysis.pyramid if one.scale == wishes.mfp_scale), None)
    if level is None:
        return None
    stride = f"one cell = {level.stride_px[1]:.1f} x {level.stride_px[0]:.1f} px"
    head = f"MFP 1/{level.scale}"
    if wishes.mfp_mode == "pca":
        rgba = component_view(level.values, wishes.opacity)
        legend = f"{head}, three principal components as colour, {stride}, {analysis.model.short}"
        return (rgba, _rect(level), wishes.smooth, legend, None, None)
    # A level of another model may have fewer channels than the one the wish was made for.
    channel = None if wishes.mfp_mode == "energy" else min(int(wishes.mfp_mode), len(level.values) - 1)
    values, low, high = channel_view(level.values, channel)
    what = "energy" if channel is None else f"channel {channel}"
    rgba = heat_rgba(values, wishes.colour_map, wishes.threshold, wishes.opacity)
    return (rgba, _rect(level), wishes.smooth, f"{head}, {what}, {stride}, {analysis.model.short}", (low, high),
            colour_bar(wishes.colour_map))


def _rect(level: PyramidLevel) -> Box:
    _, height, width = level.values.shape
    return Box(level.origin_px[1], level.origin_px[0], width * level.stride_px[1], height * level.stride_px[0])
