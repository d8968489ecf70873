"""The losses of the embedded model: dense classes, text rows, retinal lines, domain, pairs of pictures and captions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fineview.core.labels import LABELS, WORDS
from fineview.models.language.words import UNKNOWN, VOCABULARY, encode

CELLS_PER_PATCH = 8
HIT_SHARE = 0.25  # of a 1/4 cell: a microaneurysm of three pixels never fills one
POSITIVE_WEIGHT = {"microaneurysm": 4.0, "haemorrhage": 6.0, "hard_exudate": 2.0, "soft_exudate": 6.0,
                   "optic_disc": 1.0, "drusen": 4.0, "fluid": 3.0, "hyperreflective_focus": 10.0}
DICE_WEIGHT = {"microaneurysm": 1.0, "haemorrhage": 2.0, "hard_exudate": 1.0, "soft_exudate": 1.5,
               "optic_disc": 1.0, "drusen": 1.0, "fluid": 1.0, "hyperreflective_focus": 1.5}
LINE_CELLS_WEIGHT = 10.0
TEMPLATES = ("{}", "{}", "{}?", "is there {}?", "is there any {} here?", "where is the {}?", "show {}", "find the {}",
             "do you see {} in this region?", "are there {} in the image", "is this {}?", "{} present?", "any {}")
GENERIC = ("lesion", "lesions", "abnormality", "anything abnormal", "pathology", "suspicious finding", "any disease",
           "anything wrong")


def prompts(rng: np.random.Generator) -> tuple[Tensor, int]:
    """Word ids (10, 16) of one wording for each label, then "any lesion", then words that name nothing."""
    texts = [_worded(rng, rng.choice(np.array((label.word, *label.synonyms), dtype=object))) for label in LABELS]
    texts.append(_worded(rng, rng.choice(np.array(GENERIC, dtype=object))))
    ids = [list(encode(text)) for text in texts]
    noise = list(encode("is this a"))
    first = VOCABULARY.index("a")
    for place in range(1, 1 + int(rng.integers(1, 5))):
        noise[place] = UNKNOWN if rng.random() < 0.5 else int(rng.integers(first, len(VOCABULARY)))
    return torch.tensor([*ids, noise]), len(LABELS)


def _worded(rng: np.random.Generator, synonym: str) -> str:
    return str(TEMPLATES[int(rng.integers(len(TEMPLATES)))]).format(synonym)


def text_targets(target: Tensor, weight: Tensor, tiles: tuple[int, int] = (1, 1)) -> tuple[Tensor, Tensor]:
    """Dense targets (B, 8, h, w) to patch targets and weights (B, 10, N) for :func:`prompts`.

    A patch holds a class when any of its 8x8 cells does; it is a negative only where all its cells are known.
    ``tiles`` (rows, columns): the patches of a global view, each as large as so many patches of the tiles.
    """
    cells = (CELLS_PER_PATCH * tiles[0], CELLS_PER_PATCH * tiles[1])
    positive = functional.max_pool2d(target * (weight > 0), cells)
    known = -functional.max_pool2d(-weight, cells)
    hit = (positive >= HIT_SHARE).float()
    trust = torch.where(hit > 0, functional.max_pool2d(weight, cells), known)
    lesions = [number for number, label in enumerate(LABELS) if label.lesion]
    any_hit = hit[:, lesions].amax(1, keepdim=True)
    any_trust = torch.where(any_hit > 0, torch.ones_like(any_hit), known[:, lesions].amin(1, keepdim=True))
    hits = torch.cat([hit, any_hit, torch.zeros_like(any_hit)], 1).flatten(2)
    return hits, torch.cat([trust, any_trust, torch.full_like(any_hit, 0.3)], 1).flatten(2)


def dense_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted BCE and soft dice over the classes present in the batch; rare and faint classes weigh more.

    The extra weight of positives inflates probabilities; calibration takes it back.
    """
    logits = logits.float()
    raw = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    extra = torch.tensor([POSITIVE_WEIGHT[word] for word in WORDS], device=logits.device).view(1, -1, 1, 1)
    bce = (raw * weight * (1.0 + extra * target)).sum() / weight.sum().clamp_min(1.0)
    probability = logits.sigmoid() * weight
    marked = target * weight
    axes = (0, 2, 3)
    size = marked.sum(axes)
    dice = 1 - (2 * (probability * target).sum(axes) + 1) / (probability.sum(axes) + size + 1)
    present = (size > 4).float() * torch.tensor([DICE_WEIGHT[word] for word in WORDS], device=logits.device)
    return 20.0 * bce + (dice * present).sum() / present.sum().clamp_min(1.0)


def row_loss(margin: Tensor, hits: Tensor, trust: Tensor) -> Tensor:
    """BCE on l_i - l_sink, positives x2: (B, 10, N) each."""
    raw = functional.binary_cross_entropy_with_logits(margin.float(), hits, reduction="none")
    return (raw * trust * (1.0 + hits)).sum() / trust.sum().clamp_min(1.0)


def line_loss(logits: Tensor, lines: Tensor, known: Tensor) -> Tensor:
    """Where each column's line is, and that it is nowhere else.

    Cross-entropy over the rows against a Gaussian (sigma 0.7 cells) around the true row, plus BCE of every cell
    against the same Gaussian: a softmax alone says nothing about columns without a line, and on a whole B-scan rows
    that no crop ever ruled out would win.  Columns where the outer lines part, as over a druse, weigh more
    (:func:`lifted`).  ``logits`` (B, 3, h, w), ``lines`` (B, 3, w), ``known`` (B,).
    """
    logits = logits.float()
    drawn = torch.isfinite(lines)
    rows = torch.arange(logits.shape[2], device=logits.device).view(1, 1, -1, 1)
    away = (rows - torch.nan_to_num(lines, nan=-1e3).unsqueeze(2)) ** 2 / (2 * 0.7**2)
    bell = torch.exp(-away)
    cells = functional.binary_cross_entropy_with_logits(logits, bell, reduction="none") * (1.0 + 4.0 * bell)
    everywhere = (cells.mean((1, 2, 3)) * known).sum() / known.sum().clamp_min(1.0)
    aim = torch.softmax(-away, dim=2)
    counts = drawn * lifted(lines).unsqueeze(1)
    cross = (-(aim * logits.log_softmax(2)).sum(2) * counts).sum() / counts.sum().clamp_min(1)
    return cross + LINE_CELLS_WEIGHT * everywhere


def lifted(lines: Tensor) -> Tensor:
    """How much each column counts (B, w): 1 where RPE and BM (rows 1 and 2 of (B, 3, w)) lie apart as in half of the
    crop's columns or less, up to 4 where they lie four times as far apart.

    Few columns show drusen, and lines between what is common and what is seen cost least where all count alike.
    """
    apart = lines[:, 2] - lines[:, 1]
    usual = torch.nanmedian(apart, dim=1, keepdim=True).values.clamp_min(0.5)
    return torch.nan_to_num(apart / usual, nan=1.0).clamp(1.0, 4.0)


def domain_loss(logits: Tensor, domain: Tensor) -> Tensor:
    """Cross-entropy, samples with -1 ignored."""
    if not bool((domain >= 0).any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits, domain, ignore_index=-1, label_smoothing=0.02)


def pair_loss(texts: Tensor, pictures: Tensor, same: Tensor, scale: float) -> Tensor:
    """CLIP's symmetric loss (arXiv 2103.00020, figure 3) of vectors (B, D) each, where several texts may be right.

    ``same`` (B, B) bool says which texts are true of which pictures; with the diagonal alone this is CLIP's.  Both
    sides are centred over the batch: what all retinas share would fill the vectors otherwise.
    """
    told, seen = (functional.normalize(one.float() - one.float().mean(0), dim=-1) for one in (texts, pictures))
    scores = scale * told @ seen.T
    aim = same.float() / same.float().sum(1, keepdim=True)
    rows = functional.cross_entropy(scores, aim)
    return (rows + functional.cross_entropy(scores.T, aim)) / 2
