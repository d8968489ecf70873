"""Maps of a vision-language model as an engine like any other: ``analyze --encoder DIR --question ... --method ...``.

It shows where the model looks for a question (raw, DAR, inline DAR, and ViCrop's three) and says nothing about
lesions, domain or layers.  Scales are fixed per model:

* raw, dar, dar-inline: attention in fair shares (1 / patches) against that to a picture in one colour under the same
  prompt, since language models attend to favourite places even where nothing is; eightfold is 1, a blank frame 0
* rel-att, pure-grad: ratio / (1 + ratio), so that 0.5 is "as for the general prompt"
* grad-att: x / (1 + x) of A * ReLU(dv/dA) in fair shares

Parts of the picture that the model's preprocessing cuts off are 0, and the encoding's notes say so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.evidence import Method, ModelIdentity, ModelsEye
from fineview.core.geometry import Box
from fineview.core.labels import DOMAINS, WORDS
from fineview.imaging.cells import on_source
from fineview.imaging.dar import EdgeMask, redistribute
from fineview.models import against_blank
from fineview.models.attention.vicrop import GENERAL, Cells
from fineview.models.device import Wanted
from fineview.models.language.load import load_reader
from fineview.models.language.looking import VICROP, Look, inline_look, look, method_cells
from fineview.models.language.memory_told import memory_told
from fineview.models.language.reader import Reader


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture waiting for questions; ``known`` keeps the plain map of each question asked so far."""

    rgb: NDArray[np.uint8]
    notes: tuple[str, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    known: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        return self.rgb.nbytes + sum(one.nbytes for one in self.known.values())


class ReaderEngine:
    """Fits ``services.ports.Engine``.  One request at a time: rows are captured for the whole model."""

    thresholds: Mapping[str, float] = {}
    methods = (Method.RAW, Method.DAR, Method.DAR_INLINE, *VICROP)
    default_text: str | None = GENERAL
    normalisation = "attention in fair shares against a blank picture's, eightfold is 1; fixed per model"

    def __init__(self, reader: Reader, identity: ModelIdentity, device: str = "cpu", dtype: str = "fp32") -> None:
        self._reader, self.device, self.dtype = reader, device, dtype
        self.identity = replace(identity, heads_trained=False)
        self._turn = threading.Lock()

    @classmethod
    def load(cls, path: Path, device: Wanted = "auto") -> ReaderEngine:
        """The engine of a folder.  Raises ``WeightsProblem``, ``DeviceProblem``."""
        made = load_reader(path, device)
        return cls(made.reader, made.identity, made.device, made.dtype)

    def chance(self, label: str, peak: float) -> float:
        """It suggests nothing, so nothing was measured."""
        return peak

    def layer(self, method: Method) -> str:
        if method is Method.PURE_GRAD:
            return "pixels"
        return f"language layer {self._reader.layer} of {self._reader.family}"

    def knows(self, word: str) -> bool:
        """A language model takes any word as a question."""
        return bool(word.strip())

    def encode(self, rgb: NDArray[np.uint8], token: Token | None = None) -> Seen:
        """Keeps the picture: a language model reads picture and question together."""
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
            raise ValueError("a picture of shape (H, W, 3) and type uint8 is needed")
        words = self._reader.sight.words(*rgb.shape[:2])
        return Seen(rgb, (words,) if words else ())

    def eye(self, encoding: Seen) -> ModelsEye:
        """The square the model was given; ``picture`` is where the whole frame would lie on it."""
        side, (rows, cols) = self._reader.sight.side_px, encoding.rgb.shape[:2]
        box = self._reader.sight.seen(rows, cols)
        down, across = side / box.h, side / box.w
        picture = Box(-box.x * across, -box.y * down, cols * across, rows * down).clipped(side, side)
        drawn = self._reader.sight.draw(encoding.rgb)
        return ModelsEye(drawn, picture, (Box(0, 0, side, side),), None,
                         f"{side} x {side} px, {self._reader.grid[0]} x {self._reader.grid[1]} patches")

    # -- maps --------------------------------------------------------------------------------------------------
    def raw_map(self, encoding: Seen, text: str | None = None) -> NDArray[np.float32]:
        """The last prompt token's row, float32 (H, W) in [0, 1] on the source grid; the general prompt for None."""
        asked = text or GENERAL
        with self._turn, memory_told():
            if asked not in encoding.known:
                cells = method_cells(self._reader, Method.RAW, encoding.rgb, asked, _nothing)
                encoding.known[asked] = self._against_blank(encoding, asked, cells)
            return encoding.known[asked]

    def method_map(self, encoding: Seen, method: Method, text: str | None, gain: float, mask: EdgeMask,
                   token: Token | None = None) -> NDArray[np.float32]:
        """Any of :attr:`methods` on the source grid, in [0, 1].

        Raises ``RequestProblem`` ``no-question`` where ViCrop has nothing to compare, ``no-method`` for others.
        """
        check = token.raise_if_cancelled if token is not None else _nothing
        if method is Method.RAW:
            return self.raw_map(encoding, text)
        if method is Method.DAR:
            return redistribute(self.raw_map(encoding, text), mask, gain)
        if method is Method.DAR_INLINE:
            with self._turn, memory_told():
                asked = text or GENERAL
                bent = inline_look(self._reader, encoding.rgb, asked, mask, gain, self._reader.inline_layers)
                check()
                return self._against_blank(encoding, asked, bent.cells)
        if method not in VICROP:
            raise RequestProblem(f"{self.identity.name} has no {method} map.",
                                 f"Choose one of: {', '.join(self.methods)}.", "no-method")
        if text is None:
            raise RequestProblem(f"{method} is about a question.", "Ask a question with it.", "no-question")
        with self._turn, memory_told():
            found = look(self._reader, method, encoding.rgb, text, check)
        cells = found.cells * self._patches if method is Method.GRAD_ATT else found.cells
        return _on_source(Look(cells / (1 + cells), found.box), encoding.rgb)

    @property
    def _patches(self) -> int:
        return self._reader.grid[0] * self._reader.grid[1]

    def _against_blank(self, encoding: Seen, asked: str, cells: Cells) -> NDArray[np.float32]:
        blank = np.empty((self._reader.sight.side_px,) * 2 + (3,), np.uint8)
        blank[:] = against_blank.colour_of(encoding.rgb)
        usual = method_cells(self._reader, Method.RAW, blank, asked, _nothing)
        shares = [torch.from_numpy(one * self._patches) for one in (cells, usual)]
        box = self._reader.sight.seen(*encoding.rgb.shape[:2])
        return _on_source(Look(against_blank.attention(*shares).numpy(), box), encoding.rgb)

    # -- what it does not know ---------------------------------------------------------------------------------
    def domain(self, encoding: Seen) -> Mapping[str, float]:
        """A third each: it was not made to tell them apart."""
        return dict.fromkeys(DOMAINS, 1 / len(DOMAINS))

    def lesion_maps(self, encoding: Seen, words: tuple[str, ...] | None = None) -> dict[str, NDArray[np.float16]]:
        return {}

    def layers(self, encoding: Seen) -> dict[str, NDArray[np.float32]]:
        return {}

    def pyramid(self, encoding: Seen) -> Mapping[int, NDArray[np.float16]]:
        """None: a language model gives no features of its own for the pyramid."""
        return {}

    def region_evidence(self, encoding: Seen, mask: NDArray[np.bool_]) -> dict[str, float]:
        return dict.fromkeys(WORDS, 0.0)

    def strides_px(self, encoding: Seen) -> dict[str, tuple[float, float]]:
        box = self._reader.sight.seen(*encoding.rgb.shape[:2])
        return {"raw": (box.h / self._reader.grid[0], box.w / self._reader.grid[1])}


def _on_source(seen: Look, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.clip(on_source(seen.cells.astype(np.float32), seen.box, *rgb.shape[:2]), 0, 1)


def _nothing() -> None:
    pass
