"""Attention rows under SDPA, exactly: one attention function, one capture.

transformers returns no weights under SDPA.  So an attention function is registered that calls
``sdpa_attention_forward`` unchanged and, for wanted layers and query rows only, also computes
softmax(q_row K^T * scale + mask_row) in fp32.  The model's output is untouched.  Source of the idea and of the two
registries: transformers ``AttentionInterface`` and ``AttentionMaskInterface``.

A wish may also *bend* layers: a bias added to the logits of chosen keys, for all heads and query rows, while SDPA
runs (inline redistribution: log-gain on masked keys).  Rows read from a bent layer are the bent ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

IMPLEMENTATION = "fineview_rows"


@dataclass(slots=True)
class Wish:
    """Which rows to read; ``found`` maps a layer to (B, heads, rows, keys) fp32, the last call's.

    ``bias`` maps a layer to (B or 1, N), added to the logits of its first N keys; keys beyond (words generated
    later) are left alone.
    """

    layers: frozenset[int]
    rows: tuple[int, ...]
    names: dict[int, int]
    graph: bool = False
    found: dict[int, Tensor] = field(default_factory=dict)
    bias: Mapping[int, Tensor] = field(default_factory=dict)


# A context variable, not a global: two worker threads may read different rows of the same model.
_wish: ContextVar[Wish | None] = ContextVar("attention_rows", default=None)


def rows_found() -> dict[int, Tensor]:
    """The rows found so far by the capture that runs now; nothing outside of one."""
    wish = _wish.get()
    return {} if wish is None else wish.found


def exact_rows(query: Tensor, key: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """softmax(q K^T * scale + mask) in fp32, also under autocast: (B, h, r, d), (B, h, n, d) -> (B, h, r, n)."""
    with torch.autocast(query.device.type, enabled=False):
        logits = query.float() @ key.float().transpose(-1, -2) * scale
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else logits + mask.float()
    return logits.softmax(-1)


def rows_forward(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
                 scaling: float | None = None, **kwargs: Any) -> tuple[Tensor, None]:
    """``sdpa_attention_forward``, and the wanted rows beside it."""
    wish = _wish.get()
    layer = wish.names.get(id(module)) if wish is not None else None
    if wish is None or layer is None or not (layer in wish.layers or layer in wish.bias):
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    if layer in wish.bias:
        causal = _causal(module, query, key, attention_mask, kwargs)
        attention_mask = _bent(wish.bias[layer], query, key, attention_mask if causal is None else causal)
    if layer in wish.layers:
        picked = [row % query.shape[2] for row in wish.rows]
        groups = getattr(module, "num_key_value_groups", 1)
        keys = repeat_kv(key, groups) if groups > 1 else key
        causal = _causal(module, query, key, attention_mask, kwargs)
        mask = attention_mask if causal is None else causal
        scale = scaling if scaling is not None else query.shape[-1] ** -0.5
        if wish.graph:
            return _with_graph(wish, layer, (query, keys, repeat_kv(value, groups) if groups > 1 else value),
                               mask, scale)
        if mask is not None and mask.shape[-2] > 1:
            mask = mask[:, :, picked]
        wish.found[layer] = exact_rows(query[:, :, picked], keys, mask, scale)
    return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)


def _causal(module: nn.Module, query: Tensor, key: Tensor, mask: Tensor | None, kwargs: Mapping[str, Any]
            ) -> Tensor | None:
    """The mask that SDPA's ``is_causal`` stands for where no mask is given, as bool (1, 1, r, n); else None."""
    told = kwargs.get("is_causal")
    causal = getattr(module, "is_causal", True) if told is None else told
    if mask is not None or not causal or query.shape[2] == 1:
        return None
    return torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=key.device).tril()[None, None]


def _bent(bias: Tensor, query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """Mask and bias as one additive mask (B or 1, 1, r or 1, n) in the type of the query."""
    added = query.new_zeros(bias.shape[0], 1, 1, key.shape[2])
    count = min(bias.shape[-1], key.shape[2])
    added[..., :count] = bias[:, None, None, :count].to(query)
    if mask is None:
        return added.expand(-1, -1, query.shape[2], -1)
    if mask.dtype == torch.bool:
        return torch.where(mask, added, torch.finfo(query.dtype).min)
    return mask + added


def _with_graph(wish: Wish, layer: int, parts: tuple[Tensor, Tensor, Tensor], mask: Tensor | None,
                scale: float) -> tuple[Tensor, None]:
    """All rows, and the output made from them, for d(score)/d(attention).

    They stay in the graph where something before them needs a gradient too (a Q-Former before a language model), and
    are a leaf otherwise: then the graph begins here.
    """
    query, key, value = parts
    rows = exact_rows(query, key, mask, scale)
    if not rows.requires_grad:
        rows.requires_grad_()
    wish.found[layer] = rows
    return (rows.to(value.dtype) @ value).transpose(1, 2).contiguous(), None


def row_sdpa(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None,
             scale: float) -> tuple[Tensor, Tensor]:
    """SDPA for a module of our own with all its rows: output (B, r, h, d) and rows (B, h, r, n)."""
    out, _ = sdpa_attention_forward(module, query, key, value, mask, scaling=scale, is_causal=False)
    return out, exact_rows(query, key, mask, scale)


def attention_modules(model: nn.Module | Sequence[nn.Module]) -> dict[int, int]:
    """id of each self-attention module -> its layer number, in order.  CLIP's have no ``layer_idx``.

    A sequence of modules is taken as it is: layers that are named otherwise, such as a Q-Former's cross-attention.
    """
    found = list(model) if not isinstance(model, nn.Module) else [
        module for module in model.modules() if hasattr(module, "q_proj") and hasattr(module, "k_proj")]
    return {id(module): number for number, module in enumerate(found)}


@contextmanager
def capture(model: nn.Module | Sequence[nn.Module], layers: Sequence[int], rows: Sequence[int], graph: bool = False,
            bias: Mapping[int, Tensor] | None = None) -> Iterator[dict[int, Tensor]]:
    """Read the attention rows of ``layers`` (negative counts from the last) while the model runs inside.

    The model's attention implementation must be :data:`IMPLEMENTATION`.  Yields a dict layer -> (B, heads, rows,
    keys) fp32 that fills as layers run; a layer that runs twice keeps its last call.  With ``graph`` all rows are
    kept and the output is made through them, so that a score can be differentiated by them.  ``bias``: see
    :class:`Wish`; negative layers count from the last here too.
    """
    names = attention_modules(model)
    wanted = frozenset(layer % len(names) for layer in layers)
    bent = {layer % len(names): values for layer, values in (bias or {}).items()}
    wish = Wish(wanted, tuple(rows), names, graph, bias=bent)
    token = _wish.set(wish)
    try:
        yield wish.found
    finally:
        _wish.reset(token)


AttentionInterface.register(IMPLEMENTATION, rows_forward)
AttentionMaskInterface.register(IMPLEMENTATION, sdpa_mask)
