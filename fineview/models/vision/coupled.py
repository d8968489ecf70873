"""The joint control of :mod:`decoupled`: words and cells in one sequence that attends to itself.

One transformer layer over [text; picture], with a learned vector that says which is which; the score is read at the
text's [CLS].  Every pair of text and picture needs its own pass, nothing can be kept for the next question.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fineview.models.language.text_tokens import TextTokens
from fineview.models.vision.image_tokens import ImageTokens


class CoupledAttention(nn.Module):
    """``image`` and ``text`` give tokens of the same width, that of the joint layer."""

    def __init__(self, image: ImageTokens, text: TextTokens, heads: int) -> None:
        super().__init__()
        if image.width != text.width:
            raise ValueError("words and cells of one sequence have one width")
        self.image, self.text = image, text
        self.kinds = nn.Parameter(torch.randn(2, text.width) * 0.02)
        self.joint = nn.TransformerEncoderLayer(text.width, heads, 2 * text.width, dropout=0.0, activation="gelu",
                                                batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(text.width)
        self.score = nn.Linear(text.width, 1)

    def scores(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits of every text with every picture, (T, B): T * B passes of the joint layer."""
        _, located, _ = self.image(pixels)
        cells, words = located + self.kinds[1], self.text(ids, mask) + self.kinds[0]
        texts, pictures = len(words), len(cells)
        pairs = torch.cat([words[:, None].expand(-1, pictures, -1, -1), cells[None].expand(texts, -1, -1, -1)], 2)
        empty = torch.cat([mask == 0, mask.new_zeros(texts, cells.shape[1], dtype=torch.bool)], 1)
        states = self.joint(pairs.flatten(0, 1), src_key_padding_mask=empty.repeat_interleave(pictures, 0))
        found: Tensor = self.score(self.norm(states[:, 0])).view(texts, pictures)
        return found
