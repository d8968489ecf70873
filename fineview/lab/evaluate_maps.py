"""Which heat map points at what was asked for: every method against controls, and against its own untrained self.

For each structure and method: F1 of its peaks, pointing hit, energy on the structure, and on a few pictures deletion
and insertion areas with the engine's own evidence as score.  Beside each: noise, the middle of the field, the plain
edge measure, and the same method on weights drawn at random (the check of Adebayo et al., arXiv 1810.03292: a map
that does not change with the weights explains nothing of the model).  ``f1_gain_*`` is what redistribution adds to
the plain row, paired by photograph.  ``--only`` takes methods and structures; ``--steps`` counts the few pictures, 0
for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import Label, label_for
from fineview.imaging.filters import resize_area
from fineview.lab.evaluate import Request, chosen
from fineview.lab.figures import Figure, Figures, bootstrap_interval, judged, machine_words
from fineview.lab.lesion_metrics import GRID_WIDTH, Tally, crossvalidated_counts, f1, tally
from fineview.lab.map_faith import UNTRAINED, faith_scores
from fineview.lab.map_makers import CONTROLS, FORMS, METHODS, SLOW, Maker
from fineview.lab.map_pictures import Known, pictures
from fineview.lab.map_scores import boxes_mask, energy
from fineview.lab.phantom_fundus import FUNDUS_WORDS
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
Maps = Callable[[Known, Label], Iterator[tuple[str, Array]]]
GOAL_GAIN = 0.13
SLOW_PICTURES, FAITH_PICTURES, CANDIDATES = 2, 2, 12
FAITH_WORDS = ("haemorrhage", "hard_exudate")


@dataclass(slots=True)
class Board:
    """What was counted for one structure: map's name -> one entry a picture."""

    tallies: dict[str, list[Tally]] = field(default_factory=dict)
    energies: dict[str, list[float | None]] = field(default_factory=dict)


def run(request: Request) -> Figures:
    """Score the app's encoder on photographs or phantoms."""
    methods = chosen(request.only, METHODS, FUNDUS_WORDS)
    labels = tuple(label_for(word) for word in chosen(request.only, FUNDUS_WORDS, METHODS))
    engine, stranger = request.app.engine(), untrained_twin(request.app.engine(), request.seed)
    boards: dict[str, Board] = {}
    kept: list[Known] = []
    with pictures(request) as found:
        total = found.count * 2
        for number, known in enumerate(found.each):
            request.progress(number, total, f"picture {number + 1} of {found.count}")
            quick = tuple(name for name in methods if number < SLOW_PICTURES or name not in map(str, SLOW))
            score_picture(boards, known, labels, _own_maps(engine, known, quick))
            if stranger is not None:
                plain = tuple(name for name in quick if name not in map(str, SLOW) and name != "lesion-head")
                score_picture(boards, known, labels, _own_maps(stranger, known, plain, UNTRAINED))
            if len(kept) < CANDIDATES:
                kept.append(known)
        words = found.words
        figures = [one for label in labels if label.word in boards
                   for one in figures_of(label.word, boards[label.word], methods, request.seed)]
        wanted = tuple(label for label in labels if label.word in FAITH_WORDS)
        figures += faith_scores(engine, stranger, kept, wanted, tuple(m for m in methods if m not in map(str, SLOW)),
                               FAITH_PICTURES if request.steps is None else request.steps, request.seed,
                               lambda done, all_: request.progress(found.count * (1 + done / all_), total,
                                                                   f"deletion and insertion, {done} of {all_}"))
    return Figures(tuple(figures), request.seed, machine_words(), words)


def untrained_twin(engine: Engine, seed: int) -> Engine | None:
    """The same structure with weights drawn at random; None where the encoder is not one of ours."""
    from fineview.models.predictor import Predictor

    return Predictor.untrained(seed=seed) if isinstance(engine, Predictor) else None


def _own_maps(engine: Engine, known: Known, methods: tuple[str, ...], whose: str = "") -> Maps:
    maker = Maker(engine, known.rgb)

    def maps(one: Known, label: Label) -> Iterator[tuple[str, Array]]:
        for name, values in maker.maps(label.word.replace("_", " "), label.word, methods):
            yield (f"{name}, {whose}" if whose else name), values
        if not whose:
            yield from maker.controls(label.synonyms[0])
    return maps


def score_picture(boards: dict[str, Board], known: Known, labels: tuple[Label, ...], maps: Maps) -> None:
    """Add one picture's maps to the boards of every structure whose truth is known there."""
    step = max(1, round(known.rgb.shape[1] / GRID_WIDTH))
    view = _largest(known.view, step) > 0
    for label in labels:
        if label.word not in known.boxes:
            continue
        boxes = known.boxes[label.word] / step
        mask = known.masks.get(label.word)
        small = None if mask is None else _mean(mask, step) >= 0.5
        inside = boxes_mask(boxes, view.shape) if small is None else small
        board = boards.setdefault(label.word, Board())
        for name, values in maps(known, label):
            board.tallies.setdefault(name, []).append(tally(_largest(values, step), view, boxes, small))
            board.energies.setdefault(name, []).append(energy(_mean(values, step), view, inside))


def figures_of(word: str, board: Board, methods: tuple[str, ...], seed: int) -> list[Figure]:
    """F1, pointing and energy of each method with its controls, and what redistribution adds to the plain row."""
    made = []
    for kind, statistic in (("f1", _f1), ("pointing", _pointing), ("energy", _energy)):
        for name in methods:
            if name not in board.tallies:
                continue
            value, resampled, count = statistic(board, name, seed)
            beside = {other: statistic(board, key, seed)[0] for other, key in (
                *((control, control) for control in CONTROLS), (UNTRAINED, f"{name}, {UNTRAINED}"))
                if key in board.tallies}
            interval = bootstrap_interval(resampled, len(board.tallies[name]), seed) if value is not None else None
            made.append(Figure(f"{kind}_{word}_{name}", value, "fraction", count, interval, baselines=beside))
    if "raw" in board.tallies:
        made += [_gain(word, board, name, seed) for name in (*FORMS, "dar-inline") if name in board.tallies]
    return made


def _gain(word: str, board: Board, name: str, seed: int) -> Figure:
    """F1 of a method less F1 of the plain row, resampled together."""
    rows, plain = (crossvalidated_counts(board.tallies[one], seed) for one in (name, "raw"))

    def resampled(chosen: Array) -> float | None:
        return f1(rows[chosen].sum(0))[0] - f1(plain[chosen].sum(0))[0] if rows[chosen, 2].any() else None

    value = resampled(np.arange(len(rows)))
    made = Figure(f"f1_gain_{word}_{name}", value, "fraction", int(rows[:, 2].sum()),
                  bootstrap_interval(resampled, len(rows), seed), baselines={"raw": f1(plain.sum(0))[0]})
    return judged(made, GOAL_GAIN) if name == "dar" and word == "haemorrhage" else made


Scored = tuple[float | None, Callable[[Array], float | None], int]


def _f1(board: Board, name: str, seed: int) -> Scored:
    rows = crossvalidated_counts(board.tallies[name], seed)

    def resampled(chosen: Array) -> float | None:
        return f1(rows[chosen].sum(0))[0] if rows[chosen, 2].any() else None

    return resampled(np.arange(len(rows))), resampled, int(rows[:, 2].sum())


def _pointing(board: Board, name: str, seed: int) -> Scored:
    return _mean_of([one.pointed for one in board.tallies[name]])


def _energy(board: Board, name: str, seed: int) -> Scored:
    return _mean_of(board.energies[name])


def _mean_of(values: list[Any]) -> Scored:
    """The mean over the pictures where it is defined; a resample draws among all pictures."""
    table = np.array([np.nan if value is None else float(value) for value in values])

    def resampled(chosen: Array) -> float | None:
        known = table[chosen][~np.isnan(table[chosen])]
        return float(known.mean()) if known.size else None

    return resampled(np.arange(len(table))), resampled, int((~np.isnan(table)).sum())


def _largest(plane: Array, step: int) -> Array:
    """(H, W) -> (ceil(H / step), ceil(W / step)), the greatest of each block."""
    full = np.pad(plane, ((0, -plane.shape[0] % step), (0, -plane.shape[1] % step)), mode="edge")
    return np.asarray(full.reshape(full.shape[0] // step, step, full.shape[1] // step, step).max((1, 3)), np.float32)


def _mean(plane: Array, step: int) -> Array:
    size = -(-plane.shape[0] // step), -(-plane.shape[1] // step)
    return np.asarray(resize_area(plane.astype(np.float32), size))
