"""A reader answers a question about a picture: [full, crop] as in ViCrop, words streamed with their maps.

The crop is the region the person drew, or else the one that rel-att points at (arXiv 2502.17422).  Pixels come from the
raster that is handed in.  The prompt holds the family's own words and the question, cleaned of special tokens, and
nothing else: no header, no file name, no earlier answer.  A language model has no calibration here: its answers carry
no verdict, no label, no value and no confidence, and lengths it claims are left out, since it cannot measure.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import CLOSER_LOOK, NOT_EVALUATED, Answer, Answered, Citation, Question
from fineview.core.errors import Cancelled
from fineview.core.evidence import Method, ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.models.language.looking import crop_box, look
from fineview.models.language.memory_told import memory_told
from fineview.models.language.reader import Reader, Reading, Row, Saying, Step

NORMALISATION = "attention of the word to a patch times the patches, eight times the fair share is 1"
FAIR_SHARES = 8.0
NO_LENGTH = "A length was left out: this model cannot measure."
_NUMBER = r"[\d.,]*\d"
_UNIT = r"(mm|cm|um|µm|μm|nm|microns?|micromet\w+|millimet\w+|centimet\w+|inch\w*)([²³2]|\^2)?(?!\w)"
_LENGTH = re.compile(rf"{_NUMBER}\s*(x\s*{_NUMBER}\s*)*{_UNIT}", re.IGNORECASE)
# While words stream: a number at the end, which may become a length with the next one.
_MAYBE_LENGTH = re.compile(rf"{_NUMBER}\s*(x\s*)?[^\s\d]*$")
LEFT_OUT = "[not measured]"
_CITED_WORDS = 12
OnWords = Callable[[str, tuple[WordMap, ...]], None]
OnCrop = Callable[[Box], None]


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...
    def report(self, done: float, total: float, words: str = "") -> None: ...


class VisionAnswerer:
    """Fits ``services.ports.Answerer``."""

    def __init__(self, reader: Reader, identity: ModelIdentity, max_tokens: int = 64) -> None:
        self._reader, self._identity, self._max_tokens = reader, identity, max_tokens

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    def answer(self, question: Question, rgb: NDArray[np.uint8], region: Box | None, token: Token,
               on_words: OnWords, on_crop: OnCrop | None = None) -> Answered:
        """See ``services.ports.Answerer``.  ``region`` is clipped to the picture and may not be empty then."""
        with memory_told():
            return self._answer(question, rgb, region, token, on_words, on_crop)

    def _answer(self, question: Question, rgb: NDArray[np.uint8], region: Box | None, token: Token,
                on_words: OnWords, on_crop: OnCrop | None) -> Answered:
        began = time.perf_counter()
        rows, cols = rgb.shape[:2]
        token.report(0, 0, "looking for the place the question is about" if region is None else "looking at the region")
        crop = self._crop(question.text, rgb, token) if region is None else _whole_pixels(region, rows, cols)
        if region is None and on_crop is not None:
            on_crop(crop)
        token.report(0, 0, "answering")
        pictures = (rgb,) if (crop.w, crop.h) == (cols, rows) else (rgb, _cut(rgb, crop))
        reading = Reading(pictures, self._reader.prompt(question.text, len(pictures)))
        heard = _Heard(self._reader, rows, cols, on_words)
        self._reader.say(reading, Saying(self._max_tokens, lambda: _cancelled(token), heard.step))
        token.raise_if_cancelled()
        said, words = without_lengths(heard.text, heard.words)
        made = self._worded(question, said, words, heard.text != said, (rows, cols))
        where = Citation("region", crop, text=CLOSER_LOOK if region is None else "region")
        cited = (where, *made.citations)
        return Answered(replace(made, citations=cited, seconds=time.perf_counter() - began), words)

    def _crop(self, text: str, rgb: NDArray[np.uint8], token: Token) -> Box:
        seen = look(self._reader, Method.REL_ATT, rgb, text, token.raise_if_cancelled)
        return crop_box(seen, *rgb.shape[:2], self._reader.base_px)

    def _worded(self, question: Question, said: str, heard: tuple[WordMap, ...], removed: bool, shape: tuple[int, int]
                ) -> Answer:
        """The first words of the answer's text are ``said``, so that the places of words hold there too."""
        who = f"Suggested by {self._identity.short}, not reviewed. {NOT_EVALUATED}"
        parts = [said or "The model said nothing.", NO_LENGTH if removed else "", who, self._reader.sight.words(*shape)]
        seen = self._reader.sight.seen(*shape).clipped(*shape)
        words = {one.word: Citation("map", seen, text=one.word) for one in heard}
        return Answer(question, " ".join(part for part in parts if part), abstained=not said,
                      reason=None if said else "the model gave no words.", model=self._identity,
                      citations=tuple(words.values())[:_CITED_WORDS])


class _Heard:
    """What was said so far: text, and a map for each piece of it."""

    def __init__(self, reader: Reader, rows: int, cols: int, on_words: OnWords) -> None:
        self._box, self._on_words = reader.sight.seen(rows, cols), on_words
        self._patches = reader.grid[0] * reader.grid[1]
        self._layer = f"language layer {{}} of {reader.family}"
        self.text = ""
        self.words: tuple[WordMap, ...] = ()

    def step(self, step: Step) -> None:
        text = printable(step.text)
        kept = 0
        while kept < min(len(text), len(self.text)) and text[kept] == self.text[kept]:
            kept += 1  # a byte-wise tokenizer may still change its last letter
        piece = text[kept:]
        if piece.strip():
            start = kept + len(piece) - len(piece.lstrip())
            made = WordMap(piece.strip(), start, start + len(piece.strip()), self._cells(step.row), self._box,
                           self._layer.format(step.row.layer), NORMALISATION)
            self.words = (*(one for one in self.words if one.end <= kept), made)
        self.text = text
        sure = text[: found.start()] if (found := _MAYBE_LENGTH.search(text)) else text
        self._on_words(*without_lengths(sure, tuple(one for one in self.words if one.end <= len(sure))))

    def _cells(self, row: Row) -> NDArray[np.float32]:
        return np.clip(row.cells * (self._patches / FAIR_SHARES), 0, 1).astype(np.float32)


def without_lengths(text: str, words: tuple[WordMap, ...] = ()) -> tuple[str, tuple[WordMap, ...]]:
    """The text with every number that has a unit of length left out, and the words that stay, at their new places."""
    for found in reversed(list(_LENGTH.finditer(text))):
        start, end = found.span()
        moved = len(LEFT_OUT) - (end - start)
        text = text[:start] + LEFT_OUT + text[end:]
        words = tuple(one if one.end <= start else replace(one, start=one.start + moved, end=one.end + moved)
                      for one in words if one.end <= start or one.start >= end)
    return text, words


def printable(text: str) -> str:
    """No control characters: an answer is shown in a window and on terminals.  Length is kept."""
    return "".join(one if one.isprintable() else " " for one in text)


def _cancelled(token: Token) -> bool:
    try:
        token.raise_if_cancelled()
    except Cancelled:
        return True
    return False


def _whole_pixels(region: Box, rows: int, cols: int) -> Box:
    """The pixels a region touches, at least one."""
    inside = region.clipped(rows, cols)
    left, top = min(int(inside.x), cols - 1), min(int(inside.y), rows - 1)
    right, bottom = max(left + 1, -int(-(inside.x + inside.w) // 1)), max(top + 1, -int(-(inside.y + inside.h) // 1))
    return Box(left, top, min(right, cols) - left, min(bottom, rows) - top)


def _cut(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    top, left = int(box.y), int(box.x)
    return np.ascontiguousarray(rgb[top: top + int(box.h), left: left + int(box.w)])
