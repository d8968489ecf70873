"""What all families share once pictures and words have become embeddings: rows, gradients and words of a decoder.

Every family hands over a :class:`Prepared` prompt.  From there the language model runs on embeddings alone, so one
file reads the last token's row under SDPA (:mod:`fineview.models.attention.rows`), differentiates it, and streams an
answer in which every word brings the row that predicted it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from fineview.core.errors import RequestProblem
from fineview.models.attention.rows import IMPLEMENTATION, capture
from fineview.models.language.reader import Row, Saying, Step
from fineview.models.language.tokens import Tokens


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """``embeds`` (1, L, D); ``columns`` (T,), where the first picture's tokens stand; ``cross`` (pictures, heads, T or
    more, 1 + h * w), how they look at CLS and patches, in the graph where gradients are wished, or None where the
    tokens are the patches."""

    embeds: Tensor
    columns: Tensor
    grid: tuple[int, int]
    cross: Tensor | None = None
    bias: Mapping[int, Tensor] | None = None


class Decoder:
    """``generator`` makes logits and words from embeddings; ``body`` holds its self-attention layers."""

    def __init__(self, generator: Any, body: nn.Module, tokens: Tokens) -> None:
        self._generator, self._body, self._tokens = generator, body, tokens
        # Learned positions end somewhere, and torch's own word for it is an index out of range.
        self._most = int(getattr(generator.config.get_text_config(), "max_position_embeddings", 0) or 0)
        ends = generator.generation_config.eos_token_id
        first = ends[0] if isinstance(ends, list) else ends
        # A folder's own sampling wishes are dropped: the same question must give the same answer.
        generator.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=0 if first is None else first)

    def row(self, made: Prepared, layer: int) -> Row:
        with capture(self._body, [layer], [-1], bias=made.bias) as rows:
            self._logits(made)
        return _as_row(rows[layer], made, layer)

    def gradient_row(self, made: Prepared, layer: int) -> Row:
        """A * ReLU(dv/dA) of the last row, per head; a Q-Former's rows likewise, mean over its heads."""
        with capture(self._body, [layer], [-1], graph=True, bias=made.bias) as rows:
            score = surest(self._logits(made))
        leaves = [rows[layer]] if made.cross is None else [rows[layer], made.cross]
        slopes = torch.autograd.grad(score, leaves)
        weighed = [(leaf * slope.clamp_min(0)).detach() for leaf, slope in zip(leaves, slopes, strict=True)]
        return _as_row(weighed[0], replace(made, cross=weighed[1] if made.cross is not None else None), layer)

    def score(self, made: Prepared) -> Tensor:
        """v, log max softmax at the last token, in the graph."""
        return surest(self._logits(made))

    @torch.inference_mode()
    def say(self, made: Prepared, layer: int, saying: Saying) -> str:
        """Greedy words; ``saying.on_step`` hears each with its row."""
        with capture(self._body, [layer], [-1], bias=made.bias) as rows:
            listener = _Listener(self._tokens, lambda: _as_row(rows[layer], made, layer), saying)
            self._generator.generate(
                inputs_embeds=made.embeds, attention_mask=_ones(made),
                max_new_tokens=min(saying.max_tokens, self._room(made)),
                do_sample=False, streamer=listener, stopping_criteria=StoppingCriteriaList([_Stop(saying.stop)]))
        return listener.said

    def _room(self, made: Prepared) -> int:
        """How many words fit behind a prompt.  Raises ``RequestProblem`` where none does."""
        left = (self._most or 1 << 30) - made.embeds.shape[1]
        if left < 1:
            raise RequestProblem(f"The question is too long for this language model, which reads {self._most} pieces "
                                 "of words and pictures.", "Ask in fewer words.", "question-too-long")
        return left

    def _logits(self, made: Prepared) -> Tensor:
        self._room(made)
        out = self._generator(inputs_embeds=made.embeds, attention_mask=_ones(made), use_cache=False)
        logits: Tensor = out.logits[0, -1].float()
        return logits


class _Listener(BaseStreamer):
    """Called by ``generate`` on its own thread after every token; the row of that forward is still at hand."""

    def __init__(self, tokens: Tokens, row: Callable[[], Row], saying: Saying) -> None:
        self._tokens, self._row, self._saying = tokens, row, saying
        self._ids: list[int] = []
        self._prompt_heard = False
        self.said = ""

    def put(self, value: Tensor) -> None:
        if not self._prompt_heard:  # the prompt comes first; empty, since it was given as embeddings
            self._prompt_heard = True
            return
        self._ids += value.flatten().tolist()
        self.said = self._tokens.text(self._ids)
        self._saying.on_step(Step(self.said, self._row()))

    def end(self) -> None:
        pass


class _Stop(StoppingCriteria):
    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        return torch.full((input_ids.shape[0],), self._stop(), dtype=torch.bool, device=input_ids.device)


def surest(logits: Tensor) -> Tensor:
    """log max softmax: the score that ViCrop differentiates."""
    return logits.log_softmax(-1).max()


def under_rows(model: Any) -> Any:
    """The model for reading: our attention function, no dropout, no gradients of weights."""
    model.set_attn_implementation(IMPLEMENTATION)
    return model.eval().requires_grad_(False)


def key_bias(log_gain: Tensor, columns: Tensor) -> Tensor:
    """(1, last column + 1): the gain of each patch at its key, 0 at all others."""
    bias = log_gain.new_zeros(1, int(columns.max()) + 1)
    bias[0, columns] = log_gain.flatten()
    return bias


def _ones(made: Prepared) -> Tensor:
    return torch.ones(made.embeds.shape[:2], dtype=torch.long, device=made.embeds.device)


def _as_row(found: Tensor, made: Prepared, layer: int) -> Row:
    heads = found[0, :, -1, made.columns].detach().float().cpu().numpy()
    spread = None
    if made.cross is not None:
        spread = made.cross[0, :, : len(made.columns), 1:].detach().mean(0).float().cpu().numpy()
    return Row(heads, spread, made.grid, layer)
