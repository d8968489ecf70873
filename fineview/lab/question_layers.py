"""The reader of free wording with gradients: upper layers of the sentence encoder, bent a little, and two heads.

The encoder's weights stay as they are shipped; beside each matrix of the layers from ``BENT_FROM`` on stands a product
of two thin ones that learns (LoRA, Hu et al. 2021, arXiv 2106.09685; rank 8, scale 1).  What the layers below say of a
sentence never changes, so it is worked out once.  :class:`~fineview.models.language.question_reader.QuestionReader` is
the same arithmetic in numpy.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fineview.models.language.question_features import BUCKETS
from fineview.models.language.question_reader import BENT_FROM, MEANINGS, NAMES
from fineview.models.language.sentence_encoder import MATRICES, SentenceEncoder

RANK, WIDTH, BAG = 8, 128, 64
DROPPED = 0.3
LEAST_SPREAD = 0.01  # what the lift is divided by: of a mean that hardly varies half precision could not hold the share


class Addition(nn.Module):
    """``x -> up (down x)``, nothing at the start: down (rank, columns) is random, up (rows, rank) zero."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(RANK, columns) / math.sqrt(columns))
        self.up = nn.Parameter(torch.zeros(rows, RANK))

    def forward(self, given: Tensor) -> Tensor:
        return nn.functional.linear(nn.functional.linear(given, self.down), self.up)


class BentLayers(nn.Module):
    """The layers of ``encoder`` from ``BENT_FROM`` on.  (B, N, d) and (B, N) of ones and zeros -> (B, N, d)."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        super().__init__()
        self._heads, self._layers = encoder.heads, range(BENT_FROM, encoder.layers)
        self._held = {name: torch.from_numpy(encoder.tensors[name].copy()) for name in encoder.tensors}
        self.additions = nn.ModuleDict({f"{layer}-{name}": Addition(*encoder.tensors[f"{layer}.{name}"].shape)
                                        for layer in self._layers for name in MATRICES})

    def forward(self, state: Tensor, there: Tensor) -> Tensor:
        hidden = (1 - there)[:, None, None, :] * -1e4
        for layer in self._layers:
            state = self._normed(state + self._attended(state, hidden, layer), f"{layer}.attended")
            inner = nn.functional.gelu(self._dense(state, layer, "widened"), approximate="tanh")
            state = self._normed(state + self._dense(inner, layer, "narrowed"), f"{layer}.out")
        return state

    def _attended(self, state: Tensor, hidden: Tensor, layer: int) -> Tensor:
        rows, count, width = state.shape
        parts = self._dense(state, layer, "qkv").reshape(rows, count, 3, self._heads, width // self._heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden.to(query.dtype))
        return self._dense(mixed.transpose(1, 2).reshape(rows, count, width), layer, "mixed")

    def _dense(self, state: Tensor, layer: int, name: str) -> Tensor:
        matrix, bias = self._held[f"{layer}.{name}"], self._held[f"{layer}.{name}.bias"]
        added: Tensor = self.additions[f"{layer}-{name}"](state)
        return nn.functional.linear(state, matrix, bias) + added

    def _normed(self, state: Tensor, name: str) -> Tensor:
        scale, shift = self._held[f"{name}.scale"], self._held[f"{name}.shift"]
        return nn.functional.layer_norm(state.float(), scale.shape, scale, shift, 1e-12)


class Heads(nn.Module):
    """Everything that learns.  ``middle``, ``spread`` (2d,): of the means of words, so that training begins level."""

    middle: Tensor
    spread: Tensor

    def __init__(self, encoder: SentenceEncoder) -> None:
        super().__init__()
        self.layers = BentLayers(encoder)
        width = 2 * encoder.tensors["places"].shape[1]
        self.lift = nn.Linear(width, WIDTH)
        self.pieces = nn.EmbeddingBag(BUCKETS, BAG, mode="sum")
        nn.init.normal_(self.pieces.weight, std=0.1)
        self.meaning, self.name = nn.Linear(WIDTH + BAG, len(MEANINGS)), nn.Linear(WIDTH + BAG, len(NAMES))
        self.drop = nn.Dropout(DROPPED)
        self.register_buffer("middle", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))

    def level(self, means: Tensor) -> None:
        """Take ``middle`` and ``spread`` from (n, 2d) means of words."""
        self.middle.copy_(means.mean(0))
        self.spread.copy_(means.std(0).clamp_min(LEAST_SPREAD))

    def means(self, state: Tensor, there: Tensor) -> Tensor:
        """The words' mean before and after the bent layers: (B, N, d), (B, N) -> (B, 2d)."""
        share = (there / there.sum(1, keepdim=True))[..., None]
        return torch.cat([(state * share).sum(1), (self.layers(state, there) * share).sum(1)], 1)

    def forward(self, state: Tensor, there: Tensor, flat: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """``flat``, ``starts``: the hashed pieces of all texts in a row, and where each text begins."""
        ends = torch.cat([starts[1:], torch.tensor([len(flat)])])
        known = (self.means(state, there) - self.middle) / self.spread
        hidden = torch.cat([torch.tanh(self.lift(self.drop(known))),
                            torch.tanh(self.pieces(flat, starts) / (ends - starts).float().sqrt()[:, None])], 1)
        hidden = self.drop(hidden)
        return self.meaning(hidden), self.name(hidden)

    def tensors(self) -> dict[str, Tensor]:
        """The shipped form, float16: see :class:`QuestionReader`."""
        lift = self.lift.weight / self.spread
        found = {"lift": lift, "lift_bias": self.lift.bias - lift @ self.middle, "pieces": self.pieces.weight,
                 "meaning": self.meaning.weight.T, "meaning_bias": self.meaning.bias,
                 "name": self.name.weight.T, "name_bias": self.name.bias}
        for place, one in self.layers.additions.items():
            name = place.replace("-", ".")
            found |= {f"{name}.down": one.get_parameter("down"), f"{name}.up": one.get_parameter("up")}
        return {name: value.detach().half().contiguous() for name, value in sorted(found.items())}
