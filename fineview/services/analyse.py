"""One frame through the engine: maps, layers, proposals, and whether the encoder was made for such a picture."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import (
    Analysis,
    DarSettings,
    DomainVerdict,
    HeatMap,
    Method,
    Proposal,
    PyramidLevel,
)
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.labels import LABELS, WORDS
from fineview.core.study import FrameKey
from fineview.imaging.control import random_map
from fineview.imaging.dar import EdgeMask, measure_for, redistribute
from fineview.imaging.dar_adaptive import fit
from fineview.imaging.proposals import find_proposals
from fineview.imaging.window import to_rgb
from fineview.services.encodings import Encodings
from fineview.services.ports import Engine, TokenPort

# Modalities of PS3.3 C.7.3.1.1.1 that show an eye; pictures without a header have modality "".
EYE_MODALITIES = frozenset({"OP", "OPT", "OPTENF", "OPTBSV", "OCT"})
SILENT_MODALITIES = frozenset({"", "PICTURE", "OT", "SC", "XC", "GP"})
Anatomy = Literal["fundus", "oct", "other"]


@dataclass(frozen=True, slots=True, eq=False)
class FrameRequest:
    """Everything one analysis depends on."""

    key: FrameKey
    raster: Raster
    spacing: Spacing
    modality: str


def judge_domain(modality: str, scores: Mapping[str, float], trained: bool) -> DomainVerdict:
    """In, out or unknown.  The header decides where it names another part of the body; else the encoder's own view.

    ``scores``: probabilities of fundus, oct, other.  An encoder without trained heads knows nothing: "unknown".
    """
    if modality not in EYE_MODALITIES and modality not in SILENT_MODALITIES:
        return "out"
    if not trained:
        return "unknown"
    eye = scores["fundus"] + scores["oct"]
    if modality in EYE_MODALITIES:
        return "in" if eye >= 0.5 else "unknown"
    return "in" if eye >= 0.8 else "out" if eye <= 0.2 else "unknown"


def anatomy_of(modality: str, scores: Mapping[str, float]) -> Anatomy:
    if modality == "OP":
        return "fundus"
    if modality in ("OPT", "OCT"):
        return "oct"
    if modality not in EYE_MODALITIES and scores["other"] >= max(scores["fundus"], scores["oct"]):
        return "other"
    return "fundus" if scores["fundus"] >= scores["oct"] else "oct"


def is_blank(raster: Raster) -> bool:
    """One colour all over: whatever a network makes of it, there is nothing to see."""
    rgb = to_rgb(raster)
    return bool((rgb == rgb[0, 0]).all())


def analyse(request: FrameRequest, engine: Engine, encodings: Encodings, token: TokenPort) -> Analysis:
    """Encode the frame (or find it in the cache) and read everything off the encoding.

    Raises ``Cancelled`` between stages, ``DeviceProblem`` where no device can hold the frame.
    """
    clock = _Stopwatch()
    encoding = encodings.encode(engine, request.raster, token)
    clock.lap("encode")
    token.raise_if_cancelled()
    scores = engine.domain(encoding)
    anatomy = anatomy_of(request.modality, scores)
    domain = judge_domain(request.modality, scores, engine.identity.trained and engine.identity.heads_trained)
    if domain == "in" and is_blank(request.raster):
        domain = "unknown"
    words = tuple(label.word for label in LABELS if label.domain == anatomy)
    lesions = engine.lesion_maps(encoding, words or WORDS)
    clock.lap("attention")
    strides = engine.strides_px(encoding)
    pyramid = tuple(PyramidLevel(scale, values, strides[f"mfp_{scale}"])
                    for scale, values in engine.pyramid(encoding).items())
    clock.lap("pyramid")
    token.raise_if_cancelled()
    layers = engine.layers(encoding) if anatomy == "oct" and domain != "out" else {}
    proposals = _proposals(lesions, engine, request.spacing) if domain == "in" else ()
    return Analysis(
        frame=request.key, content_key=request.raster.content_key, rows=request.raster.rows, cols=request.raster.cols,
        model=engine.identity, domain=domain, domain_scores=dict(scores), anatomy=anatomy, lesions=lesions,
        layers=layers, pyramid=pyramid, proposals=proposals, device=engine.device, dtype=engine.dtype,
        seconds=clock.seconds, notes=tuple(getattr(encoding, "notes", ())))


def _proposals(lesions: Mapping[str, NDArray[np.float16]], engine: Engine, spacing: Spacing) -> tuple[Proposal, ...]:
    wanted = {label.word: lesions[label.word] for label in LABELS if label.lesion and label.word in lesions}
    made = [replace(found, score=engine.chance(found.label, found.score), area_mm2=spacing.area_mm2(found.area_px))
            for found in find_proposals(wanted, engine.thresholds)]
    return tuple(sorted(made, key=lambda found: -found.score))  # until here every label has a scale of its own


def heat_map(request: FrameRequest, analysis: Analysis, engine: Engine, encodings: Encodings, token: TokenPort,
             method: Method, text: str | None = None, dar: DarSettings | None = None) -> HeatMap:
    """One method's map of the frame on its source grid, float32 (rows, cols) in [0, 1]."""
    dar = dar or DarSettings()
    encoding = encodings.encode(engine, request.raster, token)
    token.raise_if_cancelled()
    stride = engine.strides_px(encoding)["raw"]
    if method is Method.RANDOM:
        values = random_map(request.raster.rows, request.raster.cols, stride, request.raster.content_key)
        return HeatMap(request.key, method, "no model", None, values, analysis.model, "uniform noise", stride)
    note = ""
    if method is Method.RAW:
        values = engine.raw_map(encoding, text)
    elif method in (Method.DAR, Method.DAR_INLINE):
        base = engine.raw_map(encoding, text)
        name = measure_for(analysis.anatomy, dar.edges, text)
        dar, mask, note = fit(base, encodings.edges.of(request.raster, analysis.anatomy, name), dar)
        token.raise_if_cancelled()
        values = (redistribute(base, mask, dar.gain) if method is Method.DAR
                  else engine.method_map(encoding, method, text, dar.gain, mask, token))
    else:
        unused = EdgeMask(np.zeros((request.raster.rows, request.raster.cols), np.bool_), "laplacian", 0.0)
        values = engine.method_map(encoding, method, text, dar.gain, unused, token)
    return HeatMap(request.key, method, engine.layer(method), text or engine.default_text, values, analysis.model,
                   engine.normalisation, stride, note)


class _Stopwatch:
    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
