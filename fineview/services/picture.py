"""From facts and wishes to pixels on screen: the base picture and the overlay, each remembered by what it came from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Analysis, DarSettings, HeatMap, Method, ModelIdentity, PyramidLevel, WordMap
from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.labels import LABELS
from fineview.core.study import FrameKey
from fineview.imaging.colour import colour_bar, heat_rgba, strongest_map
from fineview.imaging.pyramid_view import balanced, channel_view, component_view, on_cells, together
from fineview.imaging.window import render_gray
from fineview.services.remembered import remembered
from fineview.services.session import Session
from fineview.services.whereabouts import place_of
from fineview.services.wishes import WORD, OverlayWishes, ViewWishes

OverlayParts = tuple[NDArray[np.uint8], Box, bool, str, tuple[float, float] | None, NDArray[np.uint8] | None]


@remembered
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
    if wishes.kind == WORD:
        return _said_on(session, wishes)
    if wishes.method is not None:
        heat = session.heat.get(heat_key(key, wishes))
        return _heat_overlay(heat, wishes) if heat is not None else None
    analysis = session.analyses.get((key, wishes.encoder))
    if analysis is None:
        return None
    if wishes.kind != "mfp":
        return _lesion_overlay(analysis, wishes)
    row = session.heat.get(heat_key(key, wishes)) if wishes.needs_row else None
    return None if wishes.needs_row and row is None else _pyramid_overlay(analysis, wishes, row)


def missing_words(session: Session, wishes: OverlayWishes) -> str:
    """Why an overlay will not come although its frame was analysed; "" where it is there or on its way."""
    if wishes.kind == WORD:
        gone = session.frame_key is not None and _said_on(session, wishes) is None
        return "This word was said about another frame, or its map is gone." if gone else ""
    analysis = session.analyses.get((session.frame_key, wishes.encoder)) if session.frame_key else None
    if analysis is None or wishes.kind not in ("mfp", "lesion") or picture_of(session, wishes) is not None:
        return ""
    if wishes.kind == "mfp":
        known = [level.scale for level in analysis.pyramid]
        lacking = next((one for one in (wishes.mfp_scale, wishes.mfp_with) if one and one not in known), None)
        scales = ", ".join(f"1/{scale}" for scale in known) or "none"
        # with every level there, only the row of the words is still on its way
        return f"{analysis.model.name} has no level 1/{lacking} for this picture (it has {scales})." if lacking else ""
    what = (wishes.lesion_label or "lesion").replace("_", " ")
    return f"{analysis.model.name} has no {what} map for this picture."


METHOD_WORDS = {
    Method.RAW: "attention", Method.DAR: "DAR", Method.DAR_INLINE: "DAR inside the model",
    Method.REL_ATT: "relative attention", Method.GRAD_ATT: "attention x gradient", Method.PURE_GRAD: "pixel gradient",
    Method.RANDOM: "random map, no model"}


def whose(model: ModelIdentity) -> str:
    """Who computed it, and what a reader must know of the weights: "fila 3f9a21c8, untrained fusion"."""
    state = "untrained weights" if not model.trained else "untrained fusion" if model.fusion == "untrained" else ""
    return f"{model.short}, {state}" if state else model.short


def _said_on(session: Session, wishes: OverlayWishes) -> OverlayParts | None:
    """The map of a word of an answer, where the answer is about the shown frame."""
    spoken = session.spoken.get(wishes.word[0]) if wishes.word is not None else None
    if spoken is None or wishes.word is None or session.study is None:
        return None
    said = next((one for one in spoken.words if one.start == wishes.word[1]), None)
    here = place_of(spoken.question, session.study) == session.frame_key
    return _word_overlay(said, spoken.model, wishes) if said is not None and here else None


@remembered
def _word_overlay(said: WordMap, model: ModelIdentity, wishes: OverlayWishes) -> OverlayParts:
    """On the model's own grid, over what it saw."""
    rows, cols = said.cells.shape
    cells = f"one cell = {said.box.w / cols:.1f} x {said.box.h / rows:.1f} px"
    strongest = float(said.cells.max())
    weak = f", nowhere above the threshold (strongest {strongest:.2f})" if strongest < wishes.threshold else ""
    legend = f"attention, {said.layer}, \"{said.word}\", {whose(model)}, not reviewed{weak}, {cells}"
    rgba = heat_rgba(said.cells, wishes.colour_map, wishes.threshold, wishes.opacity)
    return (rgba, said.box, True, legend, (0.0, 1.0), colour_bar(wishes.colour_map))


@remembered
def _heat_overlay(heat: HeatMap, wishes: OverlayWishes) -> OverlayParts:
    rgba = heat_rgba(heat.values, wishes.colour_map, wishes.threshold, wishes.opacity)
    rows, cols = heat.values.shape
    words = [METHOD_WORDS.get(heat.method, heat.method.value)]
    if heat.method is not Method.RANDOM:  # nobody computed a control: it only lies on this encoder's grid
        # A narrow legend is cut at its end, and whose map it is must not be lost there.
        words += [whose(heat.model), heat.layer, f"\"{heat.text}\"" if heat.text else ""]
    else:
        words.append(f"on the grid of {heat.model.short}")
    words.append(heat.note)
    legend = ", ".join(word for word in words if word)
    return (rgba, Box(0, 0, cols, rows), True, legend, (0.0, 1.0), colour_bar(wishes.colour_map))


@remembered
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


@remembered
def _pyramid_overlay(analysis: Analysis, wishes: OverlayWishes, row: HeatMap | None = None) -> OverlayParts | None:
    levels = {one.scale: one for one in analysis.pyramid}
    level, finer = levels.get(wishes.mfp_scale), levels.get(wishes.mfp_with)
    if level is None or (wishes.mfp_with and finer is None):
        return None
    if finer is not None:
        return _two_scales(level, finer, analysis, wishes)
    head, tail = f"MFP 1/{level.scale}", f"{whose(analysis.model)}, {_cell_words(level)}"
    if wishes.mfp_mode == "pca":
        rgba = component_view(level.values, wishes.opacity)
        return (rgba, _rect(level), wishes.smooth, f"{head}, three principal components as colour, {tail}", None, None)
    # A level of another model may have fewer channels than the one the wish was made for.
    channel = None if wishes.mfp_mode == "energy" else min(int(wishes.mfp_mode), len(level.values) - 1)
    values, low, high = channel_view(level.values, channel)
    what = "energy" if channel is None else f"channel {channel}"
    ticks = (low, high)
    if row is not None:
        values = balanced(values, on_cells(row.values, values.shape, level.stride_px, level.origin_px), wishes.balance)
        what = f"{what} {1 - wishes.balance:.0%} with {row.layer} \"{row.text}\" {wishes.balance:.0%}"
        ticks = (0.0, 1.0)
    return _scaled(values, _rect(level), wishes, f"{head}, {what}, {tail}", ticks)


def _two_scales(level: PyramidLevel, finer: PyramidLevel, analysis: Analysis, wishes: OverlayWishes) -> OverlayParts:
    """Energies of two levels as one: a whole scene, and what is small in it."""
    (coarse, *_), (fine, *_) = channel_view(level.values, None), channel_view(finer.values, None)
    step = level.stride_px[0] / finer.stride_px[0], level.stride_px[1] / finer.stride_px[1]
    legend = (f"MFP 1/{level.scale} and 1/{finer.scale} together, mean of both energies, "
              f"{whose(analysis.model)}, {_cell_words(finer)}")
    return _scaled(together(coarse, fine, step), _rect(finer), wishes, legend, (0.0, 1.0))


def _scaled(values: NDArray[np.float32], rect: Box, wishes: OverlayWishes, legend: str,
            ticks: tuple[float, float]) -> OverlayParts:
    rgba = heat_rgba(values, wishes.colour_map, wishes.threshold, wishes.opacity)
    return (rgba, rect, wishes.smooth, legend, ticks, colour_bar(wishes.colour_map))


def _cell_words(level: PyramidLevel) -> str:
    return f"one cell = {level.stride_px[1]:.1f} x {level.stride_px[0]:.1f} px"


def _rect(level: PyramidLevel) -> Box:
    _, height, width = level.values.shape
    return Box(level.origin_px[1], level.origin_px[0], width * level.stride_px[1], height * level.stride_px[0])
