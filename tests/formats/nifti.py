"""A reader of NIfTI-1 of its own, by the published layout of its 348-byte header: the other way to the same voxels."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

_KINDS = {16: np.dtype("<f4"), 512: np.dtype("<u2"), 4: np.dtype("<i2"), 2304: np.dtype("4u1")}


def read_nifti(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Voxels [i, j, k] or [i, j, k, channel], and the 4 x 4 matrix from (i, j, k, 1) to DICOM's patient coordinates.

    NIfTI counts x to the right and y to the front; DICOM to the left and to the back: both change sign.
    """
    data = gzip.decompress(path.read_bytes())
    size = struct.unpack_from("<8h", data, 40)
    (kind,), (start,) = struct.unpack_from("<h", data, 70), struct.unpack_from("<f", data, 108)
    slope, inter = struct.unpack_from("<2f", data, 112)
    (sform,) = struct.unpack_from("<h", data, 254)
    assert sform > 0 and (slope, inter) in ((1.0, 0.0), (0.0, 0.0)) and data[344:347] == b"n+1"
    matrix = np.vstack([np.array(struct.unpack_from("<12f", data, 280)).reshape(3, 4), (0, 0, 0, 1)])
    columns, rows, frames = size[1:4]
    stored = _KINDS[kind]
    count = columns * rows * frames * (4 if stored.subdtype else 1)
    values = np.frombuffer(data, stored.base, count, int(start))
    shape = (frames, rows, columns, 4) if stored.subdtype else (frames, rows, columns)
    voxels = np.moveaxis(values.reshape(shape), (0, 2), (2, 0))  # the first index varies fastest
    return voxels, np.diag((-1.0, -1.0, 1.0, 1.0)) @ matrix
