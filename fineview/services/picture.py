"""From facts and wishes to pixels on screen: the base picture and the overlay, each remembered by what it came from."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Analysis, DarSettings, HeatMap, Method, ModelIdentity, PyramidLevel
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
    """What a heat map depends on, the encoder among it; the cache key of ``Session.heat``."""
    dar: DarSettings | None = wishes.dar if wishes.method in (Method.DAR, Method.DAR_INLINE) else None
    text = None if wishes.method is Method.RANDOM else wishes.text
    return (key, wishes.encoder, wishes.kind, text, dar)


def overlay_picture(session: Session) -> OverlayParts | None:
    """The overlay wished for the shown frame, or None where none is wished or it is not computed yet."""
    return picture_of(session, session.overlay)


def picture_of(session: Session, wishes: OverlayWishes) -> OverlayParts | None:
    """The overlay of any wishes for the shown frame, from what their own encoder said of it."""
    key = session.frame_key
    if key is None or wishes.kind == "none":
        return None
    if wishes.method is not None:
        heat = session.heat.get(heat_key(key, wishes))
        return _heat_overlay(heat, wishes) if heat is not None else None
    analysis = session.analyses.get((key, wishes.encoder))
    if analysis is None:
        return None
    return _pyramid_overlay(analysis, wishes) if wishes.kind == "mfp" else _lesion_overlay(analysis, wishes)


def missing_words(session: Session, wishes: OverlayWishes) -> str:
    """Why an overlay will not come although its frame was analysed; "" where it is there or on its way."""
    analysis = session.analyses.get((session.frame_key, wishes.encoder)) if session.frame_key else None
    if analysis is None or wishes.kind not in ("mfp", "lesion") or picture_of(session, wishes) is not None:
        return ""
    if wishes.kind == "mfp":
        scales = ", ".join(f"1/{level.scale}" for level in analysis.pyramid) or "none"
        return f"{analysis.model.name} has no level 1/{wishes.mfp_scale} for this picture (it has {scales})."
    what = (wishes.lesion_label or "lesion").replace("_", " ")
    return f"{analysis.model.name} has no {what} map for this picture."


METHOD_WORDS = {
    Method.RAW: "attention", Method.DAR: "DAR", Method.DAR_INLINE: "DAR inside the model",
    Method.REL_ATT: "relative attention", Method.GRAD_ATT: "attention x gradient", Method.PURE_GRAD: "pixel gradient",
    Method.RANDOM: "random map, no model"}


def whose(model: ModelIdentity) -> str:
    """Who computed it, and what a reader must know of the weights: "fila 3f9a21c8, untrained fusion"."""
    state = "untrained weights" if not model.trained else "" if model.fusion_trained else "untrained fusion"
    return f"{model.short}, {state}" if state else model.short


@lru_cache(maxsize=12)
def _heat_overlay(heat: HeatMap, wishes: OverlayWishes) -> OverlayParts:
    rgba = heat_rgba(heat.values, wishes.colour_map, wishes.threshold, wishes.opacity)
    rows, cols = heat.values.shape
    words = [METHOD_WORDS.get(heat.method, heat.method.value)]
    if heat.method is not Method.RANDOM:  # nobody computed a control: it only lies on this encoder's grid
        words += [heat.layer, f"\"{heat.text}\"" if heat.text else "", whose(heat.model)]
    else:
        words.append(f"on the grid of {heat.model.short}")
    words.append(str(getattr(heat, "note", "") or ""))
    legend = ", ".join(word for word in words if word)
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
    legend = f"{title}, lesion head, probability, {whose(analysis.model)}"
    return (heat_rgba(values, wishes.colour_map, wishes.threshold, wishes.opacity),
            Box(0, 0, analysis.cols, analysis.rows), True, legend, (0.0, 1.0), colour_bar(wishes.colour_map))


@lru_cache(maxsize=8)
def _pyramid_overlay(analysis: Analysis, wishes: OverlayWishes) -> OverlayParts | None:
    level = next((one for one in analysis.pyramid if one.scale == wishes.mfp_scale), None)
    if level is None:
        return None
    stride = f"one cell = {level.stride_px[1]:.1f} x {level.stride_px[0]:.1f} px"
    head = f"MFP 1/{level.scale}"
    if wishes.mfp_mode == "pca":
        rgba = component_view(level.values, wishes.opacity)
        legend = f"{head}, three principal components as colour, {stride}, {whose(analysis.model)}"
        return (rgba, _rect(level), wishes.smooth, legend, None, None)
    # A level of another model may have fewer channels than the one the wish was made for.
    channel = None if wishes.mfp_mode == "energy" else min(int(wishes.mfp_mode), len(level.values) - 1)
    values, low, high = channel_view(level.values, channel)
    what = "energy" if channel is None else f"channel {channel}"
    rgba = heat_rgba(values, wishes.colour_map, wishes.threshold, wishes.opacity)
    return (rgba, _rect(level), wishes.smooth, f"{head}, {what}, {stride}, {whose(analysis.model)}", (low, high),
            colour_bar(wishes.colour_map))


def _rect(level: PyramidLevel) -> Box:
    _, height, width = level.values.shape
    return Box(level.origin_px[1], level.origin_px[0], width * level.stride_px[1], height * level.stride_px[0])
