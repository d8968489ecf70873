"""Words to one attention row: text-only queries, image-only keys of a tile, one learned sink key.

The attention runs through the same SDPA function as the ViT's layers, and the row is read by the same capture
(:mod:`fineview.models.attention.rows`).  One head, so the evidence row_i / (row_i + row_sink) depends on the patch and
the text alone: its normalisation is fixed by the learned sink and a blank frame gives a flat map.  Training
uses the logit of that ratio, l_i - l_sink.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fineview.models.attention.rows import row_sdpa

MAX_WORDS = 16


class TextEncoder(nn.Module):
    """Embedding, a few transformer layers, the first position pooled."""

    def __init__(self, words: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.position = nn.Parameter(torch.randn(MAX_WORDS, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True,
                                           norm_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        """(T, L) word ids, 0 for padding, the pooling word first -> (T, width)."""
        states = self.embed(ids) + self.position[: ids.shape[1]]
        return self.norm(self.layers(states, src_key_padding_mask=ids == 0)[:, 0])


class TextRow(nn.Module):
    """Decoupled cross-attention with a sink.  ``is_causal`` and ``layer_idx`` are what the attention function reads."""

    is_causal = False
    layer_idx = -1

    def __init__(self, text_width: int, token_width: int, key_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(token_width)
        self.query = nn.Linear(text_width, key_width)
        self.key = nn.Sequential(nn.Linear(token_width, token_width), nn.GELU(), nn.Linear(token_width, key_width))
        self.value = nn.Linear(token_width, key_width)
        self.sink_key = nn.Parameter(torch.randn(key_width) * 0.02)
        self.sink_value = nn.Parameter(torch.zeros(key_width))
        self.scale = key_width**-0.5

    def keys(self, tokens: Tensor) -> Tensor:
        """(B, N, D) patch tokens -> (B, N, K) keys; all a second question needs."""
        return self.key(self.norm(tokens))

    def margin(self, text: Tensor, keys: Tensor) -> Tensor:
        """logit of the evidence, l_i - l_sink: (T, text) and (B, N, K) -> (B, T, N).  Used by training."""
        query = self.query(text) * self.scale
        return torch.einsum("tk,bnk->btn", query, keys) - (query @ self.sink_key)[None, :, None]

    def attend(self, text: Tensor, tokens: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attended values and the exact rows, by SDPA.

        ``text`` (T, text width), ``tokens`` (B, N, D), ``bias`` (B, N) added to the patch logits (inline DAR).
        Returns (B, T, K) and rows (B, T, N + 1) in fp32 with the sink last.
        """
        batch = tokens.shape[0]
        normed = self.norm(tokens)
        keys = torch.cat([self.key(normed), self.sink_key.expand(batch, 1, -1)], 1)
        values = torch.cat([self.value(normed), self.sink_value.expand(batch, 1, -1)], 1)
        query = self.query(text).expand(batch, -1, -1)
        mask = None
        if bias is not None:
            mask = torch.cat([bias, bias.new_zeros(batch, 1)], 1)[:, None, None, :].expand(-1, 1, text.shape[0], -1)
        out, rows = row_sdpa(self, query.unsqueeze(1), keys.unsqueeze(1), values.unsqueeze(1), mask, self.scale)
        return out.squeeze(2), rows.squeeze(1)


def evidence(rows: Tensor) -> Tensor:
    """row_i / (row_i + row_sink): (..., N + 1) -> (..., N) in [0, 1]."""
    patches, sink = rows[..., :-1], rows[..., -1:]
    return patches / (patches + sink).clamp_min(torch.finfo(rows.dtype).tiny)
