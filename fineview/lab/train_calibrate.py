"""After training: probabilities that mean what they say, and the threshold at which lesions are proposed.

Everything is fitted on training-side photographs (never on the held-out fold) and on phantoms that were not in the
training pool, and written into ``model.json``:

* ``calibration``: label -> monotone curve of its 1/4-grid logit (isotonic over bins, Zadrozny and Elkan 2002), cells
  weighted to their true share;
* ``thresholds``: label -> calibrated probability at which components score the best F1 against lesions, the median
  over five folds by photograph; ``threshold_f1`` is what each label reached on the folds left out;
* ``suggestion_calibration``: label -> monotone curve from the logit of a suggestion's strongest cell to that of being
  right, over photographs in the shares in which they exist;
* ``region_calibration``: label -> slope, offset and weight of log(cells) for the pooled calibrated logit of a region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.labels import WORDS
from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.filters import components, resize_area
from fineview.imaging.proposals import proposed
from fineview.lab.fundus_truth import veil
from fineview.lab.lesion_truth import component_boxes, read_truth
from fineview.lab.phantom_oct import bscan
from fineview.lab.real_fundus import photographs
from fineview.lab.suggestion_scores import strongest_of_each
from fineview.lab.train_state import say_aside
from fineview.models import weights
from fineview.models.calibration import Curve, logit
from fineview.models.predictor import Predictor
from fineview.models.regions import CELL, pooled

Array = npt.NDArray[Any]
LEVELS = np.arange(-6.0, 4.01, 0.4)
FIRST_UNSEEN_PHANTOM = 500_000
FOLDS, SUGGESTION_BINS, TRIES = 5, 12, 20


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture on its 1/4 grid: ``logits`` (8, h, w); ``boxes`` word -> (n, 4) x0 y0 x1 y1 in cells, present for
    known words; ``masks`` word -> (h, w) share of each cell, for drawn words, NaN in a veil; it ``stands_for`` so
    many pictures, itself among them."""

    logits: Array
    boxes: dict[str, Array]
    masks: dict[str, Array]
    stands_for: int = 1


def calibrate(folder: Path, shared: Path, fold: int, boxed: int = 60, phantoms: int = 60,
              say: Callable[[str], None] = say_aside) -> dict[str, Any]:
    """Fit on everything but ``fold`` and write the figures into the manifest of ``folder``; returns them."""
    predictor = Predictor.load(folder)
    seen = list(_pictures(predictor, shared, fold, boxed, phantoms, say))
    figures: dict[str, Any] = {"calibration": {}, "thresholds": {}, "threshold_f1": {},
                               "suggestion_calibration": {}, "region_calibration": {}}
    for number, word in enumerate(WORDS):
        known = [one for one in seen if word in one.boxes]
        if not any(len(one.boxes[word]) for one in known):
            continue
        curve = _pixel_curve(known, number, word)
        level, reached = _threshold(known, number, word, curve)
        figures["calibration"][word] = {"knots": curve.knots, "values": curve.values}
        figures["thresholds"][word] = float(curve.probability(np.array([level]))[0])
        figures["threshold_f1"][word] = reached
        worth = _suggestion_curve(known, number, word, level, curve)
        figures["suggestion_calibration"][word] = {"knots": worth.knots, "values": worth.values}
        figures["region_calibration"][word] = _region_line(known, number, word, curve)
        say(f"{word}: threshold {figures['thresholds'][word]:.3f}, F1 on folds left out {reached:.3f}")
    manifest = weights.read_manifest(folder)
    weights.write_manifest(folder, {**manifest.facts, **figures})
    return figures


def _pictures(predictor: Predictor, shared: Path, fold: int, boxed: int, phantoms: int, say: Callable[[str], None]
              ) -> Iterator[Seen]:
    chosen = [photo for photo in photographs(shared) if photo.fold != fold and photo.kind != "hrf"]
    loose = [photo for photo in chosen if photo.kind.startswith("boxes")]
    drawn = [photo for photo in chosen if not photo.kind.startswith("boxes")]
    step = max(1, len(loose) // max(boxed, 1))
    wanted = [*drawn, *loose[::step][:boxed]]
    for count, photo in enumerate(wanted):
        rgb = np.asarray(Image.open(photo.path).convert("RGB"))
        truth = read_truth(photo.path, photo.path.parent, (rgb.shape[0], rgb.shape[1]))
        field_px = int(field_of_view(rgb).sum()) if truth.masks else 0
        masks = {word: _known(word, mask, field_px) for word, mask in truth.masks.items()}
        yield _see(predictor, rgb, truth.boxes, masks, step if photo in loose else 1)
        if count % 20 == 0:
            say(f"calibration picture {count + 1} of {len(wanted)}")
    for seed in range(FIRST_UNSEEN_PHANTOM, FIRST_UNSEEN_PHANTOM + phantoms):
        phantom = bscan(seed)
        masks = {word: mask for word, mask in phantom.masks.items() if word in WORDS}
        boxes = {word: component_boxes(mask) for word, mask in masks.items()}
        yield _see(predictor, np.repeat(phantom.image[..., None], 3, 2), boxes, masks)


def _known(word: str, mask: Array, field_px: int) -> Array:
    """A mask (H, W) as shares, NaN where training does not know the truth either."""
    return np.where(veil(word, mask, field_px), np.float32(np.nan), mask.astype(np.float32))


def _see(predictor: Predictor, rgb: Array, boxes: dict[str, Array], masks: dict[str, Array], stands_for: int = 1
         ) -> Seen:
    encoding = predictor.encode(np.ascontiguousarray(rgb))
    logits = encoding.placed_logits
    step_y, step_x = encoding.where.stride_px(CELL)
    scale = np.array([1 / step_x, 1 / step_y, 1 / step_x, 1 / step_y])
    shares = {word: resize_area(mask.astype(np.float32), logits.shape[1:]) for word, mask in masks.items()}
    placed = {word: np.asarray(found, float).reshape(-1, 4) * scale for word, found in boxes.items()}
    return Seen(logits, placed, shares, stands_for)


def _pixel_curve(known: list[Seen], number: int, word: str) -> Curve:
    """The curve from drawn cells; the identity where nothing was drawn."""
    drawn = [one for one in known if word in one.masks]
    if not drawn:
        return Curve()
    logits = np.concatenate([one.logits[number].ravel() for one in drawn])
    shown = np.concatenate([np.clip(one.masks[word].ravel(), 0, 1) for one in drawn])
    known = np.isfinite(shown)
    return isotonic_curve(logits[known], shown[known])


def isotonic_curve(logits: Array, truth: Array, bins: int = 40, doubt: tuple[float, float] | None = None) -> Curve:
    """Mean truth in bins of the logit, made rising by pooling adjacent violators, as a strictly rising curve.

    Bins hold equal shares of the positives, since those decide the range that matters.  ``doubt``: (positives, all)
    added to each bin, so that a bin without misses is not certain; by default half an average row.
    """
    order = np.argsort(logits, kind="stable")
    logits, truth = logits[order], truth[order]
    share = np.cumsum(truth) / max(truth.sum(), 1e-9)
    borders = np.unique(np.searchsorted(share, np.linspace(0, 1, bins + 1)[1:-1]))
    parts = [part for part in np.split(np.arange(len(logits)), borders) if len(part)]
    middle = np.array([logits[part].mean() for part in parts])
    count = np.array([len(part) for part in parts], float)
    right, more = doubt or (0.5 * truth.mean(), 0.5)
    chance = np.array([(truth[part].sum() + right) / (len(part) + more) for part in parts])
    value = np.log(pooled_rising(chance, count))
    value = value - np.log1p(-np.minimum(np.exp(value), 1 - 1e-6))
    value = np.maximum.accumulate(value) + 1e-3 * np.arange(len(value))
    keep = np.append(True, np.diff(middle) > 1e-6)
    return Curve(tuple(float(v) for v in middle[keep]), tuple(float(v) for v in value[keep]))


def pooled_rising(values: Array, weight: Array) -> Array:
    """The closest rising sequence: adjacent violators take their weighted mean."""
    blocks: list[list[float]] = []
    for value, mass in zip(values, weight, strict=True):
        blocks.append([float(value), float(mass), 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            mass = last[1] + before[1]
            blocks.append([(last[0] * last[1] + before[0] * before[1]) / mass, mass, last[2] + before[2]])
    return np.concatenate([np.full(int(size), value) for value, _, size in blocks])


def logistic(features: Array, truth: Array, weight: Array, rounds: int = 60) -> Array:
    """Weighted logistic regression by Newton's method: (n, k) features -> k slopes, then the offset.

    ``truth`` may be fractions.  Features are standardised inside; a weak ridge keeps separable data finite, and a step
    that does not lower the loss is halved.
    """
    middle, spread = features.mean(0), features.std(0) + 1e-9
    design = np.concatenate([(features - middle) / spread, np.ones((len(features), 1))], 1)
    ridge = np.append(np.full(features.shape[1], 1e-3), 1e-9) * weight.sum()

    def loss(line: Array) -> float:
        score = design @ line
        return float((weight * (np.logaddexp(0, score) - truth * score)).sum() + 0.5 * (ridge * line**2).sum())

    line = np.zeros(design.shape[1])
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(design @ line, -40, 40)))
        slope = design.T @ (weight * (truth - chance)) - ridge * line
        bend = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step, now = np.linalg.solve(bend, slope), loss(line)
        while loss(line + step) > now and np.abs(step).max() > 1e-9:
            step = step / 2
        line = line + step
        if np.abs(step).max() < 1e-7:
            break
    plain = line[:-1] / spread
    return np.append(plain, line[-1] - plain @ middle)


def _suggestion_curve(known: list[Seen], number: int, word: str, level: float, curve: Curve) -> Curve:
    """From the pixel curve's logit of suggestions at ``level`` to that of being right; the identity without any.

    Half a right and half a wrong suggestion more in each bin: six right ones of six do not make the seventh certain.
    """
    peaks, rights, times = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, int)]
    for one in known:
        peak, within = _placed(one.logits[number], one.boxes[word], level, word, curve)
        peaks.append(logit(curve.probability(peak)))
        rights.append(within.any(1).astype(float))
        times.append(np.full(len(peak), one.stands_for))
    strength, right, each = np.concatenate(peaks), np.concatenate(rights), np.concatenate(times)
    if not right.any():
        return Curve()
    return isotonic_curve(np.repeat(strength, each), np.repeat(right, each), SUGGESTION_BINS,
                          (0.5 * each.mean(), each.mean()))


def _threshold(known: list[Seen], number: int, word: str, curve: Curve) -> tuple[float, float]:
    """The logit of best component F1 (median over folds) and the F1 of the folds left out, pooled."""
    counts = np.stack([_counts(one.logits[number], one.boxes[word], word, curve) for one in known])
    fold = np.random.default_rng(number).permutation(len(known)) % FOLDS
    chosen, left_out = [], np.zeros(4)
    for part in range(min(FOLDS, len(known))):
        best = int(np.argmax([f1(total) for total in counts[fold != part].sum(0)]))
        chosen.append(LEVELS[best])
        left_out += counts[fold == part, best].sum(0)
    return float(np.median(chosen)), f1(left_out)


def f1(total: Array) -> float:
    """F1 of (components, components inside, lesions, lesions hit)."""
    found, inside, lesions, hit = (float(value) for value in total)
    precision, recall = inside / max(found, 1.0), hit / max(lesions, 1.0)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _counts(logits: Array, boxes: Array, word: str, curve: Curve) -> Array:
    """(levels, 4): components, components whose peak lies in a lesion's box, lesions, lesions with such a peak."""
    table = np.zeros((len(LEVELS), 4))
    for row, level in zip(table, LEVELS, strict=True):
        peak, within = _placed(logits, boxes, level, word, curve)
        row[:] = len(peak), within.any(1).sum(), len(boxes), within.any(0).sum()
    return table


def _placed(logits: Array, boxes: Array, level: float, word: str, curve: Curve) -> tuple[Array, Array]:
    """The strongest logit of each suggestion of ``word`` at ``level`` (s,), and (s, boxes) bool: which boxes it lies
    in."""
    shown = curve.probability(np.append(logits.ravel(), level))
    count, names, _, _ = components(proposed(word, shown[:-1].reshape(logits.shape), float(shown[-1])))
    peak = strongest_of_each(logits, names, count)
    y, x = (place[:, None] for place in np.divmod(peak, logits.shape[1]))
    within = (x + 1 >= boxes[:, 0]) & (x <= boxes[:, 2]) & (y + 1 >= boxes[:, 1]) & (y <= boxes[:, 3])
    return logits.ravel()[peak], within


def _region_line(known: list[Seen], number: int, word: str, curve: Curve) -> list[float]:
    """Slope, offset and weight of log(cells) from regions with and without the label, half and half."""
    rng = np.random.default_rng([number, 5])
    rows: list[tuple[float, float, float]] = []
    for one in known:
        calibrated = curve.logit(one.logits[number])
        for _ in range(12):
            rows.extend(_regions(calibrated, one.boxes[word], rng))
    table = np.array(rows)
    weight = np.where(table[:, 2] > 0, 0.5 / max(table[:, 2].sum(), 1), 0.5 / max((1 - table[:, 2]).sum(), 1))
    line = logistic(table[:, :2], table[:, 2], weight * len(table))
    return [float(line[0]), float(line[2]), float(line[1])]


def _regions(logits: Array, boxes: Array, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """A random region around a lesion and a twin of its size without one: (pooled logit, log cells, holds) of each.

    From the same picture, for it is in eyes with lesions that people ask; nothing where there is no lesion or no room.
    """
    high, wide = logits.shape
    if not len(boxes):
        return
    box = boxes[int(rng.integers(len(boxes)))]
    size = np.exp(rng.uniform(np.log(4), np.log(min(high, wide)), 2))
    size = np.maximum(size, (box[2] - box[0] + 1, box[3] - box[1] + 1))
    around = (box[:2] + box[2:]) / 2 + rng.uniform(-0.3, 0.3, 2) * (size - (box[2:] - box[:2]))
    twins = (_region(logits, boxes, rng.uniform(0, 1, 2) * (wide, high), size) for _ in range(TRIES))
    twin = next((one for one in twins if not one[2]), None)
    if twin is not None:
        yield _region(logits, boxes, around, size)
        yield twin


def _region(logits: Array, boxes: Array, centre: Array, size: Array) -> tuple[float, float, float]:
    high, wide = logits.shape
    x0, x1 = int(np.clip(centre[0] - size[0] / 2, 0, wide - 1)), int(np.clip(centre[0] + size[0] / 2, 1, wide))
    y0, y1 = int(np.clip(centre[1] - size[1] / 2, 0, high - 1)), int(np.clip(centre[1] + size[1] / 2, 1, high))
    part = logits[y0: max(y1, y0 + 1), x0: max(x1, x0 + 1)].ravel()
    cut = (boxes[:, 0] < x1) & (boxes[:, 2] > x0) & (boxes[:, 1] < y1) & (boxes[:, 3] > y0)
    return pooled(part), float(np.log(len(part))), float(cut.any())
