"""How well score maps find lesions on labelled photographs, beside detectors that were never trained."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.errors import InputProblem, RequestProblem, WrongWords
from fineview.core.labels import LABELS, WORDS, label_for
from fineview.lab.baselines import BASELINES, TO_BEAT, Maps, ScoreMaps
from fineview.lab.evaluate import Request
from fineview.lab.figures import Figure, Figures, bootstrap_interval, machine_words
from fineview.lab.fundus_truth import field_of_view
from fineview.lab.held_out import lay_out
from fineview.lab.lesion_metrics import Tally, auroc, average_precision, crossvalidated_counts, f1, tally
from fineview.lab.lesion_truth import LabelledPhoto, photo_paths, read_truth
from fineview.models.weights import read_manifest
from fineview.services.jobs import Token

Array = npt.NDArray[Any]
Statistic = Callable[[list[Tally], int], tuple[float | None, Callable[[Array], float | None], int]]
OURS = "model"


def run(request: Request) -> Figures:
    """Score the app's encoder: ``--images`` with ``--labels``, or those of ``--data`` that were kept from training."""
    if request.data is None and (request.images is None or request.labels is None):
        raise WrongWords("Photographs and labels are needed.",
                         "Give --images DIR and --labels DIR, or --data DIR for those kept from training.")
    if request.only or request.steps is not None:
        raise WrongWords("This evaluation scores every lesion and trains nothing.", "Leave --only and --steps away.")
    fundus = tuple(label.word for label in LABELS if label.domain == "fundus")
    engine = request.app.engine()
    if not engine.identity.heads_trained:
        raise RequestProblem(f"{engine.identity.name} has no lesion heads, so there is nothing to score.",
                             "Choose an encoder that has, such as retina-s.", "no-heads")
    with tempfile.TemporaryDirectory() as folder:
        images, labels = request.images, request.labels
        if request.data is not None:
            fold = int(read_manifest(request.app.encoder_folder()).facts.get("fold", 0))
            images = labels = lay_out(request.data, fold, request.labelled, Path(folder) / "held-out")

        def score(rgb: npt.NDArray[np.uint8]) -> Maps:
            maps = engine.lesion_maps(engine.encode(rgb, Token()), fundus)
            return {word: values.astype(np.float32) for word, values in maps.items()}

        assert images is not None and labels is not None
        return evaluate_lesions(images, labels, score, request.seed,
                                lambda done, total: request.progress(done, total, f"photograph {done} of {total}"))


def evaluate_lesions(images: Path, labels: Path, score_maps: ScoreMaps, seed: int = 0,
                     progress: Callable[[int, int], None] | None = None) -> Figures:
    """Score ``score_maps`` and the baselines on the photographs of ``images`` that have labels in ``labels``.

    ``score_maps`` takes rgb (H, W, 3) uint8 and returns word -> (H, W) float map in [0, 1].  Labels: ``NAME.txt``
    with YOLO boxes (0 optic disc, 1 hard exudate, 2 haemorrhage) or ``NAME_MA.png``, ``_HE``, ``_EX``, ``_SE``,
    ``_OD`` (or ``NAME_<word>.png``) masks.  A goal is the best of random, centre prior and Laplacian.
    Raises ``InputProblem`` where folders, photographs or labels cannot be used.
    """
    detectors = {OURS: score_maps, **BASELINES}
    table: dict[str, dict[str, list[Tally]]] = {}
    paths = photo_paths(images, labels)
    for number, path in enumerate(paths):
        rgb = read_photo(path)
        truth = read_truth(path, labels, rgb.shape[:2])
        view = field_of_view(rgb)
        for name, detector in detectors.items():
            for word, item in _tallies(detector(rgb), truth, view).items():
                table.setdefault(word, {}).setdefault(name, []).append(item)
        if progress is not None:
            progress(number + 1, len(paths))
    figures = [figure for word in WORDS if word in table for figure in _figures(word, table[word], seed)]
    return Figures(tuple(figures), seed, machine_words())


def read_photo(path: Path) -> npt.NDArray[np.uint8]:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except OSError as trouble:
        raise InputProblem(f"{path.name} is not a picture that can be read.",
                           "Remove it from the folder or replace it.", "not-an-image") from trouble


def _tallies(maps: Maps, truth: LabelledPhoto, view: Array) -> dict[str, Tally]:
    nothing = np.zeros(view.shape, np.float32)
    found = {}
    for word, boxes in truth.boxes.items():
        score = np.asarray(maps.get(word, nothing), np.float32)
        if truth.loose and word == "haemorrhage":  # loose boxes do not tell microaneurysms from haemorrhages
            score = np.maximum(score, maps.get("microaneurysm", nothing))
        found[word] = tally(score, view, boxes, truth.masks.get(word))
    return found


def _figures(word: str, by_detector: dict[str, list[Tally]], seed: int) -> list[Figure]:
    kinds: tuple[tuple[str, Statistic], ...] = (
        ("f1", _f1), ("precision", _precision), ("recall", _recall), ("aupr", _aupr), ("pointing", _pointing),
        ("presence_auroc", _presence))
    found = []
    for kind, statistic in kinds:
        value, resampled, count = statistic(by_detector[OURS], seed)
        if value is None:
            continue
        baselines = {name: statistic(by_detector[name], seed)[0] for name in BASELINES}
        # precision and recall alone can be bought with the threshold: they are reported, not judged
        rivals = [baselines[name] for name in TO_BEAT] if kind not in ("precision", "recall") else []
        known = [rival for rival in rivals if rival is not None]
        goal = max(known) if known else None
        interval = bootstrap_interval(resampled, len(by_detector[OURS]), seed)
        # advice on encoders rests on how well lesions are found; the disc is none
        about = {"task": "lesion"} if kind in ("f1", "aupr") and label_for(word).lesion else {}
        found.append(Figure(f"{kind}_{word}", value, "fraction", count, interval, goal,
                            None if goal is None else value > goal, baselines, about))
    return found


def _pooled(part: int) -> Statistic:
    def statistic(tallies: list[Tally], seed: int) -> tuple[float | None, Callable[[Array], float | None], int]:
        rows = crossvalidated_counts(tallies, seed)

        def resampled(chosen: Array) -> float | None:
            return f1(rows[chosen].sum(0))[part] if rows[chosen, 2].any() else None

        return resampled(np.arange(len(rows))), resampled, int(rows[:, 2].sum())
    return statistic


_f1, _precision, _recall = (_pooled(part) for part in range(3))


def _aupr(tallies: list[Tally], seed: int) -> tuple[float | None, Callable[[Array], float | None], int]:
    drawn = [t.pixels for t in tallies if t.pixels is not None]
    stack = np.stack(drawn) if drawn else np.zeros((0, 2, 1))

    def resampled(chosen: Array) -> float | None:
        return average_precision(stack[chosen % max(len(stack), 1)].sum(0)) if len(stack) else None

    return resampled(np.arange(len(stack))), resampled, len(stack)


def _pointing(tallies: list[Tally], seed: int) -> tuple[float | None, Callable[[Array], float | None], int]:
    hits = np.array([t.pointed for t in tallies if t.pointed is not None], float)

    def resampled(chosen: Array) -> float | None:
        return float(hits[chosen % len(hits)].mean()) if len(hits) else None

    return resampled(np.arange(len(hits))), resampled, len(hits)


def _presence(tallies: list[Tally], seed: int) -> tuple[float | None, Callable[[Array], float | None], int]:
    tops = np.array([t.top for t in tallies])
    present = np.array([len(t.best) > 0 for t in tallies], bool)

    def resampled(chosen: Array) -> float | None:
        return auroc(tops[chosen][present[chosen]], tops[chosen][~present[chosen]])

    return resampled(np.arange(len(tallies))), resampled, len(tallies)
