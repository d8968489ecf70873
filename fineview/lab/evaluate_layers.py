"""How well boundaries, drusen and fluid of B-scans are found: ``fineview evaluate layers``

With ``--data DIR`` on real B-scans whose lines an expert drew and on real ones with a diagnosis (:mod:`layer_truth`),
none of which is trained on; with ``--images`` and ``--labels`` on the person's own; always on phantoms of a maker whose
look no training draws (:mod:`oct_device`).  Beside each figure stand a classical line finder and what a constant or an
"everywhere" would reach.  Scans are resampled whole; scans of one eye are no independent eyes, and n counts scans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.errors import RequestProblem, WrongWords
from fineview.core.labels import LABELS, LAYERS
from fineview.core.measured import Figure
from fineview.imaging.proposals import DEFAULT_THRESHOLD, proposed
from fineview.lab import layer_scores as scores
from fineview.lab.evaluate import Request, chosen
from fineview.lab.figures import Figures, bootstrap_interval, judged, machine_words
from fineview.lab.layer_scores import Lines, Pair, Statistic
from fineview.lab.layer_truth import LabelledScan, diagnosed_scans, drawn_scans, spectralis_scans, zeiss_scans
from fineview.lab.lesion_metrics import auroc
from fineview.lab.line_finder import find_lines
from fineview.lab.oct_device import UNSEEN
from fineview.lab.phantom_oct import BScanPhantom, bscan
from fineview.services.jobs import Token

Array = npt.NDArray[Any]
PARTS = ("spectralis", "zeiss", "diagnosed", "phantoms")
PHANTOMS, FIRST_PHANTOM = 48, 700_000
GOALS = {"RPE": 1.5, "BM": 1.2, "thickness": 1.2, "drusen": 0.72, "fluid": 0.85}
OCT_LESIONS = tuple(label.word for label in LABELS if label.domain == "oct" and label.lesion)
DARK = 0.45  # of the retina's median: what the classical rival calls fluid


@dataclass(frozen=True, slots=True)
class Scored:
    """Lines by the encoder and by the classical finder against those drawn, scan by scan."""

    ours: list[Pair]
    classical: list[Pair]


def run(request: Request) -> Figures:
    """Figures of the app's encoder.  ``--only`` picks of :data:`PARTS`.

    Raises ``RequestProblem`` for an encoder that draws no lines, ``WrongWords`` and ``InputProblem`` for bad folders.
    """
    if request.steps is not None or (request.images is None) != (request.labels is None):
        raise WrongWords("This evaluation trains nothing, and own scans need their lines.",
                         "Leave --steps away; give --images DIR together with --labels DIR, or --data DIR.")
    if not request.app.engine().identity.heads_trained:
        raise RequestProblem(f"{request.app.engine().identity.name} draws no layers, so there is nothing to score.",
                             "Choose an encoder that does, such as retina-s.", "no-heads")
    parts = chosen(request.only, PARTS)
    found: list[Figure] = []
    if request.images is not None and request.labels is not None:
        found += line_figures(_scored(request, drawn_scans(request.images, request.labels)), request.seed)
    elif request.data is not None:
        if "spectralis" in parts and (scans := spectralis_scans(request.data)):
            found += line_figures(_scored(request, scans), request.seed)
        if "zeiss" in parts and (scans := zeiss_scans(request.data)):
            found += _zeiss(_scored(request, scans))
        if "diagnosed" in parts:
            found += _diagnosed(request)
    if "phantoms" in parts:
        found += _phantoms(request, None, "seen") + _phantoms(request, UNSEEN, "unseen")
    return Figures(tuple(found), request.seed, machine_words(), _words(request))


def line_figures(scored: Scored, seed: int) -> list[Figure]:
    """RPE, BM, their distance and drusen of scans whose lines were drawn."""
    found = []
    count = len(scored.ours)
    for name in ("RPE", "BM"):
        apart, rival = (scores.differences(pairs, scores.of_line(name)) for pairs in (scored.ours, scored.classical))
        low = name.lower()
        error = _figure(f"error_{low}", "px", scores.mean_error(apart), count, seed,
                        {"classical": scores.mean_error(rival)})
        found.append(judged(error, GOALS[name], higher_is_better=False))
        found.append(_figure(f"error_{low}_without_offset", "px", scores.mean_error(apart, centred=True), count, seed,
                             {"classical": scores.mean_error(rival, centred=True)}))
        found.append(_figure(f"offset_{low}", "px", scores.constant_offset(apart), count, seed,
                             {"classical": scores.constant_offset(rival)}))
    apart, rival = (scores.differences(pairs, scores.thickness) for pairs in (scored.ours, scored.classical))
    distance = _figure("error_thickness", "px", scores.mean_error(apart), count, seed,
                       {"classical": scores.mean_error(rival),
                        "constant": scores.constant_guess(scored.ours, scores.thickness)})
    found.append(judged(distance, GOALS["thickness"], higher_is_better=False))
    for part, word in enumerate(("f1", "precision", "recall")):
        one = _figure(f"{word}_drusen_columns", "fraction", scores.drusen_f1(scored.ours, part), count, seed,
                      {"classical": scores.drusen_f1(scored.classical, part),
                       "everywhere": scores.drusen_f1(scored.ours, part, everywhere=True)})
        found.append(judged(one, GOALS["drusen"]) if word == "f1" else one)
    known = [np.isfinite(np.stack([lines["RPE"], lines["BM"]])).all(0).mean() for lines, _ in scored.ours]
    found.append(_figure("columns_with_lines", "fraction", lambda k: float(np.array(known)[k].mean()), count, seed, {}))
    return found


def _zeiss(scored: Scored) -> list[Figure]:
    every = np.arange(len(scored.ours))
    found = []
    for name in ("ILM", "BM"):
        ours, rival = (scores.mean_error(scores.differences(pairs, scores.of_line(name)))(every)
                       for pairs in (scored.ours, scored.classical))
        found.append(Figure(f"error_{name.lower()}_zeiss", ours, "px", len(every), baselines={"classical": rival}))
    return found


def _diagnosed(request: Request) -> list[Figure]:
    """Does a scan's strongest lesion evidence rank diseased over healthy eyes?  No pass mark: few are healthy."""
    engine = request.app.engine()
    rows: list[tuple[bool, float, float]] = []
    assert request.data is not None
    for name, grey, diseased in diagnosed_scans(request.data):
        request.progress(len(rows), len(rows) + 1, name)
        maps = engine.lesion_maps(engine.encode(_rgb(grey), Token()), OCT_LESIONS)
        lift = scores.thickness(find_lines(grey)) * 496 / len(grey)
        rows.append((diseased, max(float(one.max()) for one in maps.values()), float(np.quantile(lift, 0.95))))
    if not rows:
        return []
    table = np.array(rows, float)

    def ranked(column: int) -> Statistic:
        def value(k: Array) -> float | None:
            sick = table[k, 0] > 0
            return auroc(table[k, column][sick], table[k, column][~sick])
        return value

    return [_figure("auroc_diseased", "fraction", ranked(1), len(rows), request.seed, {"classical": ranked(2)})]


def _phantoms(request: Request, maker: str | None, word: str) -> list[Figure]:
    """Fluid as the product would suggest it, and all three lines, on phantoms that no training draws."""
    engine = request.app.engine()
    level = engine.thresholds.get("fluid", DEFAULT_THRESHOLD)
    pairs: Scored = Scored([], [])
    overlaps: dict[str, list[tuple[int, int, int]]] = {"ours": [], "classical": [], "everywhere": []}
    for number, phantom in enumerate(_drawn(request.seed, maker)):
        request.progress(number, PHANTOMS, f"phantom {number + 1} of {PHANTOMS}, {word} maker")
        encoding = engine.encode(_rgb(phantom.image), Token())
        drawn = {name: phantom.lines[name] + 0.5 for name in LAYERS}
        simple = find_lines(phantom.image)
        pairs.ours.append((_lines(engine.layers(encoding), phantom.image), drawn))
        pairs.classical.append((simple, drawn))
        fluid = phantom.masks["fluid"]
        retina = _within(simple, phantom.image)
        dark = retina & (phantom.image < DARK * np.median(phantom.image[retina])) if retina.any() else retina
        ours = proposed("fluid", engine.lesion_maps(encoding, ("fluid",))["fluid"], level)
        for name, mask in (("ours", ours), ("classical", dark), ("everywhere", retina)):
            overlaps[name].append(scores.overlap(mask, fluid))
    beside = {name: scores.dice(overlaps[name]) for name in ("classical", "everywhere")}
    fluid_figure = _figure(f"dice_fluid_{word}_maker", "fraction", scores.dice(overlaps["ours"]), PHANTOMS,
                           request.seed, beside)
    found = [judged(fluid_figure, GOALS["fluid"]) if word == "unseen" else fluid_figure]
    for name in LAYERS:
        apart, rival = (scores.differences(held, scores.of_line(name)) for held in (pairs.ours, pairs.classical))
        found.append(_figure(f"error_{name.lower()}_{word}_maker", "px", scores.mean_error(apart), PHANTOMS,
                             request.seed, {"classical": scores.mean_error(rival)}))
    return found


def _drawn(seed: int, maker: str | None) -> Iterator[BScanPhantom]:
    for number in range(PHANTOMS):
        yield bscan(FIRST_PHANTOM + 1000 * seed + number, (496, 512), maker)


def _scored(request: Request, scans: Sequence[LabelledScan]) -> Scored:
    engine = request.app.engine()
    made = Scored([], [])
    for number, scan in enumerate(scans):
        request.progress(number, len(scans), f"B-scan {number + 1} of {len(scans)}")
        encoding = engine.encode(_rgb(scan.grey), Token())
        made.ours.append((_lines(engine.layers(encoding), scan.grey), scan.lines))
        made.classical.append((find_lines(scan.grey), scan.lines))
    return made


def _lines(found: Mapping[str, Array], grey: Array) -> Lines:
    """The engine's lines; none at all where it took the scan for something else."""
    return {name: found.get(name, np.full(grey.shape[1], np.nan, np.float32)) for name in LAYERS}


def _within(lines: Lines, grey: Array) -> Array:
    rows = np.arange(len(grey))[:, None] + 0.5
    return np.asarray((rows > lines["ILM"] + 3) & (rows < lines["BM"]))


def _rgb(grey: Array) -> npt.NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, 2)


def _figure(name: str, unit: str, value: Statistic, count: int, seed: int, beside: Mapping[str, Statistic]) -> Figure:
    every = np.arange(count)
    return Figure(name, value(every), unit, count, bootstrap_interval(value, count, seed),
                  baselines={word: rival(every) for word, rival in beside.items()})


def _words(request: Request) -> str:
    phantoms = f"{PHANTOMS} phantoms a look, seed {request.seed}"
    if request.images is not None:
        return f"the person's own B-scans with lines; {phantoms}"
    if request.data is None:
        return phantoms
    return ("B-scans whose lines and lesions were never trained on: Spectralis with drawn RPE and BM, Zeiss, Kermany "
            f"and OCTDL by diagnosis; {phantoms}")
