"""The embedded encoder as it can be deployed: fp32, bf16, weights stored as int8, OpenVINO; what each costs and moves.

Size on disk, seconds of one 1024^2 encode (rounds interleaved over all), drift of the maps against fp32, and F1 of
lesions on phantoms with known masks, or on photographs kept from training where ``--data`` is given.  Where OpenVINO
was measured its verdict is kept for this machine (:mod:`fineview.models.backend_choice`).
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fineview.core.errors import WrongWords
from fineview.core.labels import LABELS, WORDS
from fineview.lab.evaluate import Request
from fineview.lab.evaluate_lesions import evaluate_lesions
from fineview.lab.figures import Figure, Figures, machine_words
from fineview.lab.held_out import lay_out
from fineview.lab.phantom_fundus import fundus
from fineview.lab.phantom_oct import bscan
from fineview.lab.timing import interleaved
from fineview.models import backend_choice, weights
from fineview.models.device import Device, cpu_dtype
from fineview.models.int8 import restored, save_int8
from fineview.models.openvino_convert import installed
from fineview.models.predictor import Predictor
from fineview.models.vision.read_config import build_for

FP32, BF16, INT8, OPENVINO = "fp32", "bf16", "int8", "openvino"
PHANTOMS, PICTURES, ROUNDS, SIDE = 12, 3, 10, 1024
FUNDUS = tuple(label.word for label in LABELS if label.domain == "fundus")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to deploy the weights: its engine and its tensors' file."""

    engine: Predictor
    file: Path

    @property
    def megabytes(self) -> float:
        return round(self.file.stat().st_size / 2**20, 2)


def run(request: Request) -> Figures:
    """The table.  ``--only`` picks columns; fp32 is always measured, since the others are held against it."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        table = variants(request.app.encoder_folder(), at, request.only)
        request.progress(1, 4, "latency")
        found = latencies(table)
        request.progress(2, 4, "drift of maps")
        drift = {name: _drift(table[FP32].engine, one.engine) for name, one in table.items() if name != FP32}
        request.progress(3, 4, "lesions")
        images, words = _pictures(request, at)
        scores = {name: f1(one.engine, images, request.seed) for name, one in table.items()}
        # while the int8 file, whose size is told, still lies there
        figures = [figure for name, one in table.items()
                   for figure in _row(name, one, found, drift.get(name), scores)]
    if OPENVINO in table:
        faster = statistics.median(b / o for b, o in zip(found[_rival(table)], found[OPENVINO], strict=True))
        backend_choice.keep_verdict(table[OPENVINO].engine.sha256, faster, drift[OPENVINO]["mean"])
    return Figures(tuple(figures), request.seed, machine_words(), words)


def variants(source: Path, folder: Path, only: tuple[str, ...] = ()) -> dict[str, Variant]:
    """The ways this machine can run, fp32 first.  Raises ``WrongWords`` for a name that is none."""
    known = (FP32, BF16, INT8, OPENVINO)
    if set(only) - set(known):
        raise WrongWords(f"\"{', '.join(sorted(set(only) - set(known)))}\" is no way to deploy.",
                         f"Known: {', '.join(known)}.")
    file, wide = source / weights.TENSORS, _engine(source, torch.float32)
    table = {FP32: Variant(wide, file)}
    usual_type, wanted = cpu_dtype(), only or known
    if BF16 in wanted and usual_type == torch.bfloat16:
        table[BF16] = Variant(_engine(source, usual_type), file)
    if INT8 in wanted:
        small = save_int8(source, folder / "int8")
        table[INT8] = Variant(_engine(folder / "int8", usual_type), small)
    if OPENVINO in wanted and installed():
        other = _engine(source, usual_type)
        other.use_openvino(backend_choice.kept_forms())
        table[OPENVINO] = Variant(other, file)
    return table


def _engine(folder: Path, dtype: torch.dtype) -> Predictor:
    tensors, manifest = weights.load(folder)
    return Predictor(build_for(manifest.facts, restored(tensors)), manifest, Device("cpu", dtype))


def latencies(table: Mapping[str, Variant], rounds: int = ROUNDS, side: int = SIDE) -> dict[str, list[float]]:
    """Seconds of one encode each, all ways in every round."""
    rgb = fundus(3, (side, side)).rgb
    works = [lambda one=one: one.engine.encode(rgb) for one in table.values()]
    for work in works:
        work()
    return dict(zip(table, interleaved(works, rounds), strict=True))


def _drift(plain: Predictor, other: Predictor) -> dict[str, float]:
    pictures = [*(fundus(100 + seed, (SIDE, SIDE), lesions=True).rgb for seed in range(PICTURES)),
                *(np.repeat(bscan(100 + seed).image[..., None], 3, axis=2) for seed in range(PICTURES))]
    return joined([drift(_maps(plain, rgb), _maps(other, rgb)) for rgb in pictures])


def _maps(engine: Predictor, rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    seen = engine.encode(rgb)
    return {"raw": engine.raw_map(seen, "lesion"), **engine.lesion_maps(seen, WORDS)}


def drift(plain: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """Largest and mean absolute difference over all maps, and Spearman's rank correlation of the raw map (every 8th
    pixel)."""
    apart = [np.abs(plain[name].astype(np.float64) - other[name].astype(np.float64)) for name in plain]
    a, b = (_ranks(one["raw"][::8, ::8]) for one in (plain, other))
    flat = a.std() == 0 or b.std() == 0
    return {"largest": float(max(one.max() for one in apart)), "mean": float(np.mean([one.mean() for one in apart])),
            "rank": 1.0 if flat else float(np.corrcoef(a, b)[0, 1])}


def joined(each: list[dict[str, float]]) -> dict[str, float]:
    """Worst largest difference, mean of the means, lowest rank correlation."""
    return {"largest": max(one["largest"] for one in each), "mean": statistics.fmean(one["mean"] for one in each),
            "rank": min(one["rank"] for one in each)}


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    _, places, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]  # ties share the mean of their ranks


def _pictures(request: Request, folder: Path) -> tuple[Path, str]:
    if request.data is not None:
        fold = int(weights.read_manifest(request.app.encoder_folder()).facts.get("fold", 0))
        return (lay_out(request.data, fold, request.labelled, folder / "held-out"),
                f"photographs kept from training ({request.labelled})")
    return phantoms(folder / "phantoms", request.seed), f"{PHANTOMS} phantom photographs, seed {request.seed}"


def phantoms(folder: Path, seed: int, count: int = PHANTOMS, side: int = SIDE) -> Path:
    """Phantom photographs with one mask file a lesion, as any evaluation reads them."""
    folder.mkdir(parents=True)
    for number in range(count):
        made = fundus(1000 * (seed + 1) + number, (side, side), lesions=True)
        Image.fromarray(made.rgb).save(folder / f"p{number:02d}.png")
        for word in FUNDUS:
            mask = made.masks.get(word, np.zeros((side, side), np.bool_))
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"p{number:02d}_{word}.png")
    return folder


def f1(engine: Predictor, images: Path, seed: int) -> dict[str, float]:
    """F1 by lesion, thresholds cross-validated."""
    def score(rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return {word: one.astype(np.float32) for word, one in engine.lesion_maps(engine.encode(rgb), FUNDUS).items()}

    found = evaluate_lesions(images, images, score, seed).figures
    return {one.name.removeprefix("f1_"): one.value for one in found
            if one.name.startswith("f1_") and one.value is not None}


def _rival(table: Mapping[str, Variant]) -> str:
    return BF16 if BF16 in table else FP32


def _row(name: str, one: Variant, found: Mapping[str, list[float]], moved: Mapping[str, float] | None,
         scores: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    times = [1000 * value for value in found[name]]
    ratios = [plain / ours for plain, ours in zip(found[FP32], found[name], strict=True)]
    rows = [Figure(f"{name}: size on disk", one.megabytes, "MB", 1),
            Figure(f"{name}: encode of {SIDE}^2", round(statistics.median(times), 1), "ms", len(times),
                   (round(min(times), 1), round(max(times), 1)), None, None,
                   {"times_faster_than_fp32": round(statistics.median(ratios), 2)})]
    if moved is not None:
        rows += [Figure(f"{name}: drift of maps, largest", round(moved["largest"], 5), "probability", 2 * PICTURES),
                 Figure(f"{name}: drift of maps, mean", round(moved["mean"], 6), "probability", 2 * PICTURES),
                 Figure(f"{name}: rank correlation of the raw map, lowest", round(moved["rank"], 5), "correlation",
                        2 * PICTURES)]
    mean = statistics.fmean(scores[name].values())
    plain = statistics.fmean(scores[FP32].values())
    return [*rows, Figure(f"{name}: F1 of lesions, mean over labels", round(mean, 4), "fraction", len(scores[name]),
                          None, None, None, {"drift_from_fp32": round(mean - plain, 4), **scores[name]})]
