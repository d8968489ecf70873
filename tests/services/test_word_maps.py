"""Maps of single words: places in the text, words a model knows, and cells brought to the source grid by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.evidence import ModelIdentity, WordMap
from fineview.core.geometry import Box, Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameKey
from fineview.imaging.cells import edges, on_source
from fineview.models.predictor import Predictor
from fineview.services.analyse import FrameRequest
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token
from fineview.services.word_maps import (
    NOT_SAID,
    UNKNOWN_WORD,
    as_heat,
    embedded_map,
    embedded_words,
    source_values,
    spoken_words,
    words_of,
)


def made(word: str, start: int, cells: np.ndarray, box: Box) -> WordMap:
    return WordMap(word, start, start + len(word), cells.astype(np.float32), box, "layer 1", "none")


@pytest.fixture(scope="module")
def engine() -> Predictor:
    return Predictor.untrained()


@pytest.fixture
def request_() -> FrameRequest:
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    return FrameRequest(FrameKey("1.2", 0), Raster(picture), Spacing(), "OP")


def test_words_keep_their_places() -> None:
    text = "Hard exudates, cotton-wool (2) here."
    assert [(s.word, text[s.start: s.end]) for s in words_of(text)] == [
        (w, w) for w in ("Hard", "exudates", "cotton-wool", "2", "here")]


def test_a_word_the_model_does_not_know_has_a_reason_and_no_map(engine: Predictor, request_: FrameRequest) -> None:
    spans = embedded_words("Is there a zebra or an exudate?", engine)
    assert {s.word: s.has_map for s in spans} == {
        "Is": False, "there": False, "a": False, "zebra": False, "or": False, "an": False, "exudate": True}
    assert {s.reason for s in spans if not s.has_map} == {UNKNOWN_WORD}
    encodings = Encodings()
    assert embedded_map(spans[3], request_, engine, encodings, Token()) is None and encodings.encoded == 0


def test_known_words_share_one_encoding_and_have_their_own_rows(engine: Predictor, request_: FrameRequest) -> None:
    encodings = Encodings()
    spans = [s for s in embedded_words("drusen or exudate", engine) if s.has_map]
    maps = [embedded_map(span, request_, engine, encodings, Token()) for span in spans]
    assert encodings.encoded == 1 and len(maps) == 2
    first, second = maps
    assert first is not None and second is not None and first.cells.shape == (40, 60)
    assert not np.array_equal(first.cells, second.cells)
    # The text row itself, read straight off the engine.
    direct = engine.raw_map(encodings.encode(engine, request_.raster, Token()), "drusen")
    assert np.array_equal(first.cells, direct) and (first.word, first.start, first.end) == ("drusen", 0, 6)
    assert source_values(first, 40, 60) is first.cells


def test_spoken_words_are_matched_by_place_not_by_spelling() -> None:
    box = Box(0, 0, 4, 4)
    maps = [made("dark", 0, np.zeros((2, 2)), box), made("dark", 5, np.ones((2, 2)), box)]
    found = spoken_words("dark dark spot", maps)
    assert [one.cells[0, 0] if one else None for _, one in found] == [0.0, 1.0, None]
    assert [span.reason for span, _ in found] == ["", "", NOT_SAID]


def test_cells_land_where_the_model_looked() -> None:
    """Two cells of 4 px over columns 2..10 of a 12 px row: worked by hand with corner convention."""
    cells = np.array([[0.0, 1.0]], np.float32)
    drawn = on_source(cells, Box(2, 1, 8, 2), 4, 12)
    # Cell centres at x = 4 and 8; pixel centres 4.5, 5.5, 6.5, 7.5 lie 1/8, 3/8, 5/8, 7/8 of the way.
    row = [0, 0, 0, 0, .125, .375, .625, .875, 1, 1, 0, 0]
    assert np.allclose(drawn, [[0] * 12, row, row, [0] * 12], atol=0.02)
    assert np.array_equal(np.isclose(drawn, 0), np.isclose([[0] * 12, row, row, [0] * 12], 0))


def test_cell_edges_are_clipped_to_the_source() -> None:
    rows, cols = edges(Box(-2, 0, 8, 4), (2, 4), 4, 5)
    assert rows.tolist() == [0, 2, 4] and cols.tolist() == [0, 0, 2, 4, 5]


def test_nan_counts_as_nothing_and_an_empty_box_is_refused() -> None:
    assert np.array_equal(on_source(np.array([[np.nan]], np.float32), Box(0, 0, 2, 2), 2, 2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="cells"):
        on_source(np.ones((1, 1), np.float32), Box(0, 0, 0, 2), 2, 2)


def test_a_word_map_is_a_heat_map_with_word_and_stride() -> None:
    heat = as_heat(made("spot", 5, np.ones((2, 4)), Box(0, 0, 8, 8)), FrameKey("1.2", 3), 8, 8,
                   ModelIdentity("m", "1", "0" * 64))
    assert heat.text == "spot" and heat.stride_px == (4.0, 2.0) and heat.values.shape == (8, 8)
    assert np.allclose(heat.values, 1)
