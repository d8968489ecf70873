"""Where the matchers start: an image backbone that has learnt to mark the phantoms' objects, cell by cell.

CLIP-style training from random weights needs millions of pairs to find small things; its published users start from
backbones trained elsewhere.  Ours learns for a few hundred steps which cells of half a stride hold which labelled
object, from the phantoms' masks and without a word, and all matchers that are compared start from the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.lab.captions import Captioned
from fineview.lab.pair_augment import another_picture
from fineview.lab.pair_stream import pictures
from fineview.lab.retrieval_models import STAGES
from fineview.models.vision.normalisation import IMAGENET_MEAN, IMAGENET_STD

MARKED = ("haemorrhage", "hard_exudate", "soft_exudate", "optic_disc", "drusen", "fluid")
STRIDE = 8
_BATCH, _RATE, _RARE = 32, 2e-3, 5.0  # a marked cell weighs as much as five others
_SHARE = 0.3  # of a 2 x 2 px spot somewhere in the cell


def mark_cells(backbone: nn.Module, pairs: Sequence[Captioned], steps: int, seed: int,
               told: Callable[[int], None] = lambda step: None) -> float:
    """Train ``backbone`` (a class of transformers with a stride of 16) in place; returns the last step's F1.

    Its cells predict four sub-cells each (a pixel shuffle), so that two lesions in one cell are two.
    """
    head = nn.Conv2d(STAGES[-1], 4 * len(MARKED), 1)
    nn.init.constant_(head.bias, -3.0)  # nearly all cells are empty
    known = [*backbone.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(known, _RATE)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=max(steps, 2))
    mean, std = (torch.tensor(value)[:, None, None] for value in (IMAGENET_MEAN, IMAGENET_STD))
    backbone.train()
    found = 0.0
    for step in range(steps):
        rng = np.random.default_rng([seed, step, 52])
        batch = [another_picture(pairs[int(k)], rng) for k in rng.permutation(len(pairs))[:_BATCH]]
        seen = backbone((pictures([pair.rgb for pair in batch]) - mean) / std).last_hidden_state
        logits, truth = functional.pixel_shuffle(head(seen), 2), cells(batch)
        loss = functional.binary_cross_entropy_with_logits(logits, truth, pos_weight=torch.tensor(_RARE))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        plan.step()
        found = f1(logits.detach() > 0, truth > 0)
        told(step + 1)
    return found


def cells(pairs: Sequence[Captioned]) -> Tensor:
    """Which cells of ``STRIDE`` px hold which of ``MARKED``: float (B, 6, H/8, W/8) of 0 and 1."""
    planes = np.zeros((len(pairs), len(MARKED), *pairs[0].rgb.shape[:2]), np.float32)
    for number, pair in enumerate(pairs):
        for _, word, mask in pair.objects:
            planes[number, MARKED.index(word)] = mask
    spots = functional.avg_pool2d(torch.from_numpy(planes), 2)
    return (functional.max_pool2d(spots, STRIDE // 2) > _SHARE).float()


def f1(found: Tensor, truth: Tensor) -> float:
    """2 TP / (found + true) over all cells and kinds."""
    both = float((found & truth).sum())
    return 2 * both / max(1.0, float(found.sum() + truth.sum()))
