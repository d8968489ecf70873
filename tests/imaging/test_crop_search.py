"""The box search against maps worked by hand, and against a plain-loop transcription of the published rule."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.geometry import Box
from fineview.imaging.crop_search import blocks, search, stitch
from fineview.imaging.high_pass import block_mean, detail_mask, high_pass


def test_golden_worked_by_hand() -> None:
    """A 6 x 6 map over 600 x 600 px, base 200: cells of 100 px, so ratios 1, 1.2, 1.4 take 2 x 2 cells, 1.6 and 1.8
    take 3 x 3, and 2 takes 4 x 4.

    The map is 0 but for 4, 4, 4, 4 at rows 1-2, columns 3-4.  2 x 2: the best window is (1, 3), sum 16; each of its
    four neighbours holds two of the four cells, 8: sharpness (16 - 8) / 4 = 2.  3 x 3: the best sum is 16, reached
    first in the order of columns at column 2, row 0; neighbours: left (0, 1) holds column 3 only, 8; right (0, 3) 16;
    below (1, 2) 16: mean 40/3, sharpness (16 - 40/3) / 9 = 0.296.  4 x 4: first at column 1, row 0; left (0, 0)
    holds column 3 only, 8; right (0, 2) 16; below (1, 1) 16: the same mean, sharpness 2.667 / 16 = 0.167.  So ratio
    1 wins: centre x 3 * 100 + 100 = 400, y 1 * 100 + 100 = 200; box 300..500 x 100..300.
    """
    cells = np.zeros((6, 6))
    cells[1:3, 3:5] = 4
    assert search(cells, 600, 600, 200) == Box(300, 100, 200, 200)


def test_a_wide_object_takes_a_wider_window_by_hand() -> None:
    """One ring of 3 x 3 ones, base 200: 2 x 2 best sum 4, all neighbours inside the ring or half out.

    Object at rows 2-4, columns 2-4.  2 x 2: first best at (2, 2), sum 4; left (2, 1): 2; right (2, 3): 4; up (1, 2): 2;
    down (3, 2): 4; mean 3, sharpness 1/4.  3 x 3: sum 9 at (2, 2), neighbours 6 each: 3/9 = 1/3.  4 x 4 (ratio 2): sum
    9 first at column 1, row 1; left (1, 0): 6, right (1, 2): 9, up 6, down 9; mean 7.5: 1.5/16.  Ratio 1.6 wins:
    window 320 px, centre 2 * 100 + 150 = 350: 190..510.
    """
    cells = np.zeros((6, 6))
    cells[2:5, 2:5] = 1
    assert search(cells, 600, 600, 200) == Box(190, 190, 320, 320)


def test_the_box_is_moved_inside_the_picture() -> None:
    cells = np.zeros((6, 6))
    cells[0, 0] = 1
    # 2 x 2 at (0, 0): sum 1, right and below 0: sharpness 1/4.  Centre (100, 100): 0..200.
    assert search(cells, 600, 600, 200) == Box(0, 0, 200, 200)
    cells = np.zeros((6, 6))
    cells[5, 5] = 1
    assert search(cells, 600, 600, 200) == Box(400, 400, 200, 200)


def test_a_small_picture_is_taken_whole() -> None:
    assert search(np.eye(24), 300, 336, 336) == Box(0, 0, 336, 300)


def published(att: np.ndarray, width: int, height: int, base: int) -> tuple[float, float, float, float]:
    """The published rule, written down as it is described, with loops."""
    h, w = att.shape
    bx, by = width / w, height / h
    kept = []
    for ratio in (1, 1.2, 1.4, 1.6, 1.8, 2):
        nx, ny = min(int(base * ratio / bx), w), min(int(base * ratio / by), h)
        if w - nx < 1 and h - ny < 1:
            if ratio == 1:
                return 0, 0, width, height
            continue
        table, top, at = {}, -np.inf, (0, 0)
        for x in range(w - nx + 1):
            for y in range(h - ny + 1):
                table[x, y] = att[y:y + ny, x:x + nx].sum()
                if table[x, y] > top:
                    top, at = table[x, y], (x, y)
        x, y = at
        near = [table[p] for p in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)) if p in table]
        kept.append(((top - np.mean(near)) / (nx * ny), ratio, at, (nx, ny)))
    _, ratio, (x, y), (nx, ny) = kept[int(np.argmax([k[0] for k in kept]))]
    half = base * ratio // 2
    cx, cy = int(x * bx + bx * nx / 2), int(y * by + by * ny / 2)
    cx = half if cx < half else cx
    cy = half if cy < half else cy
    cx = width - half if cx > width - half else cx
    cy = height - half if cy > height - half else cy
    return max(0, cx - half), max(0, cy - half), min(width, cx + half), min(height, cy + half)


def test_two_hundred_random_maps_agree_with_the_published_rule() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        grid, base = ((24, 24), 336) if rng.random() < 0.5 else ((16, 16), 224)
        rows, cols = (int(v) for v in rng.integers(120, 3000, 2))
        # Whole numbers, so that two ways to add them up cannot differ and ties are ties.
        att = rng.integers(0, 9, grid).astype(float)
        box = search(att, rows, cols, base)
        assert (box.x, box.y, box.x + box.w, box.y + box.h) == published(att, cols, rows, base)


def test_very_tall_pictures_have_blocks_and_a_box() -> None:
    """9000 x 500: 9 blocks down, int(9 * 500 / 9000) = 0 across in the published code; one here."""
    found, shape = blocks(9000, 500)
    assert shape == (9, 1) and found[0] == Box(0, 0, 500, 1000) and found[-1] == Box(0, 8000, 500, 1000)
    # Without blocks a cell is 417 px high, more than the window: no cell at all in the published code.  One cell here,
    # row 20, 16 columns wide from column 0 on: centre (166, 8541), moved right to 168.
    att = np.zeros((24, 24))
    att[20, 12] = 1
    assert search(att, 10000, 500, 336) == Box(0, 8373, 336, 336)


def test_blocks_cover_the_picture_once() -> None:
    found, shape = blocks(2848, 4288)
    assert shape == (3, 4) and len(found) == 12
    covered = np.zeros((2848, 4288), np.uint8)
    for box in found:
        covered[int(box.y): int(box.y + box.h), int(box.x): int(box.x + box.w)] += 1
    assert (covered == 1).all()
    maps = [np.full((2, 2), float(number), np.float32) for number in range(12)]
    whole = stitch(maps, shape)
    assert whole.shape == (6, 8) and whole[0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3] and whole[5, 7] == 11


def test_not_a_number_is_no_evidence() -> None:
    cells = np.zeros((6, 6))
    cells[1:3, 3:5] = 4
    cells[5, 0] = np.nan
    assert search(cells, 600, 600, 200) == Box(300, 100, 200, 200)


def test_an_empty_map_is_refused() -> None:
    with pytest.raises(ValueError, match="map"):
        search(np.zeros((0, 3)), 10, 10, 336)


def test_high_pass_by_hand() -> None:
    """A checkerboard: with k = exp(-1 / 1.28), the blur keeps line[1]^2 + 4 line[0]^2 of a pixel and its diagonals."""
    checker = (np.indices((22, 22)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    k = np.exp(-1 / 1.28)
    line = np.array([k, 1, k]) / (1 + 2 * k)
    kept = line[1] ** 2 + 4 * line[0] ** 2
    assert np.allclose(high_pass(checker)[5:-5, 5:-5], (1 - kept) * np.sqrt(3), atol=1e-5)
    rgb = np.zeros((22, 44, 3), np.uint8)
    rgb[:, 22:] = checker
    mask = detail_mask(rgb)
    assert not mask[:, :18].any() and mask[:, 26:].all()


def test_a_lone_bright_pixel_is_noise() -> None:
    """At most 9 of the 49 pixels under a median differ from 0."""
    rgb = np.zeros((15, 15, 3), np.uint8)
    rgb[7, 7] = 255
    assert not high_pass(rgb).any() and not detail_mask(rgb).any()


def test_block_means() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert block_mean(values, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
