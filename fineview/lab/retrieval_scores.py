"""Tables of scores of every text with every picture, and recall at k where pairs lie on the diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fineview.lab.captions import Captioned
from fineview.lab.figures import Figure, bootstrap_interval
from fineview.lab.pair_stream import pictures
from fineview.models.language.text_tokens import WordPieces

Array = npt.NDArray[Any]
_AT_ONCE = 16


@torch.inference_mode()
def table(model: nn.Module, pieces: WordPieces, texts: Sequence[str], pairs: Sequence[Captioned]) -> Array:
    """Logits (texts, pictures) float32 in eval mode, a few pictures at a time."""
    was = model.training
    model.eval()
    ids, mask = pieces(texts)
    found = [model.scores(pictures([pair.rgb for pair in pairs[k:k + _AT_ONCE]]), ids, mask)  # type: ignore[operator]
             for k in range(0, len(pairs), _AT_ONCE)]
    model.train(was)
    return np.asarray(torch.cat(found, 1).numpy())


def ranks(scores: Array) -> Array:
    """How many others score at least as high as the own one, row by row: (N, N) -> (N,).  A tie counts against it."""
    own = np.diagonal(scores)[:, None]
    return np.asarray((scores >= own).sum(1) - 1)


def hits(scores: Array, k: int) -> Array:
    """Which rows have their own column among the ``k`` best: (N, N) -> (N,) of 0 and 1."""
    return (ranks(scores) < k).astype(np.float64)


def mean_of(name: str, values: Array, seed: int, baselines: dict[str, float | None]) -> Figure:
    """The mean of values per unit with its bootstrap interval over the units."""
    interval = bootstrap_interval(lambda chosen: float(values[chosen].mean()), len(values), seed)
    return Figure(name, float(values.mean()), "fraction", len(values), interval, baselines=baselines)


def recalls(name: str, scores: Array, seed: int) -> list[Figure]:
    """R@1 and R@5 in both directions of scores (texts, pictures), with chance beside them."""
    return [mean_of(f"{name}.{way}.r@{k}", hits(one, k), seed, {"chance": k / len(scores)})
            for way, one in (("text-to-image", scores), ("image-to-text", scores.T)) for k in (1, 5)]
