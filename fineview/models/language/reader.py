"""One attention interface for vision-language models: where does the model look when it reads this prompt?

A request is a frozen value that holds every input; a reading is a frozen value with its grid.  Every family (LLaVA,
BLIP-2 and InstructBLIP, CLIP) fits :class:`Reader` by shape; ViCrop, DAR and the answerer know nothing else.

Rows are those of the query that *predicts* the next word: the last prompt token for the first word (as ViCrop reads
it, arXiv 2502.17422), the word before for each later one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fineview.models.language.sight import Sight


@dataclass(frozen=True, slots=True, eq=False)
class InlineGain:
    """Inline DAR: ``log_gain`` float32 (h, w) on the grid of the first picture, added to the attention logits of those
    patch keys in ``layers`` (of the language model, or of CLIP's vision tower) for every head and query."""

    log_gain: NDArray[np.float32]
    layers: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """``pictures`` (H, W, 3) uint8, the first is the one that is mapped; ``prompt`` the words as the model reads them.

    ``layer``: None takes the family's published one.
    """

    pictures: tuple[NDArray[np.uint8], ...]
    prompt: str
    layer: int | None = None
    gain: InlineGain | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Attention of one query to the first picture.

    ``heads`` float32 (heads, tokens) to its image tokens; ``spread`` float32 (tokens, h * w) how the image tokens
    look at patches in turn (a Q-Former's cross-attention, mean over heads), None where the tokens are the patches.
    """

    heads: NDArray[np.float32]
    spread: NDArray[np.float32] | None
    grid: tuple[int, int]
    layer: int

    @property
    def cells(self) -> NDArray[np.float32]:
        """Mean over heads, on the patch grid: float32 (h, w)."""
        tokens = self.heads.mean(0)
        return np.asarray(tokens if self.spread is None else tokens @ self.spread, np.float32).reshape(self.grid)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One more token of an answer: ``text`` is all of the answer so far, ``row`` where the model looked for it."""

    text: str
    row: Row


@dataclass(frozen=True, slots=True, eq=False)
class Saying:
    """How to answer: ``stop`` is asked before every token, ``on_step`` told after it."""

    max_tokens: int = 64
    stop: Callable[[], bool] = field(default=lambda: False)
    on_step: Callable[[Step], None] = field(default=lambda _: None)


class Reader(Protocol):
    """A vision-language model on one device.

    ``grid`` patches (h, w); ``layer`` the published layer of its maps; ``layers`` how many it has; ``base_px`` the crop
    size of ViCrop; ``inline_layers`` where inline gain bends by default.  Every method raises
    ``RequestProblem`` where the family cannot do it.
    """

    family: str
    sight: Sight
    grid: tuple[int, int]
    layer: int
    layers: int
    base_px: int
    inline_layers: tuple[int, ...]

    def prompt(self, question: str, pictures: int = 1) -> str:
        """The family's prompt for a short answer, with the places of the pictures.  ``question`` cannot add places."""
        ...

    def row(self, reading: Reading) -> Row:
        """The last prompt token's attention to the picture: one forward."""
        ...

    def gradient_row(self, reading: Reading) -> Row:
        """A * ReLU(dv/dA) of that row, v = log max softmax at the last token: one forward and backward."""
        ...

    def pixel_gradient(self, reading: Reading) -> NDArray[np.float32]:
        """dv/dpixels of the first picture's normalised input, float32 (3, side, side)."""
        ...

    def say(self, reading: Reading, saying: Saying) -> str:
        """Answer word by word, greedily; returns the answer so far where ``stop`` said so."""
        ...
