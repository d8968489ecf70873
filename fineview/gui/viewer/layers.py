"""Picture and overlay as painters: arrays become QImages once, and are drawn over a rectangle of source pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from fineview.imaging.halving import halved
from fineview.services.snapshot import OverlayState

# Above this zoom a clinician wants to see pixels, not a guess of what lies between them.
_CRISP_ZOOM = 6.0


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """uint8 (H, W), (H, W, 3) RGB or (H, W, 4) straight RGBA as a QImage in the raster engine's own format (a copy)."""
    array = np.ascontiguousarray(pixels)
    height, width = array.shape[:2]
    kinds = {2: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
    channels = 1 if array.ndim == 2 else array.shape[2]
    kind = kinds[2 if channels == 1 else channels]
    wrapped = QImage(array.data, width, height, width * channels, kind)
    wanted = QImage.Format.Format_ARGB32_Premultiplied if channels == 4 else QImage.Format.Format_RGB32
    return wrapped.convertToFormat(wanted)


def _engine(pixels: NDArray[np.uint8]) -> QImage:
    """As ``to_qimage``, where four channels are multiplied already; ``pixels`` must outlive the image."""
    if pixels.ndim == 2 or pixels.shape[2] != 4:
        return to_qimage(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)


class Layer:
    """One image over one rectangle of source pixels.  Only the size that is painted becomes a ``QImage``."""

    def __init__(self) -> None:
        self._halves: list[NDArray[np.uint8]] = []
        self._images: dict[int, QImage] = {}
        self.rect = QRectF()
        self.smooth = True

    @property
    def empty(self) -> bool:
        return not self._halves

    def clear(self) -> None:
        self._halves, self._images = [], {}

    def set(self, pixels: NDArray[np.uint8], rect: QRectF, smooth: bool = True) -> None:
        self.clear()
        if pixels.ndim == 3 and pixels.shape[2] == 4:
            # Multiplied by its alpha, so that means are right; the image owns the bytes, and both go together.
            image = self._images[0] = to_qimage(pixels)
            pixels = np.frombuffer(image.constBits(), np.uint8).reshape(pixels.shape)
        self._halves.append(pixels)
        self.rect, self.smooth = rect, smooth

    def paint(self, painter: QPainter, matrix: QTransform, column_px: float, row_px: float, crisp: bool) -> None:
        """Draw under ``matrix`` (source to widget); ``crisp``: show single pixels when they are large."""
        if self.empty:
            return
        rows, cols = self._halves[0].shape[:2]
        cell_x = column_px * self.rect.width() / cols
        cell_y = row_px * self.rect.height() / rows
        smooth = self.smooth and not (crisp and max(cell_x, cell_y) >= _CRISP_ZOOM)
        painter.save()
        painter.setTransform(matrix)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        image = self._reduced(max(cell_x, cell_y) * painter.device().devicePixelRatioF())
        painter.drawImage(self.rect, image, QRectF(image.rect()))
        painter.restore()

    def _reduced(self, scale: float) -> QImage:
        """The picture halved as often as it is shown smaller: bilinear sampling alone would skip pixels."""
        level = 0
        while scale <= 0.5 and min(self._halves[level].shape[:2]) > 2:
            scale *= 2
            level += 1
            if level == len(self._halves):
                self._halves.append(halved(self._halves[-1]))
        if level not in self._images:
            self._images[level] = _engine(self._halves[level])
        return self._images[level]


def set_overlay(layer: Layer, overlay: OverlayState | None) -> None:
    """Put an overlay in its place; ``rect`` is in source pixels and may reach a little beyond the picture."""
    if overlay is None:
        layer.clear()
        return
    box = overlay.rect
    layer.set(overlay.rgba, QRectF(box.x, box.y, box.w, box.h), overlay.smooth)
