"""Training the reader of free wording: ``fineview train reader --out DIR --steps N``, minutes on one core.

1. Sentences are drawn from the templates and from questions written by hand, typed as people type
   (:mod:`question_sentences`).  The unchanged lower layers of the sentence encoder look at each once; what they saw is
   kept in ``DIR/seen``, and a run that was stopped goes on.
2. The additions to the upper layers and the heads learn from them, by steps (:mod:`question_layers`); the running
   average is what is shipped.
3. On the rehearsal (questions written freely, none of which a template can give, never trained on) the temperatures
   are fitted (Guo et al. 2017, arXiv 1706.04599) and two borders chosen: from which chance on a question counts as
   outside the field, where as many questions inside are refused as outside are answered; and below which chance the
   reader did not understand.

The paraphrases kept apart take no part in any of this.  One seed and number of steps give the same weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fineview import paths
from fineview.lab.question_grammar import read_grammar, read_rehearsal, read_written
from fineview.lab.question_layers import Heads
from fineview.lab.question_seen import Batch, Seen, look
from fineview.lab.question_sentences import Sentences, by_hand, lesson
from fineview.lab.temperature import least_loss_temperature
from fineview.lab.train_state import RunState
from fineview.lab.train_step import rate_share
from fineview.models import weights
from fineview.models.language.question_reader import OUTSIDE, SENTENCES, QuestionReader, bent
from fineview.models.language.sentence_encoder import SentenceEncoder

BATCH, ROUNDS = 128, 3  # sentences of a step; how often each is met
RATES = {"layers": 1e-3, "pieces": 1e-2, "rest": 2e-3}
WARMUP, SAVE_EVERY, SAY_EVERY = 40, 50, 20
SILENT = 0.01  # of the questions inside the field, the least understood: these it says it did not understand


def start(encoder: SentenceEncoder, seen: Seen, seed: int) -> RunState:
    """Seeded heads, level with what is seen, and their optimiser."""
    torch.manual_seed(seed)
    heads = Heads(encoder)
    with torch.no_grad():
        first = seen.batches(seed, 0, BATCH)[:8]
        means = torch.cat([heads.means(one.state, one.there) for one in map(seen.batch, first)])
        heads.level(means)
    parts: dict[str, list[nn.Parameter]] = {name: [] for name in RATES}
    for name, value in heads.named_parameters():
        parts[name.split(".")[0] if name.split(".")[0] in RATES else "rest"].append(value)
    groups = [{"params": parts[name], "name": name, "weight_decay": 0.0 if name == "pieces" else 0.01}
              for name in RATES]
    return RunState(heads, RunState.average_of(heads), torch.optim.AdamW(groups, lr=1e-3))


def train_step(state: RunState, batch: Batch, truth: tuple[torch.Tensor, torch.Tensor], seed: int, steps: int) -> float:
    """One optimiser step; what is dropped is a function of seed and step.  Returns the loss."""
    torch.manual_seed(seed * 1_000_003 + state.step)
    for group in state.optimiser.param_groups:
        group["lr"] = RATES[group["name"]] * rate_share(state.step, steps, WARMUP)
    state.model.train()
    with torch.autocast("cpu", torch.bfloat16):
        meaning, name = state.model(batch.state, batch.there, batch.flat, batch.starts)
    loss = (nn.functional.cross_entropy(meaning.float(), truth[0], label_smoothing=0.02)
            + nn.functional.cross_entropy(name.float(), truth[1], ignore_index=-1))
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimiser.step()
    state.step += 1
    state.update_average()
    return float(loss.detach())


def fit(encoder: SentenceEncoder, data: Sentences, steps: int, seed: int, out: Path,
        say: Callable[[str], None] = lambda _: None, after_step: Callable[[int], None] | None = None) -> Heads:
    """Train for ``steps`` on ``data``; goes on where a stopped run of the very same training in ``out`` left off."""
    seen = look(encoder, data.texts, out / "seen", say)
    same = hashlib.sha256("\n".join((encoder.sha256, str(seed), str(steps), *data.texts)).encode()).hexdigest()
    kept = out / f"run-{same[:8]}"
    state = start(encoder, seen, seed)
    if state.load(kept):
        say(f"resumed at step {state.step}")
    meaning, name = torch.from_numpy(data.meaning), torch.from_numpy(data.name)
    batches: list[npt.NDArray[np.int64]] = []
    each = len(seen.batches(seed, 0, BATCH))  # every round has as many
    while state.step < steps:
        turn, at = divmod(state.step, each)
        if not at or not batches:
            batches = seen.batches(seed, turn, BATCH)
        chosen = batches[at]
        loss = train_step(state, seen.batch(chosen, np.random.default_rng([seed, 72, state.step])),
                          (meaning[chosen], name[chosen]), seed, steps)
        if after_step is not None:
            after_step(state.step)
        if state.step % SAY_EVERY == 0:
            say(f"step {state.step} of {steps}: loss {loss:.3f}")
        if state.step % SAVE_EVERY == 0 or state.step == steps:
            state.save(kept)
    assert isinstance(state.ema, Heads)
    return state.ema


@dataclass(frozen=True, slots=True)
class Borders:
    """See :class:`QuestionReader`."""

    temperatures: tuple[float, float] = (1.0, 1.0)
    outside_from: float = 0.5
    sure: float = 0.0


def calibrated(reader: QuestionReader, data: Sentences) -> Borders:
    """Temperatures of least log loss on ``data``, the border of the field, and that of what was understood."""
    plain = replace(reader, temperatures=(1.0, 1.0))
    meaning, name = (torch.from_numpy(np.log(np.stack(one) + 1e-12))
                     for one in zip(*map(plain.chances, data.texts), strict=True))
    known = data.name >= 0
    pair = (least_loss_temperature(meaning, torch.from_numpy(data.meaning), 5, 60),
            least_loss_temperature(name[torch.from_numpy(known)], torch.from_numpy(data.name[known]), 5, 60))
    fitted = replace(reader, temperatures=pair)
    beyond = np.array([float(fitted.chances(text)[0][OUTSIDE].sum()) for text in data.texts])
    border = balanced_border(beyond, OUTSIDE[data.meaning])
    read = [replace(fitted, outside_from=border).best(text) for text in data.texts]
    chance = np.array([one.confidence for one, out in zip(read, OUTSIDE[data.meaning], strict=True)
                       if not out and one.asked not in ("outside", "unknown")])
    return Borders(pair, border, float(np.quantile(chance, SILENT)) if len(chance) else 0.0)


def balanced_border(beyond: npt.NDArray[np.float64], outside: npt.NDArray[np.bool_]) -> float:
    """Where the share of questions inside that are refused and the share outside that are answered meet."""
    levels = np.unique(np.concatenate([beyond, [0.5]]))
    worse = [max(float((beyond[~outside] >= at).mean()), float((beyond[outside] < at).mean())) for at in levels]
    return float(levels[int(np.argmin(worse))])


def reader_of(heads: Heads, encoder: SentenceEncoder, borders: Borders | None = None) -> QuestionReader:
    """What the shipped file will say: its numbers have the shipped precision."""
    tensors = {name: value.float().numpy() for name, value in heads.tensors().items()}
    made = borders or Borders()
    return QuestionReader(bent(encoder, tensors), tensors, made.temperatures, made.outside_from, made.sure,
                          "reader in training", "0" * 64)


def train_reader(out: Path, steps: int, seed: int = 0, say: Callable[[str], None] = lambda _: None,
                 sentence_folder: Path | None = None) -> dict[str, float]:
    """Train, calibrate, write into ``out``; returns what it reached on the rehearsal."""
    encoder = SentenceEncoder.load(sentence_folder or paths.resources_dir() / "chat" / SENTENCES)
    count = max(2 * BATCH, steps * BATCH // ROUNDS)
    heads = fit(encoder, lesson(read_grammar(), read_written(), count, seed), steps, seed, out, say)
    rehearsal = by_hand(read_rehearsal())
    borders = calibrated(reader_of(heads, encoder), rehearsal)
    reached = score(reader_of(heads, encoder, borders), rehearsal)
    say(f"rehearsal: {reached}")
    weights.save(heads.tensors(), out, {
        "name": "reader-s", "version": "0.3.0", "licence": "Apache-2.0", "trained_steps": steps, "seed": seed,
        "sentences": count, "sentences_sha256": encoder.sha256, **asdict(borders), "rehearsal": reached})
    return reached


def score(reader: QuestionReader, data: Sentences) -> dict[str, float]:
    """Shares of ``data``: of questions inside the field those read rightly and those refused; of questions outside
    those answered all the same."""
    read = [reader.read(text) for text in data.texts]
    outside = OUTSIDE[data.meaning]
    silent = np.array([one.asked in ("outside", "unknown") for one in read])
    right = np.array([a.meaning() == b.meaning() for a, b in zip(read, data.intents, strict=True)])
    return {"inside_right": float(right[~outside].mean()), "inside_refused": float(silent[~outside].mean()),
            "outside_answered": float((~silent[outside]).mean())}
