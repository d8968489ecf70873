"""The losses of the embedded model: dense classes, text rows, retinal lines, domain."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fineview.core.labels import LABELS
from fineview.models.language.words import UNKNOWN, VOCABULARY, encode

CELLS_PER_PATCH = 8
HIT_SHARE = 0.25  # of a 1/4 cell: a microaneurysm of three pixels never fills one
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


def text_targets(target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Dense targets (B, 8, h, w) to patch targets and weights (B, 10, N) for :func:`prompts`.

    A patch holds a class when any of its 8x8 cells does; it is a negative only where all its cells are known.
    """
    positive = functional.max_pool2d(target * (weight > 0), CELLS_PER_PATCH)
    known = -functional.max_pool2d(-weight, CELLS_PER_PATCH)
    hit = (positive >= HIT_SHARE).float()
    trust = torch.where(hit > 0, functional.max_pool2d(weight, CELLS_PER_PATCH), known)
    lesions = [number for number, label in enumerate(LABELS) if label.lesion]
    any_hit = hit[:, lesions].amax(1, keepdim=True)
    any_trust = torch.where(any_hit > 0, torch.ones_like(any_hit), known[:, lesions].amin(1, keepdim=True))
    hits = torch.cat([hit, any_hit, torch.zeros_like(any_hit)], 1).flatten(2)
    return hits, torch.cat([trust, any_trust, torch.full_like(any_hit, 0.3)], 1).flatten(2)


def dense_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted BCE (positives x3) and soft dice over the classes present in the batch."""
    logits = logits.float()
    raw = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    bce = (raw * weight * (1.0 + 2.0 * target)).sum() / weight.sum().clamp_min(1.0)
    probability = logits.sigmoid() * weight
    marked = target * weight
    axes = (0, 2, 3)
    size = marked.sum(axes)
    dice = 1 - (2 * (probability * target).sum(axes) + 1) / (probability.sum(axes) + size + 1)
    present = (size > 4).float()
    return 20.0 * bce + (dice * present).sum() / present.sum().clamp_min(1.0)


def row_loss(margin: Tensor, hits: Tensor, trust: Tensor) -> Tensor:
    """BCE on l_i - l_sink, positives x2: (B, 10, N) each."""
    raw = functional.binary_cross_entropy_with_logits(margin.float(), hits, reduction="none")
    return (raw * trust * (1.0 + hits)).sum() / trust.sum().clamp_min(1.0)


def line_loss(logits: Tensor, lines: Tensor) -> Tensor:
    """Cross-entropy over the rows of each column against a Gaussian (sigma 0.7 cells) around the true row."""
    known = torch.isfinite(lines)
    if not bool(known.any()):
        return logits.sum() * 0.0
    rows = torch.arange(logits.shape[2]).view(1, 1, -1, 1)
    aim = torch.softmax(-((rows - torch.nan_to_num(lines).unsqueeze(2)) ** 2) / (2 * 0.7**2), dim=2)
    cross = -(aim * logits.float().log_softmax(2)).sum(2)
    return (cross * known).sum() / known.sum()


def domain_loss(logits: Tensor, domain: Tensor) -> Tensor:
    """Cross-entropy, samples with -1 ignored."""
    if not bool((domain >= 0).any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits, domain, ignore_index=-1, label_smoothing=0.02)
