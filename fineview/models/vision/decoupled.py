"""Decoupled attention: queries from the text alone, keys and values from the picture alone.

The multi-modal overview document separates the two: no word looks at words of the picture's side and no patch at
patches of the text's side inside this layer, and neither modality has seen the other before it.  A text's row is
therefore softmax(q_text K_image^T / sqrt(d)) over the picture's cells only, keys are kept for further questions, and
changing the text changes no key.  The same layer is

(a) a retrieval scorer: each word fetches a value from the picture; the score is the mean over the text's word pieces
    of the cosine between what a word fetched and what the word says, times a learned temperature;
(b) a base attention map for DAR: the mean row of a text's words over heads, on the picture's grid.

Chosen here, where the document is silent: keys carry content without its place and values carry both, so that a map
says what is there and an empty picture's map is flat, while "above the fovea" can still be told from "below".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.models.language.text_tokens import TextTokens
from fineview.models.vision.image_tokens import ImageTokens
from fineview.models.vision.two_towers import Temperature


class DecoupledAttention(nn.Module):
    """``width`` of queries, keys and values together, over ``heads``."""

    def __init__(self, image: ImageTokens, text: TextTokens, width: int, heads: int) -> None:
        super().__init__()
        self.image, self.text, self.heads = image, text, heads
        self.query, self.key, self.value = (nn.Linear(one.width, width) for one in (text, image, image))
        self.out = nn.Linear(width, width)
        self.say = nn.Linear(text.width, width)
        self.temperature = Temperature()

    def keys(self, pixels: Tensor) -> tuple[Tensor, Tensor, tuple[int, int]]:
        """Pictures alone, (B, 3, H, W) -> keys (B, heads, N, d), values (B, heads, N, d), grid (h, w)."""
        content, located, grid = self.image(pixels)
        return self.keys_of(content), self._split(self.value(located)), grid

    def keys_of(self, content: Tensor) -> Tensor:
        """Keys of content that is kept already: (B, N, D) -> (B, heads, N, d)."""
        return self._split(self.key(content))

    def queries(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Texts alone, (T, L) -> queries (T, heads, L, d) and what the words say (T, L, width)."""
        words = self.text(ids, mask)
        return self._split(self.query(words)), self.say(words)

    def rows(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Every text's words over every picture's cells: (T, heads, L, d), (B, heads, N, d) -> (T, B, heads, L, N).

        Each row sums to 1 over the N cells.
        """
        logits = torch.einsum("thld,bhnd->tbhln", queries, keys) * queries.shape[-1] ** -0.5
        return logits.softmax(-1)

    def fetched(self, rows: Tensor, values: Tensor) -> Tensor:
        """What the words fetch: (T, B, heads, L, N) and (B, heads, N, d) -> (T, B, L, width)."""
        taken = torch.einsum("tbhln,bhnd->tblhd", rows, values).flatten(3)
        found: Tensor = self.out(taken)
        return found

    def scores(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits of every text with every picture, (T, B)."""
        keys, values, _ = self.keys(pixels)
        queries, said = self.queries(ids, mask)
        taken = self.fetched(self.rows(queries, keys), values)
        likeness = functional.cosine_similarity(taken, said[:, None], dim=-1)
        weight = mask[:, None].to(likeness)
        return self.temperature() * (likeness * weight).sum(-1) / weight.sum(-1)

    def maps(self, keys: Tensor, ids: Tensor, mask: Tensor, grid: tuple[int, int]) -> Tensor:
        """A map per text and picture, (T, B, h, w): the mean row of the text's words, [CLS] and [SEP] left out.

        It sums to 1 over the grid.
        """
        queries, _ = self.queries(ids, mask)
        words = mask.clone()
        words[:, 0] = 0
        words.scatter_(1, mask.sum(1, keepdim=True) - 1, 0)
        words = torch.where(words.sum(1, keepdim=True) > 0, words, mask)  # a text of nothing: its [CLS] looks
        rows = self.rows(queries, keys).mean(2)
        weight = words[:, None, :, None].to(rows)
        return ((rows * weight).sum(2) / weight.sum(2)).unflatten(-1, grid)

    def _split(self, states: Tensor) -> Tensor:
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)
