"""How well score maps find lesions on labelled photographs, beside detectors that were never trained."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.errors import InputProblem, RequestProblem, WrongWords
from fineview.core.labels import LABELS, WORDS, label_for
from fineview.imaging.field_of_view import field_of_view
from fineview.lab.any_lesion import AnyLesion
from fineview.lab.baselines import BASELINES, TO_BEAT, Maps, ScoreMaps
from fineview.lab.evaluate import Request
from fineview.lab.failures import Failures
from fineview.lab.figures import Figure, Figures, bootstrap_interval, machine_words
from fineview.lab.held_out import lay_out
from fineview.lab.lesion_metrics import Tally, auroc, average_precision, crossvalidated_counts, f1, tally
from fineview.lab.lesion_truth import LabelledPhoto, photo_paths, read_truth
from fineview.lab.promises import Promises
from fineview.models.weights import read_manifest
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
Statistic = Callable[[list[Tally], int], tuple[float | None, Callable[[Array], float | None], int]]
OURS = "model"
OWN_SOURCE = "the person's own photograph"
MASKS_SOURCE = "part of a photograph of IDRiD, Porwal et al., Data 3(3):25 (2018), CC BY 4.0, outline added"


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
            images = labels = lay_out(request.data, fold, request.labelled, Path(folder) / "held-out",
                                      healthy=request.labelled == "boxes")

        scored, promises = Scored(engine, fundus), Promises(engine, request.seed, _failures(request))

        def look(rgb: npt.NDArray[np.uint8], truth: LabelledPhoto) -> None:
            promises.look(rgb, *scored.of(rgb), truth)

        assert images is not None and labels is not None
        made = evaluate_lesions(images, labels, lambda rgb: scored.of(rgb)[1], request.seed,
                                lambda done, total: request.progress(done, total, f"photograph {done} of {total}"),
                                look, engine.chance)
        return replace(made, figures=(*made.figures, *promises.figures()), curves=promises.curves(),
                       reliability=promises.reliability(),
                       failures=promises.failures.worst() if promises.failures is not None else ())


class Scored:
    """Encoding and maps of a picture; those of the last one are remembered, for a picture is asked about twice."""

    def __init__(self, engine: Engine, words: tuple[str, ...]) -> None:
        self._engine, self._words = engine, words
        self._last: tuple[npt.NDArray[np.uint8], Any, Maps] | None = None

    def of(self, rgb: npt.NDArray[np.uint8]) -> tuple[Any, Maps]:
        if self._last is None or self._last[0] is not rgb:
            encoding = self._engine.encode(rgb, Token())
            maps = self._engine.lesion_maps(encoding, self._words)
            self._last = rgb, encoding, {word: values.astype(np.float32) for word, values in maps.items()}
        return self._last[1:]


def _failures(request: Request) -> Failures | None:
    """Pictures of failures: of a person's own photographs, and of those whose licence lets them be shipped.

    Loose boxes are share-alike, so no picture is made with them drawn in.
    """
    if request.data is None:
        return Failures(OWN_SOURCE)
    return Failures(MASKS_SOURCE) if request.labelled == "masks" else None


def evaluate_lesions(images: Path, labels: Path, score_maps: ScoreMaps, seed: int = 0,
                     progress: Callable[[int, int], None] | None = None,
                     look: Callable[[npt.NDArray[np.uint8], LabelledPhoto], None] | None = None,
                     weigh: Callable[[str, float], float] | None = None) -> Figures:
    """Score ``score_maps`` and the baselines on the photographs of ``images`` that have labels in ``labels``.

    ``score_maps`` takes rgb (H, W, 3) uint8 and returns word -> (H, W) float map in [0, 1].  Labels: ``NAME.txt``
    with YOLO boxes (0 optic disc, 1 hard exudate, 2 haemorrhage) or ``NAME_MA.png``, ``_HE``, ``_EX``, ``_SE``,
    ``_OD`` (or ``NAME_<word>.png``) masks.  A goal is the best of random, centre prior and Laplacian.  ``look`` is
    shown every photograph with what is known of it; ``weigh`` makes a map's maximum comparable between labels.
    Raises ``InputProblem`` where folders, photographs or labels cannot be used.
    """
    detectors = {OURS: score_maps, **BASELINES}
    table: dict[str, dict[str, list[Tally]]] = {}
    anything, weights = AnyLesion(), {OURS: weigh} if weigh is not None else {}
    paths = photo_paths(images, labels)
    for number, path in enumerate(paths):
        rgb = read_photo(path)
        truth = read_truth(path, labels, rgb.shape[:2])
        view = field_of_view(rgb)
        tallies = {name: _tallies(detector(rgb), truth, view) for name, detector in detectors.items()}
        for name, found in tallies.items():
            for word, item in found.items():
                table.setdefault(word, {}).setdefault(name, []).append(item)
        anything.look(tallies, weights)
        if look is not None:
            look(rgb, truth)
        if progress is not None:
            progress(number + 1, len(paths))
    figures = [figure for word in WORDS if word in table for figure in _figures(word, table[word], seed)]
    return Figures((*figures, *anything.figures(OURS, seed)), seed, machine_words())


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
