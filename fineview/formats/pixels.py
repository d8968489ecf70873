"""One frame of a DICOM file -> a ``Raster``.  Runs in the reading child."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import as_pixel_options

from fineview.core.errors import FineViewError, InputProblem, RequestProblem
from fineview.core.image import Raster, Window, WindowFunction
from fineview.formats import limits, own_frames, pmap_read
from fineview.formats.code_stream import check_stream, describes_itself
from fineview.formats.codecs import available, package_of
from fineview.formats.luts import by_palette, lut_of
from fineview.formats.opened_files import opened_dicom
from fineview.formats.part10 import OpenFile
from fineview.formats.pixel_check import Shape, checked_shape
from fineview.formats.values import Groups, first_item, integer, number, numbers, text
from fineview.imaging.modality import apply_lut, partial_rgb, rescale, to_8bit_rgb

_KEYWORDS = {0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData", 0x0010: "PixelData"}
_PARTIAL = "YBR_PARTIAL_422"
_OF_ONE = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")


def read_raster(path: str, frame: int, sop_uid: str | None) -> Raster:
    """Raises ``FineViewError``.  ``sop_uid``: what the scan found there; another one now is refused."""
    opened = opened_dicom(path)
    shape = _shape(opened)
    if not 0 <= frame < shape.frames:
        raise RequestProblem(f"Frame {frame} was asked for; the file has {shape.frames}.",
                             f"Ask for a frame from 0 to {shape.frames - 1}.", "frame")
    now = text(opened.dataset, "SOPInstanceUID") or str(opened.dataset.file_meta.get("MediaStorageSOPInstanceUID", ""))
    if sop_uid and now != sop_uid:
        raise InputProblem("The file holds another image than when it was opened.", "Open the study again.", "changed")
    values = stored_values(opened, shape, frame)
    if values.shape[:2] != (shape.rows, shape.cols):
        raise limits.damaged(f"its pixels are {values.shape}, its header says {shape.rows} x {shape.cols}")
    return _to_raster(values, opened.dataset, frame)


@lru_cache(maxsize=4)
def _shape(opened: OpenFile) -> Shape:
    """Checked once for all frames of a file."""
    if opened.structure.pixel_tag is None:
        raise InputProblem("The file holds no pixels.", "Choose an image.", "not-an-image")
    return checked_shape(opened)


def stored_values(opened: OpenFile, shape: Shape, frame: int) -> NDArray[Any]:
    """Stored values (H, W) or RGB samples (H, W, 3) of one frame."""
    syntax = str(opened.dataset.file_meta.TransferSyntaxUID)
    # The header's bytes may have been inflated, or the file may name no syntax: then the front knows better.
    if opened.structure.pixel_length is not None:
        syntax = opened.front.syntax
    if opened.structure.pixel_length is None and own_frames.takes(syntax, shape):
        return own_frames.stored_values(opened, shape, frame, syntax)
    plugins = available(syntax) or ("",)
    if opened.structure.pixel_length is None and describes_itself(syntax):
        check_stream(own_frames.frame_bytes(opened, shape, frame), shape, syntax)
    reasons = []
    for plugin in plugins:
        try:
            return by_plugin(opened, syntax, frame, plugin)
        except (MemoryError, FineViewError):
            raise
        except Exception as error:
            reasons.append(f"{package_of(plugin, syntax)}: {_reason(error)}" if plugin else _reason(error))
    if all("does not support" in reason for reason in reasons):
        raise InputProblem(f"The pixels are of a kind that no decoder here reads ({'; '.join(reasons)}).",
                           "Ask for the file in another transfer syntax, such as Explicit VR Little Endian.",
                           "no-decoder")
    raise limits.damaged("its pixels cannot be decoded (" + "; ".join(reasons) + ")")


def by_plugin(opened: OpenFile, syntax: str, frame: int, plugin: str) -> NDArray[Any]:
    """Stored values of one frame by one of pydicom's decoding plugins, "" for its own of native pixels."""
    dataset = opened.dataset
    options = as_pixel_options(dataset)
    options["pixel_keyword"] = _KEYWORDS[(opened.structure.pixel_tag or (0, 0x10))[1]]
    options["pixel_vr"] = opened.structure.pixel_vr or "OW"
    below = _bits_below(dataset) if opened.structure.pixel_length is not None else 0
    if below:
        options["bits_stored"] += below
    partial = options.get("photometric_interpretation") == _PARTIAL and options.get("samples_per_pixel") == 3
    if options.get("samples_per_pixel") == 1 and options.get("photometric_interpretation") not in _OF_ONE:
        options["photometric_interpretation"] = "MONOCHROME2"  # one sample is no colour, whatever the header calls it
    if partial:  # laid out like its full-range sister, which pydicom knows
        options |= {"photometric_interpretation": "YBR_FULL_422", "as_rgb": False}
    array, _ = get_decoder(syntax).as_array(_bytes_of(opened), index=frame, raw=False, decoding_plugin=plugin,
                                            **options)
    return partial_rgb(array) if partial else np.asarray(array) >> below if below else np.asarray(array)


def _bytes_of(opened: OpenFile) -> BinaryIO:
    """The file at its pixels; single bits in words of the other byte order are turned round first (PS3.5 8.1.1)."""
    opened.source.seek(opened.structure.pixel_start)
    length, words = opened.structure.pixel_length, opened.structure.pixel_vr == "OW"
    if length is None or not words or opened.front.little or integer(opened.dataset, "BitsAllocated") != 1:
        return opened.source
    return io.BytesIO(np.frombuffer(opened.source.read(length // 2 * 2), ">u2").astype("<u2").tobytes())


def _bits_below(dataset: Dataset) -> int:
    """Bits under a value that old writers moved to the top of its word (PS3.5 8.1.1 before 2014)."""
    high, stored = integer(dataset, "HighBit"), integer(dataset, "BitsStored")
    allocated = integer(dataset, "BitsAllocated") or 0
    return high + 1 - stored if high is not None and stored and stored <= high < allocated else 0


def _to_raster(array: NDArray[Any], dataset: Dataset, frame: int) -> Raster:
    photometric = text(dataset, "PhotometricInterpretation")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if photometric == "PALETTE COLOR":
        return Raster(by_palette(array, dataset))
    if array.ndim == 3:
        bits = int(number(dataset, "BitsStored") or array.dtype.itemsize * 8)
        return Raster(to_8bit_rgb(array[..., :3], bits))
    groups = Groups(dataset)
    voi = groups.item(frame, "FrameVOILUTSequence") or dataset
    real = pmap_read.mapped(array, dataset, groups, frame, _windows(voi))
    if real is not None:
        return Raster(real[0], real[1], photometric == "MONOCHROME1", real[2])
    values, unit = _modality(array, dataset, groups.item(frame, "PixelValueTransformationSequence") or dataset)
    return Raster(values, unit, photometric == "MONOCHROME1", _windows(voi), lut_of(first_item(voi, "VOILUTSequence")))


def _modality(array: NDArray[Any], dataset: Dataset, holder: Dataset) -> tuple[NDArray[Any], str]:
    """Modality units and their name: Rescale Type, or HU for CT, whose standard implies it (PS3.3 C.8.2.1.1.2)."""
    item = first_item(dataset, "ModalityLUTSequence")
    lut = lut_of(item)
    if lut is not None and item is not None:
        return apply_lut(array, lut), _unit(text(item, "ModalityLUTType"))
    slope, intercept = number(holder, "RescaleSlope"), number(holder, "RescaleIntercept")
    scaling = number(dataset, "DoseGridScaling") if slope is None else None
    if scaling is not None:
        return rescale(array, scaling, 0.0), {"GY": "Gy"}.get(text(dataset, "DoseUnits"), "")
    if slope is None or slope == 0 or intercept is None:
        return np.ascontiguousarray(array), ""
    implied = "HU" if text(dataset, "Modality") == "CT" else ""
    return rescale(array, slope, intercept), _unit(text(holder, "RescaleType")) or implied


def _unit(word: str) -> str:
    """As people read it (PS3.3 C.11.1.1.2).  "OD" is thousandths of an optical density, and elsewhere the right eye."""
    return {"US": "", "NONE": "", "OD": "\u00d710\u207b\u00b3 optical density"}.get(word, word)


def _windows(holder: Dataset) -> tuple[Window, ...]:
    centres, widths = numbers(holder, "WindowCenter"), numbers(holder, "WindowWidth")
    names = text(holder, "WindowCenterWidthExplanation").split("\\")
    function = {"LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}.get(text(holder, "VOILUTFunction"), "linear")
    pairs = [(c, w) for c, w in zip(centres, widths, strict=False) if w > 0]
    return tuple(Window(c, w, cast(WindowFunction, function), names[i] if i < len(names) else "")
                 for i, (c, w) in enumerate(pairs))


def _reason(error: Exception) -> str:
    """A decoder's last line, short; paths would tell a patient's name to whoever reads the message."""
    line = re.sub(r"^\w+: ", "", str(error).strip().split("\n")[-1].strip())
    if "'NoneType' object" in line:  # gdcm gave nothing back, and its plugin stumbled over that
        line = "the code stream cannot be decoded"
    return re.sub(r"(/[^\s:]+)+", "...", line)[:120] or type(error).__name__
