"""One analysed frame as files and as the JSON object of the command line contract."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.evidence import Analysis, DarSettings, HeatMap, Method, Proposal, Task
from fineview.core.image import Raster
from fineview.core.region import Region
from fineview.core.study import FrameKey, Series
from fineview.imaging.colour import blend, heat_rgba
from fineview.imaging.drawing import draw_region
from fineview.imaging.png import png
from fineview.imaging.window import to_rgb
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.deliver import deliver_together
from fineview.services.encodings import Encodings
from fineview.services.figures import MODEL_RGB
from fineview.services.ports import Archive, Engine, TokenPort


@dataclass(frozen=True, slots=True)
class AnalysisWish:
    """What ``fineview analyze`` was asked for."""

    method: Method = Method.DAR
    question: str | None = None
    region: Region | None = None
    task: Task = Task.LESION
    dar: DarSettings = DarSettings()


def analyse_to_files(series: Series, key: FrameKey, wish: AnalysisWish, archive: Archive, engine: Engine,
                     encodings: Encodings, out: Path, token: TokenPort, within: str = "") -> dict[str, Any]:
    """Analyse one frame, write its maps into ``out / within``, return the ``analyze`` object.

    Raises ``InputProblem``, ``RequestProblem`` (region outside the image), ``StorageProblem``.
    """
    started = time.perf_counter()
    request = read_request(series, key, wish, archive)
    return request_to_files(series, request, time.perf_counter() - started, wish, engine, encodings, out, token, within)


def read_request(series: Series, key: FrameKey, wish: AnalysisWish, archive: Archive) -> FrameRequest:
    """The decoded frame as a request.  Raises ``InputProblem``, ``RequestProblem`` (region outside the image)."""
    frame = series.frames[key.index]
    raster = archive.read_frame(frame)
    _check_region(wish.region, raster)
    return FrameRequest(key, raster, frame.spacing, series.modality)


def request_to_files(series: Series, request: FrameRequest, decode_s: float, wish: AnalysisWish, engine: Engine,
                     encodings: Encodings, out: Path, token: TokenPort, within: str = "") -> dict[str, Any]:
    """What follows decoding in :func:`analyse_to_files`."""
    started, key, raster = time.perf_counter(), request.key, request.raster
    seen = analyse(request, engine, encodings, token)
    analysed = time.perf_counter()
    raw = heat_map(request, seen, engine, encodings, token, Method.RAW, wish.question)
    attended = time.perf_counter()
    dar = heat_map(request, seen, engine, encodings, token, Method.DAR, wish.question, wish.dar)
    redistributed = time.perf_counter()
    maps = {"raw": raw, "dar": dar}
    if wish.method not in (Method.RAW, Method.DAR):
        maps[str(wish.method)] = heat_map(request, seen, engine, encodings, token, wish.method, wish.question, wish.dar)
    token.raise_if_cancelled()
    overlay = overlay_png(to_rgb(raster), maps[str(wish.method)], seen, wish.region)
    files = _write(out, prefix := f"{within}/" if within else "", maps, seen, overlay)
    return {
        "frame": {"path": series.frames[key.index].path, "series_uid": key.series_uid, "index": key.index,
                  "rows": raster.rows, "cols": raster.cols},
        "encoder": {"name": seen.model.name, "sha256": seen.model.sha256, "fusion_trained": seen.model.fusion_trained,
                    "fusion": seen.model.fusion, "domain": seen.domain},
        "device": seen.device, "dtype": seen.dtype,
        "seconds": _seconds(seen, decode=decode_s, attention=attended - analysed, dar=redistributed - attended,
                            total=decode_s + time.perf_counter() - started),
        "maps": files, "strides_px": _strides(seen, maps), "layers": _layers(seen.layers),
        "normalisation": raw.normalisation, "task": str(wish.task), "method": str(wish.method),
        "map_notes": {name: heat.note for name, heat in maps.items() if heat.note},
        "question": wish.question, "domain_scores": {k: round(v, 4) for k, v in seen.domain_scores.items()},
        "anatomy": seen.anatomy, "notes": list(seen.notes),
        "proposals": [_proposal(one) for one in seen.proposals],
        "overlay": f"{prefix}overlay.png"}


def overlay_png(rgb: NDArray[np.uint8], heat: HeatMap, seen: Analysis, region: Region | None) -> bytes:
    """The frame under the heat map with the suggested lesions and the asked region outlined."""
    drawn = blend(rgb, heat_rgba(heat.values, "viridis", 0.15, 0.6))
    for proposal in seen.proposals:
        drawn = draw_region(drawn, Region.from_box(proposal.box), MODEL_RGB)
    if region is not None:
        drawn = draw_region(drawn, region, (255, 209, 102))
    return png(drawn)


def _write(out: Path, prefix: str, maps: Mapping[str, HeatMap], seen: Analysis, overlay: bytes) -> dict[str, Any]:
    """All files or none, so that maps of two frames never lie side by side."""
    arrays: dict[str, NDArray[Any]] = {name: heat.values.astype(np.float32) for name, heat in maps.items()}
    arrays |= {f"mfp_{level.scale}": level.values.astype(np.float16) for level in seen.pyramid}
    files: dict[str, Any] = {name: f"{prefix}{name}.npy" for name in arrays}
    files["lesion"] = {word: f"{prefix}lesion_{word}.npy" for word in seen.lesions}
    arrays |= {f"lesion_{word}": values.astype(np.float16) for word, values in seen.lesions.items()}
    written = ((out / f"{prefix}{name}.npy", _npy(values), None) for name, values in arrays.items())
    deliver_together(chain(written, [(out / f"{prefix}overlay.png", overlay, None)]))
    return files


def _npy(values: NDArray[Any]) -> bytes:
    held = io.BytesIO()
    np.save(held, np.ascontiguousarray(values), allow_pickle=False)
    return held.getvalue()


def _strides(seen: Analysis, maps: Mapping[str, HeatMap]) -> dict[str, list[float]]:
    strides = {name: [round(v, 4) for v in heat.stride_px] for name, heat in maps.items()}
    strides.update({f"mfp_{level.scale}": [round(v, 4) for v in level.stride_px] for level in seen.pyramid})
    return strides


def _proposal(one: Proposal) -> dict[str, Any]:
    return {"label": one.label, "score": round(one.score, 4), "box": [round(v, 2) for v in one.box.as_list()],
            "area_px": one.area_px, "area_mm2": one.area_mm2}


def _layers(layers: Mapping[str, NDArray[np.float32]]) -> list[dict[str, Any]]:
    return [{"name": name, "row_px": [None if math.isnan(row) else round(float(row), 2) for row in rows]}
            for name, rows in layers.items()]


def _check_region(region: Region | None, raster: Raster) -> None:
    if region is None:
        return
    box = region.bounds.clipped(raster.rows, raster.cols)
    if box.w <= 0 or box.h <= 0:
        raise RequestProblem("The region lies outside the image.",
                             f"The image is {raster.cols} wide and {raster.rows} high.", "region-outside")


def _seconds(seen: Analysis, **stages: float) -> dict[str, float]:
    """Seconds by stage: those of the analysis and those measured around it."""
    names = ("decode", "encode", "attention", "dar", "pyramid", "total")
    return {name: round(seen.seconds.get(name, 0.0) + stages.get(name, 0.0), 4) for name in names}
