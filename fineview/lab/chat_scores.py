"""What the decoder by itself makes of regions: its own verdicts and labels, their temperature, and its reading.

In the product verdicts are not the decoder's (decision "What the chat's decoder decides"); these figures are why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fineview.core.labels import WORDS
from fineview.lab.chat_batches import Lessons
from fineview.lab.chat_sightings import Sightings
from fineview.lab.chat_words import Spoken, Words
from fineview.lab.question_grammar import read_grammar
from fineview.lab.temperature import least_loss_temperature
from fineview.models.language.small_decoder import ChatTokens, SmallDecoder

Array = npt.NDArray[Any]
AT_ONCE, CASES = 64, 1200


def reached(model: SmallDecoder, tokens: ChatTokens, apart: Mapping[str, Sightings], seed: int = 1) -> dict[str, Any]:
    """Temperature of the verdicts, and accuracy of presence (yes or no, balanced) and of naming, on pictures apart."""
    if not apart:
        return {"temperature": 1.0}
    lessons = Lessons(apart, Words(read_grammar()), tokens, seed)
    rng = np.random.default_rng([seed, 86])
    cases = [one for one in (lessons.verdict_lesson(rng) for _ in range(CASES)) if one[1].plan.verdict != "unsure"]
    logits = verdict_logits(model, tokens, lessons, cases)
    wanted = choices(tokens, cases)
    truth = torch.tensor([tokens.number(f"<verdict {one.plan.verdict}>") for _, one, _ in cases])
    temperature = fitted(logits, wanted, truth)
    best = logits.masked_fill(~wanted, -torch.inf).argmax(1)
    right = (best == truth).numpy()
    naming = np.array([one.plan.asked == "what" for _, one, _ in cases])
    return {"temperature": temperature, "apart": {
        "pictures": len(apart), "presence_right": _mean(right[~naming]), "presence_n": int((~naming).sum()),
        "named_right": _mean(right[naming]), "named_n": int(naming.sum())}}


def _mean(hits: Array) -> float | None:
    return float(hits.mean()) if len(hits) else None


@torch.inference_mode()
def verdict_logits(model: SmallDecoder, tokens: ChatTokens, lessons: Lessons,
                   cases: Sequence[tuple[tuple[str, int], Spoken, bool]]) -> Tensor:
    """(n, vocabulary) where the verdict is told, kind and slot given."""
    model.eval()
    found = []
    for part in _parts(cases):
        batch = lessons.made(part)
        logits = model(batch.tokens, batch.place, batch.ids)
        found.append(logits[torch.arange(len(part)), batch.verdict])
    return torch.cat(found)


def _parts(cases: Sequence[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(cases), AT_ONCE):
        yield list(cases[first: first + AT_ONCE])


def choices(tokens: ChatTokens, cases: Sequence[tuple[tuple[str, int], Spoken, bool]]) -> Tensor:
    """(n, vocabulary) bool: yes and no where presence is asked, the labels where a name is."""
    made = torch.zeros(len(cases), len(tokens), dtype=torch.bool)
    for row, (_, one, _) in enumerate(cases):
        for word in WORDS if one.plan.asked == "what" else ("yes", "no"):
            made[row, tokens.number(f"<verdict {word}>")] = True
    return made


def fitted(logits: Tensor, wanted: Tensor, truth: Tensor) -> float:
    """The temperature of least log loss among the wanted verdicts."""
    return round(least_loss_temperature(logits.masked_fill(~wanted, -1e4), truth, 6, 50), 4)
