"""ViCrop's maps against its formulas run on eager models, its crop where a picture is cropped or cut in blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fineview.core.errors import Cancelled
from fineview.core.evidence import Method
from fineview.core.geometry import Box
from fineview.imaging.crop_search import search
from fineview.imaging.dar import EdgeMask
from fineview.models.attention.vicrop import GENERAL, pure_gradient, relative_attention
from fineview.models.language.looking import Look, crop_box, inline_look, look, method_cells
from fineview.models.language.reader import InlineGain, Reading, Row
from fineview.models.language.sight import Sight
from tests.models import tiny_readers as tiny
from tests.models.test_readers import FAMILIES, LAYER, QUESTION, Eager, reader_of


def quiet() -> None:
    pass


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Eager]:
    return reader_of(request.param), Eager(request.param)


def eager_map(eager: Eager, prompt: str) -> np.ndarray:
    inputs = eager.inputs(prompt)
    with torch.no_grad():
        _, attention, cross = eager.run(inputs)
    return eager.map(attention[0, :, -1, eager.columns(inputs)], cross)


def eager_slope(eager: Eager, prompt: str) -> np.ndarray:
    inputs = eager.inputs(prompt)
    pixels = inputs["pixel_values"].requires_grad_()
    logits = eager.run(inputs)[0]
    loss = -torch.nn.functional.cross_entropy(logits[-1:], logits[-1:].argmax(1))
    return torch.autograd.grad(loss, pixels)[0][0].numpy()


def test_relative_attention_equals_two_eager_forwards(pair: tuple[Any, Eager]) -> None:
    reader, eager = pair
    truth = eager_map(eager, reader.prompt(QUESTION)) / eager_map(eager, reader.prompt(GENERAL))
    found = method_cells(reader, Method.REL_ATT, tiny.picture(), QUESTION, quiet, LAYER)
    assert np.abs(found - truth).max() < 1e-5 * max(1.0, truth.max()) and truth.std() > 1e-3


def test_gradient_attention_is_the_reader_s_own(pair: tuple[Any, Eager]) -> None:
    reader, _ = pair
    found = method_cells(reader, Method.GRAD_ATT, tiny.picture(), QUESTION, quiet, LAYER)
    # Equal to eager in test_readers; here that no general prompt divides it.
    assert np.array_equal(found, reader.gradient_row(Reading((tiny.picture(),), reader.prompt(QUESTION), LAYER)).cells)


def published_high_pass(picture: np.ndarray) -> np.ndarray:
    """Bilinear to the model's size, minus 3 x 3 Gaussian (sigma 0.8, reflected), length over colours, 7 x 7 median."""
    small = np.asarray(Image.fromarray(picture).resize((56, 56), Image.Resampling.BILINEAR)) / 255.0
    kernel = np.exp(-np.array([1.0, 0.0, 1.0]) / 1.28)
    kernel /= kernel.sum()
    framed = np.pad(small, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    low = sum(kernel[y] * kernel[x] * framed[y: y + 56, x: x + 56] for y in range(3) for x in range(3))
    size = np.sqrt(((small - low) ** 2).sum(2))
    framed = np.pad(size, 3, mode="symmetric")
    return np.median([framed[y: y + 56, x: x + 56] for y in range(7) for x in range(7)], axis=0)


def test_pure_gradient_equals_the_published_steps(pair: tuple[Any, Eager], monkeypatch: pytest.MonkeyPatch) -> None:
    reader, eager = pair
    square = tiny.picture(100, 100)
    monkeypatch.setattr(tiny, "picture", lambda *_, **__: square)  # square: crop, stretch and published agree
    sizes = [np.linalg.norm(eager_slope(eager, reader.prompt(text)), axis=0) for text in (QUESTION, GENERAL)]
    high = published_high_pass(square)
    truth = (sizes[0] / sizes[1] * (high > np.median(high))).reshape(4, 14, 4, 14).mean((1, 3))
    found = method_cells(reader, Method.PURE_GRAD, square, QUESTION, quiet)
    assert truth.max() > 0 and np.allclose(found, truth, rtol=2e-3, atol=1e-4)


def test_nothing_over_nothing_is_nothing() -> None:
    zero = np.zeros((2, 2), np.float32)
    assert not relative_attention(zero, zero).any()
    assert not pure_gradient(np.zeros((3, 14, 14), np.float32), np.zeros((3, 14, 14), np.float32),
                             np.zeros((14, 14, 3), np.uint8), 14).any()


@dataclass
class Brightness:
    """Not a model: a reader whose attention is how bright each patch of what it sees is, to test where maps land."""

    sight: Sight
    grid: tuple[int, int] = (4, 4)
    family: str = "brightness"
    layer: int = 0
    layers: int = 1
    base_px: int = 56
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    gains: list[InlineGain | None] = field(default_factory=list)

    def prompt(self, question: str, pictures: int = 1) -> str:
        return question

    def row(self, reading: Reading) -> Row:
        self.shapes.append(reading.pictures[0].shape)
        self.gains.append(reading.gain)
        drawn = self.sight.draw(reading.pictures[0]).mean(2).reshape(4, 14, 4, 14).mean((1, 3))
        return Row(drawn.reshape(1, 16).astype(np.float32), None, self.grid, 0)


def spot(rows: int, cols: int, y: int, x: int, side: int = 40) -> np.ndarray:
    rgb = np.zeros((rows, cols, 3), np.uint8)
    rgb[y - side // 2: y + side // 2, x - side // 2: x + side // 2] = 255
    return rgb


@pytest.mark.parametrize("crop", [True, False])
def test_the_crop_holds_what_the_map_points_at(crop: bool) -> None:
    """On a wide picture the map of a centre crop covers the middle only; taken for the whole it would point aside."""
    reader = Brightness(Sight.read(tiny.preprocessor(crop), 56))
    rgb = spot(300, 900, 112, 560)  # inside one cell of 75 px, whichever way it is seen
    seen = look(reader, Method.RAW, rgb, "", quiet)  # type: ignore[arg-type]
    assert seen.box == (Box(300, 0, 300, 300) if crop else Box(0, 0, 900, 300))
    box = crop_box(seen, 300, 900, reader.base_px)
    assert box.x <= 560 <= box.x + box.w and box.y <= 112 <= box.y + box.h and box.w <= 113


@pytest.mark.parametrize("crop", [True, False])
def test_large_pictures_are_read_in_blocks_and_stitched(crop: bool) -> None:
    reader = Brightness(Sight.read(tiny.preprocessor(crop), 56))
    rgb = spot(1500, 2300, 1200, 1900, 120)
    seen = look(reader, Method.RAW, rgb, "", quiet)  # type: ignore[arg-type]
    # 2 blocks down, int(2 * 2300 / 1500) = 3 across, of 750 x 767.
    assert len(reader.shapes) == 6 and reader.shapes[0] == (750, 767, 3)
    assert seen.cells.shape == (8, 12) and seen.box == Box(0, 0, 2300, 1500)
    y, x = np.unravel_index(int(seen.cells.argmax()), seen.cells.shape)
    assert abs((y + .5) * 1500 / 8 - 1200) <= 95 and abs((x + .5) * 2300 / 12 - 1900) <= 97
    box = crop_box(seen, 1500, 2300, 336)
    assert box == search(seen.cells, 1500, 2300, 336) and box.x <= 1900 <= box.x + box.w


def test_very_tall_pictures_are_read_too() -> None:
    reader = Brightness(Sight.read(tiny.preprocessor(False), 56))
    seen = look(reader, Method.RAW, spot(5000, 300, 4100, 150, 100), "", quiet)  # type: ignore[arg-type]
    assert len(reader.shapes) == 5 and seen.cells.shape == (20, 4)
    box = crop_box(seen, 5000, 300, 224)
    assert box.y <= 4100 <= box.y + box.h


def test_a_block_s_map_lies_where_the_block_was_seen() -> None:
    """Blocks of 750 x 300, of which a centre crop sees rows 225 to 525: row 250 of the second block is in its second
    row of cells (187 to 375), though in the first of what was seen."""
    reader = Brightness(Sight.read(tiny.preprocessor(True), 56))
    seen = look(reader, Method.RAW, spot(1500, 300, 1000, 188, 40), "", quiet)  # type: ignore[arg-type]
    assert seen.cells.shape == (8, 4) and np.unravel_index(int(seen.cells.argmax()), (8, 4)) == (5, 2)
    assert not seen.cells[[4, 7]][:, :2].any()


def test_a_box_in_the_padding_is_the_whole_picture() -> None:
    cells = np.zeros((4, 4), np.float32)
    cells[0, 0] = 1
    assert crop_box(Look(cells, Box(0, -400, 900, 900)), 100, 900, 56) == Box(0, 0, 900, 100)


def test_inline_gain_lies_where_the_mask_is() -> None:
    reader = Brightness(Sight.read(tiny.preprocessor(True), 56))
    inside = np.zeros((300, 900), np.bool_)
    inside[75:150, 525:600] = True  # the second row of cells, the fourth column, of the middle 300 x 300
    inside[:, :300] = True  # not seen
    inline_look(reader, spot(300, 900, 150, 450), "", EdgeMask(inside, "tophat", 1.0), 2.0, (0,))  # type: ignore[arg-type]
    gain = reader.gains[0]
    assert gain is not None and gain.layers == (0,)
    expected = np.zeros((4, 4))
    expected[1, 3] = np.log(2)
    assert np.allclose(gain.log_gain, expected)


def test_a_cancel_between_the_two_prompts_stops() -> None:
    reader = Brightness(Sight.read(tiny.preprocessor(False), 56))

    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        method_cells(reader, Method.REL_ATT, spot(60, 60, 30, 30), "", cancelled)  # type: ignore[arg-type]
    assert len(reader.shapes) == 1


def test_other_methods_are_no_maps_of_a_reader() -> None:
    with pytest.raises(ValueError, match="no map"):
        method_cells(Brightness(Sight(56)), Method.RANDOM, spot(60, 60, 30, 30), "", quiet)  # type: ignore[arg-type]
