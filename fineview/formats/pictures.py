"""PNG, JPEG, TIFF and BMP -> records and rasters.  Runs in the reading child.

A picture has no patient, no scale and no side of its own.  Its UIDs come from its content (2.25 and 128 bits of its
sha256, PS3.5 B.2), so that findings find it again after it was copied or renamed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fineview.core.errors import InputProblem, LimitExceeded, RequestProblem
from fineview.core.image import Raster
from fineview.core.study import FrameInfo
from fineview.formats import limits
from fineview.formats.content import content_uid, digest_of
from fineview.formats.laterality import from_name
from fineview.formats.record import FileRecord
from fineview.imaging.modality import to_8bit_rgb

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "MPO")
_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
_TURNED = (5, 6, 7, 8)
_GRAY_BITS = {"1": 8, "L": 8, "LA": 8, "La": 8, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}
# Our own limits speak before Pillow's: theirs warn, ours refuse with numbers.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """As the eye will see the picture: rows and columns after the EXIF turn."""

    rows: int
    cols: int
    frames: int
    bits: int
    gray: bool
    lossy: bool


def looks_like_picture(head: bytes) -> bool:
    return head.startswith(_MARKS)


def read_record(path: str) -> FileRecord:
    """Raises ``InputProblem`` or ``LimitExceeded``.  Reads sizes, the end mark and the hash, decodes nothing."""
    facts = _checked_facts(path)
    digest, name = digest_of(path), Path(path).name
    return FileRecord(
        path, "image", study_uid=content_uid(digest, "study"), content_uid=content_uid(digest, "study"),
        series_uid=content_uid(digest, "series"), study_description=name, series_description=name,
        modality="PICTURE", rows=facts.rows, cols=facts.cols, frame_count=facts.frames, bits=facts.bits,
        photometric="MONOCHROME2" if facts.gray else "RGB", lossy=facts.lossy, laterality=from_name(path),
        frames=tuple(FrameInfo(path, index, rows=facts.rows, cols=facts.cols) for index in range(facts.frames)))


def _checked_facts(path: str) -> _Facts:
    _check_end(path)
    try:
        facts = _facts_pillow(path)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        facts = _facts_tiff(path, error)
    if facts.rows < 1 or facts.cols < 1 or facts.frames < 1:
        raise limits.damaged(f"it claims {facts.rows} rows, {facts.cols} columns and {facts.frames} frames")
    needs = facts.rows * facts.cols * (max(1, facts.bits // 8) if facts.gray else 3)
    if needs > limits.FRAME_BYTES:
        raise limits.too_large(f"A picture of {facts.rows} x {facts.cols}", needs, limits.FRAME_BYTES)
    if facts.frames > limits.FRAMES:
        raise LimitExceeded(f"The file holds {facts.frames} pages, limit {limits.FRAMES}.", "Split it.", "limit")
    return facts


def _facts_pillow(path: str) -> _Facts:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=FORMATS) as image:
            cols, rows = image.size
            if image.format in ("JPEG", "MPO", "TIFF") and image.getexif().get(0x0112) in _TURNED:
                rows, cols = cols, rows
            frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            lossy = image.format in ("JPEG", "MPO") or image.info.get("compression") == "jpeg"
            gray = image.mode in _GRAY_BITS
            return _Facts(rows, cols, frames, _GRAY_BITS.get(image.mode, 8), gray, lossy)


def _facts_tiff(path: str, error: Exception) -> _Facts:
    """TIFF kinds that Pillow does not know, such as 16-bit colour."""
    try:
        with tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages[0]
            gray = page.samplesperpixel < 3
            bits = int(np.dtype(page.dtype).itemsize) * 8 if page.dtype is not None else 8
            lossy = "JPEG" in str(page.compression)
            return _Facts(page.imagelength, page.imagewidth, len(tiff.pages), bits, gray, lossy)
    except Exception as second:
        raise limits.damaged(f"it cannot be read as a picture ({type(error).__name__})") from second


def _check_end(path: str) -> None:
    """PNG and JPEG say where they end; a copy that stopped half-way does not get there."""
    with open(path, "rb") as file:
        head = file.read(8)
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 16)))
        tail = file.read()
    if (head.startswith(_MARKS[0]) and b"IEND" not in tail) or (head.startswith(_MARKS[1]) and b"\xff\xd9" not in tail):
        raise limits.truncated("its end mark is missing")


def read_raster(path: str, frame: int) -> Raster:
    """Raises ``FineViewError``.  16-bit grey stays 16 bit, colour becomes 8-bit RGB, transparency is dropped."""
    count = _checked_facts(path).frames
    if not 0 <= frame < count:
        raise RequestProblem(f"Frame {frame} was asked for; the file has {count}.",
                             f"Ask for a frame from 0 to {count - 1}.", "frame")
    try:
        array = _decode_pillow(path, frame)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if "truncated" in str(error):
            raise limits.truncated("its pixels end too early") from error
        array = _decode_tiff(path, frame, error)
    return Raster(array)


def _decode_pillow(path: str, frame: int) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=FORMATS) as image:
            if frame:
                image.seek(frame)
            image.load()
            turned = ImageOps.exif_transpose(image)
            if turned.mode in ("1", "LA", "La"):
                turned = turned.convert("L")
            elif turned.mode not in _GRAY_BITS:
                turned = turned.convert("RGB")
            array = np.array(turned)
    return array.astype(array.dtype.newbyteorder("=")) if not array.dtype.isnative else array


def _decode_tiff(path: str, frame: int, error: Exception) -> NDArray[Any]:
    try:
        array = np.squeeze(tifffile.imread(path, key=frame))
    except MemoryError:
        raise
    except Exception as second:
        raise limits.damaged(f"its pixels cannot be decoded ({type(error).__name__})") from second
    if array.ndim == 2:
        return array
    if array.ndim == 3 and array.shape[2] in (3, 4):
        return to_8bit_rgb(array[..., :3], array.dtype.itemsize * 8)
    raise InputProblem(f"The picture has {array.ndim} dimensions.", "Save it as a plain picture.", "not-an-image")
