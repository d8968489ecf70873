"""Which scale of the pyramid finds small lesions: the same linear probe on 1/4, 1/8 and 1/16, scored on other pictures.

Probes are fitted on the training side: phantoms, or with ``--data`` the photographs with pixel masks that training
saw.  They are scored on phantoms with other seeds, or on photographs kept from training.  Small lesions are the
smallest third by area of all that are scored; peaks on larger ones neither help nor hurt.  The optic disc stands for
what is large.  ``--steps``: how many phantoms on each side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import warp_affine
from fineview.lab.evaluate import Request, chosen
from fineview.lab.figures import Figure, Figures, bootstrap_interval, machine_words
from fineview.lab.lesion_metrics import GRID_WIDTH, Tally, crossvalidated_counts, f1, tally
from fineview.lab.level_probe import Cells, Probe, fit, sample
from fineview.lab.map_pictures import FIRST_PHANTOM, PHANTOMS, Known, phantom, photograph, pictures
from fineview.lab.map_scores import boxes_mask
from fineview.lab.real_fundus import photographs
from fineview.models.weights import read_manifest
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
WORDS = ("microaneurysm", "haemorrhage", "hard_exudate", "optic_disc")
SCALES = (4, 8, 16)
SMALL = 1 / 3


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One picture under one probe: all lesions, and the small ones with the larger ones left out of the view."""

    every: Tally
    small: Tally


def run(request: Request) -> Figures:
    """Score the app's encoder."""
    words, count = chosen(request.only, WORDS), request.steps or PHANTOMS
    engine = request.app.engine()
    learn, known_from = _training(request, count)
    with pictures(request, count) as found:
        total = len(learn) + found.count
        probes = fit_probes(engine, _told(request, (make() for make in learn), 0, total), request.seed)
        table = score(engine, probes, _told(request, found.each, len(learn), total))
        data = f"{found.words}; probes fitted on {known_from}"
    figures = [one for one in figures_of(table, request.seed) if any(f"_{word}_" in one.name for word in words)]
    return Figures(tuple(figures), request.seed, machine_words(), data)


def _training(request: Request, count: int) -> tuple[list[Callable[[], Known]], str]:
    if request.data is None:
        first = FIRST_PHANTOM + 500_000 + 1000 * request.seed
        return [lambda seed=first + number: phantom(seed) for number in range(count)], f"{count} other phantoms"
    fold = int(read_manifest(request.app.encoder_folder()).facts.get("fold", 0))
    paths = [one.path for one in photographs(request.data) if one.kind == "masks" and one.fold != fold]
    return [lambda path=path: photograph(path, path.parent) for path in paths], \
        f"{len(paths)} photographs of the training side"


def _told(request: Request, each: Iterable[Known], done: int, total: int) -> Iterator[Known]:
    for number, known in enumerate(each, done):
        request.progress(number, total, f"picture {number + 1} of {total}")
        yield known


def fit_probes(engine: Engine, each: Iterable[Known], seed: int) -> dict[tuple[str, int], Probe]:
    """(word, scale) -> probe, for what the pictures show; pictures without drawn masks teach nothing."""
    cells: dict[tuple[str, int], list[Cells]] = {}
    for known in each:
        encoding = engine.encode(known.rgb, Token())
        strides, levels = engine.strides_px(encoding), engine.pyramid(encoding)
        for word in WORDS:
            for scale in SCALES:
                if word in known.masks and scale in levels:
                    cells.setdefault((word, scale), []).append(
                        sample(levels[scale], known.masks[word], known.view, strides[f"mfp_{scale}"], seed))
    fitted = {key: fit(found) for key, found in cells.items()}
    return {key: probe for key, probe in fitted.items() if probe is not None}


def score(engine: Engine, probes: dict[tuple[str, int], Probe], each: Iterable[Known]
          ) -> dict[tuple[str, str], list[Scored]]:
    """(word, "1/4") -> one entry a picture; beside the scales the text row (1/32) and the lesion head."""
    kept: list[tuple[Known, dict[tuple[str, str], Array], int]] = []
    for known in each:
        step = max(1, round(known.rgb.shape[1] / GRID_WIDTH))
        kept.append((_bare(known), _maps(engine, probes, known, step), step))
    limits = {word: _limit([known for known, _, _ in kept], word) for word in WORDS}
    table: dict[tuple[str, str], list[Scored]] = {}
    for known, maps, step in kept:
        for (word, name), values in maps.items():
            table.setdefault((word, name), []).append(_scored(known, word, values, step, limits[word]))
    return table


def _bare(known: Known) -> Known:
    """Without its pixels: all pictures are kept until the smallest third is known."""
    return Known(known.name, known.rgb[:1, :1], known.view, known.boxes, {})


def _maps(engine: Engine, probes: dict[tuple[str, int], Probe], known: Known, step: int
          ) -> dict[tuple[str, str], Array]:
    encoding = engine.encode(known.rgb, Token())
    strides, levels = engine.strides_px(encoding), engine.pyramid(encoding)
    size = -(-known.rgb.shape[0] // step), -(-known.rgb.shape[1] // step)
    found: dict[tuple[str, str], Array] = {}
    for word in WORDS:
        if word not in known.boxes:
            continue
        for scale in SCALES:
            if (word, scale) in probes and scale in levels:
                cells = probes[word, scale].scores(levels[scale])
                found[word, f"1/{scale}"] = upsampled(cells, strides[f"mfp_{scale}"], step, size)
        found[word, "text row"] = _reduced(engine.raw_map(encoding, word.replace("_", " ")), step)
        head = engine.lesion_maps(encoding, (word,)).get(word)
        if head is not None:
            found[word, "lesion head"] = _reduced(np.asarray(head, np.float32), step)
    return found


def upsampled(cells: Array, stride_yx: tuple[float, float], step: int, size: tuple[int, int]) -> Array:
    """Cells (h, w) on the scoring grid, linear between their middles, the rim held."""
    sy, sx = stride_yx[0] / step, stride_yx[1] / step
    held = np.pad(cells, 1, mode="edge")
    matrix = np.array([[sx, 0.0, sx * 0.5 - 0.5 - sx], [0.0, sy, sy * 0.5 - 0.5 - sy]])
    return warp_affine(held, matrix, size)


def _reduced(values: Array, step: int) -> Array:
    full = np.pad(values, ((0, -values.shape[0] % step), (0, -values.shape[1] % step)), mode="edge")
    return np.asarray(full.reshape(full.shape[0] // step, step, -1, step).max((1, 3)))


def _areas(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _limit(known: list[Known], word: str) -> float:
    """The box area (share of its picture's width squared) up to which a lesion is small."""
    sizes = [_areas(one.boxes[word]) / one.view.shape[1] ** 2 for one in known if word in one.boxes]
    flat = np.concatenate([np.zeros(0), *sizes])
    return float(np.quantile(flat, SMALL)) if flat.size else 0.0


def _scored(known: Known, word: str, values: Array, step: int, limit: float) -> Scored:
    boxes = known.boxes[word] / step
    view = _reduced(known.view.astype(np.float32), step) > 0
    small = _areas(known.boxes[word]) / known.view.shape[1] ** 2 <= limit
    # a rim of half a peak's reach around larger lesions: what spills over their border is no false alarm either
    rim = max(2, round(0.005 * values.shape[1]))
    larger = boxes_mask(boxes[~small] + np.array([-rim, -rim, rim, rim]), view.shape)
    clear = view & (~larger | boxes_mask(boxes[small], view.shape))
    return Scored(tally(values, view, boxes, None), tally(np.where(clear, values, 0), clear, boxes[small], None))


def figures_of(table: dict[tuple[str, str], list[Scored]], seed: int) -> list[Figure]:
    """F1 of all and of small lesions and the recall of small ones, by scale."""
    made = []
    for word in WORDS:
        scales = [f"1/{scale}" for scale in SCALES if (word, f"1/{scale}") in table]
        for part in ("f1", "small_f1", "small_recall"):
            if word == "optic_disc" and part != "f1":
                continue
            beside = {name: _value(table[word, name], part, seed)[0] for name in ("text row", "lesion head")
                      if (word, name) in table}
            made += [_figure(word, scale, part, table[word, scale], beside, seed) for scale in scales]
    return made


def _figure(word: str, scale: str, part: str, scored: list[Scored], beside: dict[str, float], seed: int) -> Figure:
    value, resampled, count = _value(scored, part, seed)
    # what is small decides for the task of lesions, what is large for that of scenes
    task = {"small_f1": "lesion"}.get(part) or ("scene" if word == "optic_disc" else "")
    about = {"task": task, "scale": scale, "measure": f"{part.replace('_', ' ')}, {word}"} if task else {}
    return Figure(f"{part}_{word}_{scale}", value, "fraction", count, bootstrap_interval(resampled, len(scored), seed),
                  baselines=beside, about=about)


def _value(scored: list[Scored], part: str, seed: int) -> tuple[float, Callable[[Array], float | None], int]:
    tallies = [one.every if part == "f1" else one.small for one in scored]
    rows, place = crossvalidated_counts(tallies, seed), 2 if part == "small_recall" else 0

    def resampled(chosen: Array) -> float | None:
        return f1(rows[chosen].sum(0))[place] if rows[chosen, 2].any() else None

    return resampled(np.arange(len(rows))) or 0.0, resampled, int(rows[:, 2].sum())
