"""CLIP's two towers (arXiv 2103.00020, sections 2.3-2.5): a picture and a text, each alone, to one unit sphere.

* pictures: a convolutional backbone and an attention pooling "where the query is conditioned on the global
  average-pooled representation" (section 2.4);
* texts: a transformer's states, layer-normalised, projected linearly.  The paper takes the state of the end-of-text
  token of a GPT; here the mean state of a BERT's words, since that is the class people have folders of, and its mean
  tells sentences apart better than its [CLS] (Sentence-BERT, arXiv 1908.10084, table 6);
* both L2-normalised; logits are cosines times exp(t), t learned from log(1 / 0.07) and "clipped to prevent scaling
  the logits by more than 100" (section 2.5);
* loss: cross-entropy over the rows and over the columns of the batch's logits, their mean (figure 3).

Changed, for towers trained from nothing on a thousand pairs: cells know their place before the pooling
(:mod:`image_tokens`), so that a picture of any size may come, and each tower ends in a batch normalisation without
weights.  All photographs of a retina are alike but for a few cells; without it what they share fills the vector, and
hundreds of steps pass before the rest is seen.  In eval mode it is a fixed shift and scale.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.models.language.text_tokens import TextTokens
from fineview.models.vision.image_tokens import ImageTokens

FIRST_TEMPERATURE = 0.07
MOST_SCALE = 100.0


class Temperature(nn.Module):
    """exp(t) of a learned t, never above 100."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / FIRST_TEMPERATURE)))

    def forward(self) -> Tensor:
        return self.log_scale.exp().clamp(max=MOST_SCALE)


class TwoTowers(nn.Module):
    """``image`` and ``text`` give tokens of any widths; ``width`` is that of the common space."""

    def __init__(self, image: ImageTokens, text: TextTokens, width: int, heads: int) -> None:
        super().__init__()
        self.image, self.text = image, text
        self.pool = nn.MultiheadAttention(image.width, heads, batch_first=True)
        self.image_norm, self.text_norm = (nn.BatchNorm1d(one.width, affine=False) for one in (image, text))
        self.image_projection = nn.Linear(image.width, width, bias=False)
        self.text_projection = nn.Linear(text.width, width, bias=False)
        self.temperature = Temperature()

    def image_vector(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [0, 1] -> (B, width) of length 1."""
        _, tokens, _ = self.image(pixels)
        pooled, _ = self.pool(tokens.mean(1, keepdim=True), tokens, tokens, need_weights=False)
        return functional.normalize(self.image_projection(self.image_norm(pooled[:, 0])), dim=-1)

    def text_vector(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(T, L) word pieces -> (T, width) of length 1."""
        weight = mask[..., None].to(torch.get_default_dtype())
        pooled = (self.text(ids, mask) * weight).sum(1) / weight.sum(1)
        return functional.normalize(self.text_projection(self.text_norm(pooled)), dim=-1)

    def scores(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits of every text with every picture, (T, B)."""
        found: Tensor = self.temperature() * self.text_vector(ids, mask) @ self.image_vector(pixels).T
        return found


def contrastive_loss(scores: Tensor) -> Tensor:
    """Symmetric InfoNCE of logits (B, B) whose pairs lie on the diagonal."""
    own = torch.arange(len(scores), device=scores.device)
    return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2
