"""Training of a matcher on captioned phantoms: one recipe, one budget, for all that are compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fineview.lab.captions import Captioned
from fineview.lab.pair_stream import PairStream
from fineview.lab.retrieval_models import build_matcher
from fineview.lab.text_augment import TextAugmentation
from fineview.models.language.text_tokens import WordPieces
from fineview.models.vision.two_towers import contrastive_loss

# Few whole statements go: a caption that says less may be right for another picture of its batch too.
WORDING = TextAugmentation(deletion=0.03)
_RATE, _DECAY, _WARM, _CLIP = 1e-3, 0.05, 0.1, 1.0


@dataclass(frozen=True, slots=True)
class Budget:
    """Steps of ``batch`` pairs each; every text of a batch is scored with every picture of it."""

    steps: int
    batch: int


@dataclass(frozen=True, slots=True)
class Trained:
    """``cpu_s``: processor seconds the training took, those of making the batches included."""

    model: nn.Module
    cpu_s: float


def train_matcher(name: str, start: Mapping[str, Tensor], pairs: Sequence[Captioned], pieces: WordPieces,
                  budget: Budget, seed: int, told: Callable[[int], None] = lambda step: None) -> Trained:
    """One of ``retrieval_models.NAMES`` with its image backbone at ``start``; equal arguments give equal weights."""
    model = build_matcher(name, len(pieces.vocabulary), seed)
    model.image.backbone.load_state_dict(start)  # type: ignore[union-attr]
    stream = PairStream(pairs, budget.batch, seed, WORDING)
    optimiser = torch.optim.AdamW(model.parameters(), _RATE, weight_decay=_DECAY)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=max(budget.steps, 2), pct_start=_WARM)
    model.train()
    began = time.process_time()
    for step in range(budget.steps):
        pixels, texts = stream.batch(step)
        loss = contrastive_loss(model.scores(pixels, *pieces(texts)))  # type: ignore[operator]
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        plan.step()
        told(step + 1)
    return Trained(model, time.process_time() - began)
