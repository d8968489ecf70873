"""Each word of a question or an answer can show its own map.

Two sources: a language model gives every word it says the attention row that said it (``Answerer`` streams them); the
embedded encoder gives every word that it knows its own text row.  A word the model does not know has no map, and
the reason is a sentence, never a map of something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import HeatMap, Method, ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.core.study import FrameKey
from fineview.imaging.cells import on_source
from fineview.services.analyse import FrameRequest
from fineview.services.encodings import Encodings
from fineview.services.ports import Engine, TokenPort

UNKNOWN_WORD = "no map: word unknown to this model"
NOT_SAID = "no map: not a word that this model said"
_WORD = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class WordSpan:
    """One word of a text, ``text[start:end]``.  ``reason`` is "" where a map can be shown, else why there is none."""

    word: str
    start: int
    end: int
    reason: str = ""

    @property
    def has_map(self) -> bool:
        return not self.reason


def words_of(text: str) -> tuple[WordSpan, ...]:
    """The words of a text with their places, punctuation left out."""
    return tuple(WordSpan(found.group(), found.start(), found.end()) for found in _WORD.finditer(text))


def embedded_words(text: str, engine: Engine) -> tuple[WordSpan, ...]:
    """Which words of a question or answer the encoder has a text row for.  Cheap: nothing is computed."""
    return tuple(span if engine.knows(span.word) else replace(span, reason=UNKNOWN_WORD) for span in words_of(text))


def embedded_map(span: WordSpan, request: FrameRequest, engine: Engine, encodings: Encodings, token: TokenPort
                 ) -> WordMap | None:
    """The text row of one word on the frame's source grid; None where the encoder does not know the word.

    The frame is encoded once, so the second word costs one row.  Raises ``Cancelled`` and what the engine raises.
    """
    if not engine.knows(span.word):
        return None
    encoding = encodings.encode(engine, request.raster, token)
    token.raise_if_cancelled()
    values = engine.raw_map(encoding, span.word)
    return WordMap(span.word, span.start, span.end, values, Box(0, 0, request.raster.cols, request.raster.rows),
                   engine.layer(Method.RAW), engine.normalisation)


def spoken_words(text: str, maps: Sequence[WordMap]) -> tuple[tuple[WordSpan, WordMap | None], ...]:
    """The words of an answer with the maps that a language model gave while saying them.

    A word is matched by its place, so that the same word said twice keeps both maps.
    """
    found: list[tuple[WordSpan, WordMap | None]] = []
    for span in words_of(text):
        made = next((one for one in maps if one.start < span.end and span.start < one.end), None)
        found.append((span if made is not None else replace(span, reason=NOT_SAID), made))
    return tuple(found)


def source_values(word_map: WordMap, rows: int, cols: int) -> NDArray[np.float32]:
    """The map on the source grid, float32 (rows, cols), 0 where the model saw nothing."""
    box = word_map.box
    if word_map.cells.shape == (rows, cols) and (box.x, box.y, box.w, box.h) == (0, 0, cols, rows):
        return word_map.cells
    return on_source(word_map.cells, box, rows, cols)


def as_heat(word_map: WordMap, frame: FrameKey, rows: int, cols: int, model: ModelIdentity) -> HeatMap:
    """A heat map like any other, with its word, layer and model named."""
    stride = (word_map.box.h / word_map.cells.shape[0], word_map.box.w / word_map.cells.shape[1])
    return HeatMap(frame, Method.RAW, word_map.layer, word_map.word, source_values(word_map, rows, cols), model,
                   word_map.normalisation, stride)
