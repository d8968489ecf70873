"""What is painted of a layer that is shown smaller or larger than it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from fineview.gui.viewer.layers import Layer


def painted(layer: Layer, side: int, scale: float) -> np.ndarray:
    """RGB (side, side, 3): the layer over white, ``scale`` screen pixels a source pixel."""
    page = QImage(side, side, QImage.Format.Format_RGB32)
    page.fill(0xFFFFFFFF)
    painter = QPainter(page)
    layer.paint(painter, QTransform.fromScale(scale, scale), scale, scale, crisp=False)
    painter.end()
    return np.frombuffer(page.constBits(), np.uint8).reshape(side, side, 4)[..., 2::-1].copy()


def test_a_fine_pattern_shown_small_becomes_its_mean() -> None:
    """One bright column in four: a quarter of the size must show a quarter of the light, not a moire."""
    grey = np.zeros((64, 64), np.uint8)
    grey[:, ::4] = 200
    layer = Layer()
    layer.set(grey, QRectF(0, 0, 64, 64))
    assert np.abs(painted(layer, 16, 0.25)[2:-2, 2:-2].astype(int) - 50).max() <= 1


def test_what_is_transparent_lends_no_colour_to_its_neighbours() -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[..., 1] = 255  # green everywhere, and nowhere visible
    rgba[:, ::2] = (255, 0, 0, 255)
    layer = Layer()
    layer.set(rgba, QRectF(0, 0, 64, 64))
    mixed = painted(layer, 16, 0.25)[4:-4, 4:-4].astype(int)
    # Half covered by red over white: (255, 127.5, 127.5).
    assert np.abs(mixed - (255, 127, 127)).max() <= 2


def test_a_layer_outlives_the_array_it_was_made_of() -> None:
    layer = Layer()
    for level in (10, 90):
        rgba = np.full((32, 32, 4), level, np.uint8)
        rgba[..., 3] = 255
        layer.set(rgba, QRectF(0, 0, 32, 32))
        rgba[:] = 0
        del rgba
        assert (painted(layer, 32, 1.0) == level).all() and (painted(layer, 8, 0.25)[1:-1, 1:-1] == level).all()
    layer.clear()
    assert layer.empty and (painted(layer, 8, 0.25) == 255).all()
