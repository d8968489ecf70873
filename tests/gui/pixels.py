"""What a widget really looks like: its pixels, and contrasts between them (WCAG 2.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget


def pixels_of(widget: QWidget) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) as on screen, in device pixels."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def luminance(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of sRGB colours (..., 3)."""
    share = colours / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    a, b = luminance(one), luminance(other)
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05))


def ground_of(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colour that covers most of it."""
    colours, counts = np.unique(part.reshape(-1, 3), axis=0, return_counts=True)
    return np.asarray(colours[counts.argmax()])


def ink_contrast(part: NDArray[np.uint8]) -> float:
    """Of the pixels that stand out most from the ground: strokes of letters, where antialiasing leaves them whole."""
    colours = np.unique(part.reshape(-1, 3), axis=0)
    return float(contrast(colours, ground_of(part)).max())
