"""JPEG XL frames (ISO/IEC 18181) by libjxl, where the optional package imagecodecs is installed.

imagecodecs is BSD-3-Clause; the Pillow plugin of the same purpose is GPL-3 and is not used here.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.formats import limits
from fineview.formats.pixel_check import Shape
from fineview.formats.values import integer

SYNTAXES = {"1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
            "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
            "1.2.840.10008.1.2.4.112": "JPEG XL"}
PLUGIN = "imagecodecs"


def is_available() -> bool:
    return importlib.util.find_spec(PLUGIN) is not None


def stored_values(stream: bytes, shape: Shape, dataset: Dataset) -> NDArray[Any]:
    """(H, W) stored values, or (H, W, 3) RGB: the decoder has undone every colour transform.

    Raises ``InputProblem`` ``damaged`` where the stream is none, or is of another size than the header says.
    """
    from imagecodecs import JpegxlError, jpegxl_decode

    try:
        array = np.asarray(jpegxl_decode(stream, numthreads=1))
    except (JpegxlError, ValueError) as error:
        raise limits.damaged("its pixels cannot be decoded (imagecodecs)") from error
    wanted = (shape.rows, shape.cols) + ((shape.samples,) if shape.samples > 1 else ())
    if array.shape != wanted:
        raise limits.damaged(f"its pixels are {array.shape}, its header says {wanted}")
    if shape.samples == 1 and integer(dataset, "PixelRepresentation") == 1:
        return _signed(array, integer(dataset, "BitsStored") or shape.bits)
    return array


def _signed(array: NDArray[Any], bits: int) -> NDArray[Any]:
    """The code stream knows no signs: its values are two's complement of ``bits`` (PS3.5 8.1.1)."""
    wide = array.astype(np.int64)
    return np.where(wide >> (bits - 1) & 1, wide - (1 << bits), wide).astype(f"<i{array.dtype.itemsize}")
