"""Training the chat's decoder on what the frozen shipped encoder sees: ``fineview train chat --out DIR --steps N``.

1. The encoder, calibrated already, looks once at phantoms and, with ``--data``, at photographs of the folds it was
   trained on; what it saw of their regions is kept in ``DIR/seen`` (minutes; a run that was stopped goes on).
2. Projector and decoder train together on it, from random weights, by steps; the running average is exported.
3. On pictures kept apart (phantoms, and photographs of the fold after the one that measures) it is chosen what part the
   decoder has in verdicts, and with which temperature; that is written into model.json (:mod:`chat_rules`).

FILA trains its projector first and the rest after; that presumes a language model that speaks.  Here both begin at
random.  Everything random is a function of the step: a run that was killed and resumed ends with the same weights.
The exported folder names the encoder's sha256; with another encoder it is not used, and this command makes a new one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fineview.lab.chat_batches import IGNORED, Batch, Lessons, statistics
from fineview.lab.chat_rules import rules
from fineview.lab.chat_sightings import FIRST, Picture, Sightings, phantoms, real, sightings, split
from fineview.lab.chat_words import Words, make_tokens
from fineview.lab.question_grammar import read_grammar
from fineview.lab.train_state import RunState, say_aside
from fineview.lab.train_step import rate_share
from fineview.models import weights
from fineview.models.language.small_decoder import (
    TOKENIZER,
    ChatTokens,
    DecoderConfig,
    SmallDecoder,
    made_of,
    tensors_of,
)
from fineview.models.predictor import Predictor

BATCH, RATE, WARMUP = 24, 2e-3, 60
VERDICT_WEIGHT = 4.0
SAVE_EVERY, SAY_EVERY = 100, 20
NAME = "chat-s"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many pictures the encoder looks at; ``apart`` of each phantom kind, and up to ``photographs`` more, are kept
    for choosing who gives verdicts; ``sentences`` that pieces are learnt from."""

    fundus: int = 70
    oct: int = 90
    other: int = 25
    photographs: int = 180
    apart: int = 12
    sentences: int = 24_000


def train_chat(out: Path, steps: int, encoder: Predictor, resume: bool = False, data: Path | None = None, seed: int = 0,
               *, fold: int = 0, amounts: Amounts | None = None, sizes: dict[str, int] | None = None,
               cache: Path | None = None, pieces: int = 1024, say: Callable[[str], None] = say_aside,
               after_step: Callable[[int], None] | None = None) -> Path:
    """Train for ``steps`` and export into ``out/export``; returns that folder.

    ``data``: the folder of photographs; those of ``fold`` are not looked at, as the encoder never did.  ``sizes``:
    of :class:`DecoderConfig`, for tests.  ``after_step`` may raise to stop.
    """
    amounts = amounts or Amounts()
    pictures = pictures_of(amounts, data, fold)
    every = sightings(pictures, encoder, cache or out / "seen", say)
    seen, apart = split(every, pictures)
    words = Words(read_grammar())
    tokens = _tokens(out, words, seed, (pieces, amounts.sentences), resume)
    state = start(seen, tokens, seed, sizes or {})
    if resume and state.load(out):
        say(f"resumed at step {state.step}")
    lessons = Lessons(seen, words, tokens, seed)
    while state.step < steps:
        loss = train_step(state, lessons.batch(state.step, BATCH), steps)
        if after_step is not None:
            after_step(state.step)
        if state.step % SAY_EVERY == 0:
            say(f"step {state.step} " + " ".join(f"{name} {value:.3f}" for name, value in loss.items()))
        if state.step % SAVE_EVERY == 0 or state.step == steps:
            state.save(out)
    return export(state, tokens, out / "export", encoder, {
        "seed": seed, "fold": fold, "licence": "Apache-2.0" if data is None else "CC-BY-SA-4.0",
        "pictures": len(seen), "regions": sum(len(one.regions) for one in seen.values())}, apart)


def pictures_of(amounts: Amounts, data: Path | None, fold: int) -> list[Picture]:
    kept = phantoms(FIRST + 500_000, amounts.apart, amounts.apart, max(1, amounts.apart // 4))
    return [*phantoms(FIRST, amounts.fundus, amounts.oct, amounts.other),
            *(Picture(one.name, one.make, True) for one in kept),
            *(real(data, fold, amounts.photographs) if data is not None else ())]


def start(seen: dict[str, Sightings], tokens: ChatTokens, seed: int, sizes: dict[str, int]) -> RunState:
    """Seeded random weights, the statistics of what is seen, and the optimiser."""
    channels = next(iter(seen.values())).frame.shape[1]
    model = made_of(DecoderConfig(channels=channels, vocabulary=len(tokens), **sizes), seed)
    for name, value in statistics(seen).items():
        getattr(model, name).copy_(value)
    matrices = [value for value in model.parameters() if value.ndim > 1]
    rest = [value for value in model.parameters() if value.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    return RunState(model, RunState.average_of(model), torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98)))


def train_step(state: RunState, batch: Batch, steps: int) -> dict[str, float]:
    """One optimiser step; returns the losses."""
    began = time.monotonic()
    for group in state.optimiser.param_groups:
        group["lr"] = RATE * rate_share(state.step, steps, WARMUP)
    state.model.train()
    words, verdict = losses(state.model(batch.tokens, batch.place, batch.ids), batch)
    state.optimiser.zero_grad(set_to_none=True)
    (words + VERDICT_WEIGHT * verdict).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimiser.step()
    state.step += 1
    state.update_average()
    return {"words": float(words.detach()), "verdict": float(verdict.detach()),
            "per_s": len(batch.ids) / (time.monotonic() - began)}


def losses(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Of all pieces that follow, and once more of the verdicts that are seen."""
    words = nn.functional.cross_entropy(logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED)
    rows = (batch.verdict >= 0).nonzero()[:, 0]
    if not len(rows):
        return words, words.new_zeros(())
    columns = batch.verdict[rows]
    return words, nn.functional.cross_entropy(logits[rows, columns], batch.target[rows, columns])


def _tokens(out: Path, words: Words, seed: int, sizes: tuple[int, int], resume: bool) -> ChatTokens:
    """The pieces, made once a run: a template added meanwhile must not change what a number means."""
    path = out / TOKENIZER
    if not (resume and path.is_file()):
        out.mkdir(parents=True, exist_ok=True)
        make_tokens(words, seed, *sizes).save(path)
    read = ChatTokens.read(out)
    assert isinstance(read, ChatTokens)
    return read


def export(state: RunState, tokens: ChatTokens, folder: Path, encoder: Predictor, facts: dict[str, object],
           apart: dict[str, Sightings]) -> Path:
    """Write tensors, pieces and model.json; what part it has in verdicts comes from ``apart``."""
    model = state.ema
    assert isinstance(model, SmallDecoder)
    folder.mkdir(parents=True, exist_ok=True)
    tokens.save(folder / TOKENIZER)
    weights.save(tensors_of(model), folder, {
        "name": NAME, "version": "0.1.0", "trained_steps": state.step, "config": model.config.as_dict(),
        "encoder": encoder.name, "encoder_sha256": encoder.sha256, **facts, **rules(model, tokens, apart),
        "tokenizer_sha256": hashlib.sha256((folder / TOKENIZER).read_bytes()).hexdigest()})
    return folder
