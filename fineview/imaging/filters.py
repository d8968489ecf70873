"""Smoothing, resampling and grey-scale morphology: small pure functions over numpy arrays.

Arrays are ``(H, W)`` or ``(H, W, C)``; points are ``(x, y)`` with pixel centres at whole numbers;
sizes are ``(height, width)`` as in ``array.shape``.  Inputs are never changed.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def gaussian(image: Array, sigma_x: float, sigma_y: float | None = None) -> Array:
    """Gaussian blur with standard deviations in pixels, edges mirrored; ``sigma_y`` defaults to ``sigma_x``."""
    sigma_y = sigma_x if sigma_y is None else sigma_y
    if sigma_x <= 0 and sigma_y <= 0:
        return image.copy()
    size = (2 * round(3 * max(sigma_x, 0.0)) + 1, 2 * round(3 * max(sigma_y, 0.0)) + 1)
    return cv2.GaussianBlur(image, size, sigmaX=max(sigma_x, 1e-6), sigmaY=max(sigma_y, 1e-6),
                            borderType=cv2.BORDER_REFLECT_101)


def median(image: Array, radius: int) -> Array:
    """Median over a square of side ``2 radius + 1``; radii above 2 need ``uint8``."""
    return cv2.medianBlur(image, 2 * radius + 1)


def resize_area(image: Array, size: tuple[int, int]) -> Array:
    """Shrink to ``(height, width)``: each new pixel is the mean of the area it covers."""
    return cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)


def resize_linear(image: Array, size: tuple[int, int]) -> Array:
    """Resample to ``(height, width)`` bilinearly, pixel centres aligned at half-pixel offsets."""
    return cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)


def warp_affine(image: Array, matrix: Array, size: tuple[int, int], *, nearest: bool = False,
                fill: float | tuple[float, ...] = 0.0) -> Array:
    """Resample so that source point ``p`` lands on ``matrix @ (p, 1)``.

    ``matrix`` is (2, 3), source (x, y) to destination (x, y), pixel centres at whole numbers.
    Outside the source the result is ``fill``.  A constant plane stays constant inside.
    """
    value = tuple(float(v) for v in (fill if isinstance(fill, tuple) else (fill,) * 4))
    return cv2.warpAffine(image, np.asarray(matrix, np.float64), (size[1], size[0]),
                          flags=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_CONSTANT, borderValue=value)


def tophat_bright(image: Array, radius: int) -> Array:
    """White top-hat with a disc: what is brighter than its surround and narrower than the disc."""
    return cv2.morphologyEx(image, cv2.MORPH_TOPHAT, _disc(radius))


def tophat_dark(image: Array, radius: int) -> Array:
    """Black top-hat with a disc: what is darker than its surround and narrower than the disc."""
    return cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, _disc(radius))


def line_opening(image: Array, length: int, angles: int = 12) -> Array:
    """Greatest of the openings with straight lines of ``length`` pixels in ``angles`` directions.

    Keeps what is long in any direction (vessels) and removes what is shorter than the line in every
    direction (dots), so ``image - line_opening(image)`` suppresses vessels.
    """
    best = np.zeros_like(image)
    for k in range(angles):
        best = np.maximum(best, cv2.morphologyEx(image, cv2.MORPH_OPEN, _line(length, np.pi * k / angles)))
    return best


def dark_spots(green: Array, radius: int, length: int) -> Array:
    """Dark dots and blots with the vessels suppressed: black top-hat less its oriented line opening.

    ``green`` is (H, W) ``uint8``; the result is ``uint8`` contrast in grey levels.
    """
    hat = tophat_dark(green, radius)
    return np.subtract(hat, np.minimum(hat, line_opening(hat, length)))


def dilate(image: Array, radius: int) -> Array:
    """Greatest value within a disc of ``radius`` pixels."""
    return cv2.dilate(image.astype(np.uint8) if image.dtype == bool else image, _disc(radius))


def erode(image: Array, radius: int) -> Array:
    """Least value within a disc of ``radius`` pixels; the picture's border does not erode."""
    return cv2.erode(image.astype(np.uint8) if image.dtype == bool else image, _disc(radius))


def laplacian(image: Array, sigma: float) -> Array:
    """Laplacian of a Gaussian, ``float32``, positive on dark dots; scale-normalised by ``sigma ** 2``."""
    smooth = gaussian(image.astype(np.float32), sigma)
    return cv2.Laplacian(smooth, cv2.CV_32F, ksize=3) * np.float32(sigma * sigma)


def components(mask: Array) -> tuple[int, Array, Array, Array]:
    """8-connected components: ``(count, labels int32 (H, W), boxes int32 (count, 5), centres (count, 2))``.

    Row 0 is the background; a box is ``x, y, width, height, area``; a centre is ``x, y``.
    """
    if not mask.size:  # OpenCV would crash
        return 1, np.zeros(mask.shape, np.int32), np.zeros((1, 5), np.int32), np.zeros((1, 2))
    count, labels, boxes, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return int(count), labels, boxes, centres


def _disc(radius: int) -> Array:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _line(length: int, angle: float) -> Array:
    half = length // 2
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    dx, dy = round(half * float(np.cos(angle))), round(half * float(np.sin(angle)))
    cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1, 1)
    return kernel
