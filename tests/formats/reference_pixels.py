"""What a frame's pixels must be, by another route: bytes and arithmetic here, other programs for what is compressed.

pydicom reads headers and hands over the bytes of Pixel Data; none of its pixel code, and none of ours, is used.
Compressed frames come from dcmtk's programs, those that it does not know from the codecs of imagecodecs (OpenJPEG,
OpenJPH, CharLS).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from tests.formats.dcmtk import dcmtk

Array = NDArray[Any]
_P = "1.2.840.10008.1.2."
_TOOLS = {_P + "5": ["dcmdrle"], _P + "4.80": ["dcmdjpls"], _P + "4.81": ["dcmdjpls"], _P + "4.50": ["dcmdjpeg", "+cn"],
          _P + "4.51": ["dcmdjpeg", "+cn"], _P + "4.57": ["dcmdjpeg", "+cn"], _P + "4.70": ["dcmdjpeg", "+cn"]}
_JPEG_2000 = (_P + "4.90", _P + "4.91")
_HTJ2K = (_P + "4.201", _P + "4.202", _P + "4.203")


def read(path: Path) -> Dataset:
    return pydicom.dcmread(path, force=True)


def syntax_of(dataset: Dataset) -> str:
    return str(dataset.file_meta.get("TransferSyntaxUID", _P[:-1]))


def reference(path: Path, frame: int, folder: Path) -> Array:
    """(H, W) in modality units, or (H, W, 3) RGB of 8 bits, as float64.  ``folder``: for what dcmtk writes."""
    dataset = read(path)
    values = stored(dataset, path, frame, folder)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return palette(values, dataset)
    if values.ndim == 3:
        return values
    return modality(values, dataset, frame)


def stored(dataset: Dataset, path: Path, frame: int, folder: Path) -> Array:
    """Stored values (H, W), or RGB (H, W, 3) scaled to 8 bits."""
    syntax = syntax_of(dataset)
    if dataset.BitsAllocated > 1 and (syntax in _JPEG_2000 + _HTJ2K or dataset.get("BitsStored") == 7):
        streams = list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames", 1))))
        return _signed(_code_stream(streams[frame], syntax), dataset)
    if syntax in _TOOLS:
        made = folder / "native.dcm"
        name, *options = _TOOLS[syntax]
        subprocess.run([dcmtk(name), *options, str(path), str(made)], check=True, capture_output=True)
        dataset = read(made)
    values = native(dataset, frame)
    return colours(values, dataset) if values.ndim == 3 else values


def _code_stream(stream: bytes, syntax: str) -> Array:
    imagecodecs = pytest.importorskip("imagecodecs")
    decode = {"4.90": imagecodecs.jpeg2k_decode, "4.91": imagecodecs.jpeg2k_decode,
              "4.80": imagecodecs.jpegls_decode}.get(syntax.removeprefix(_P), imagecodecs.htj2k_decode)
    return np.asarray(decode(stream)).astype(np.int64)


def native(dataset: Dataset, frame: int) -> Array:
    """PS3.5 8.1 and annex D, PS3.3 C.7.6.3.1: (H, W) or (H, W, samples)."""
    rows, cols, samples = dataset.Rows, dataset.Columns, dataset.get("SamplesPerPixel", 1)
    for keyword, kind in (("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")):
        if keyword in dataset:
            return np.frombuffer(dataset[keyword].value, "<" + kind).reshape(-1, rows, cols)[frame]
    bits, data, big = dataset.BitsAllocated, dataset.PixelData, dataset.original_encoding[1] is False
    if big and bits <= 8 and dataset["PixelData"].VR == "OW":
        data = np.frombuffer(data, ">u2").astype("<u2").tobytes()
    if bits == 1:
        every = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return every[frame * rows * cols:(frame + 1) * rows * cols].reshape(rows, cols)
    if dataset.PhotometricInterpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        words = np.frombuffer(data, np.uint8)[frame * rows * cols * 2:(frame + 1) * rows * cols * 2]
        pairs = words.reshape(rows, cols // 2, 4)
        chroma = (np.repeat(pairs[..., at], 2, axis=1) for at in (2, 3))
        return np.stack([pairs[..., :2].reshape(rows, cols), *chroma], axis=-1).astype(np.int64)
    size = rows * cols * samples
    words = np.frombuffer(data, f"{'>' if big else '<'}u{bits // 8}")[frame * size:(frame + 1) * size]
    # High Bit tells where the value ends; what lies above and below it belongs to somebody else.
    values = _signed(words.astype(np.int64) >> (dataset.HighBit + 1 - dataset.BitsStored), dataset)
    if samples == 1:
        return values.reshape(rows, cols)
    if dataset.get("PlanarConfiguration", 0):
        return values.reshape(samples, rows, cols).transpose(1, 2, 0)
    return values.reshape(rows, cols, samples)


def _signed(values: Array, dataset: Dataset) -> Array:
    if values.ndim == 3 or dataset.BitsAllocated == 1:
        return values
    top = 1 << dataset.BitsStored
    inside = values & (top - 1)
    return np.where(inside >= top // 2, inside - top, inside) if dataset.PixelRepresentation else inside


def colours(values: Array, dataset: Dataset) -> Array:
    """(H, W, 3) RGB scaled to 8 bits; luminance and chrominance by PS3.3 C.7.6.3.1.2."""
    kind = dataset.PhotometricInterpretation
    y, b, r = (values[..., at].astype(float) for at in range(3))
    if kind in ("YBR_FULL", "YBR_FULL_422"):
        made = [y + 1.4020 * (r - 128), y - 0.3441 * (b - 128) - 0.7141 * (r - 128), y + 1.7720 * (b - 128)]
        return np.clip(np.rint(np.stack(made, axis=-1)), 0, 255)
    if kind == "YBR_PARTIAL_422":
        y = 1.1644 * (y - 16)
        made = [y + 1.5960 * (r - 128), y - 0.3917 * (b - 128) - 0.8130 * (r - 128), y + 2.0173 * (b - 128)]
        return np.clip(np.rint(np.stack(made, axis=-1)), 0, 255)
    return np.rint(values * (255 / (2**dataset.BitsStored - 1)))


def palette(index: Array, dataset: Dataset) -> Array:
    """PS3.3 C.7.6.3.1.5 and C.7.9.2: the tables' entries at their high 8 bits."""
    tables = [_table(dataset, colour) for colour in ("Red", "Green", "Blue")]
    first = dataset.RedPaletteColorLookupTableDescriptor[1]
    # Entries of 8 bits that a writer put into words of 16.
    shift = 8 if max(table.max() for table in tables) > 255 else 0
    return np.stack([table[np.maximum(index - first, 0)] >> shift for table in tables], axis=-1)


def _table(dataset: Dataset, colour: str) -> Array:
    count = dataset[f"{colour}PaletteColorLookupTableDescriptor"].value[0] or 65536
    order = ">" if dataset.original_encoding[1] is False else "<"
    plain = dataset.get(f"{colour}PaletteColorLookupTableData")
    if plain is not None:
        kind = f"{order}u2" if len(plain) >= 2 * count else "u1"
        return np.frombuffer(plain, kind)[:count].astype(np.int64)
    return segmented(np.frombuffer(dataset[f"Segmented{colour}PaletteColorLookupTableData"].value, f"{order}u2"))


def segmented(words: Array) -> Array:
    """C.7.9.2: discrete (0), linear (1) and indirect (2) segments; the words of a table of 16-bit entries."""
    made: list[int] = []
    at = 0
    while at + 1 < len(words):
        kind, length = int(words[at]), int(words[at + 1])
        if kind == 0:
            made += [int(one) for one in words[at + 2:at + 2 + length]]
            at += 2 + length
        elif kind == 1:
            start, end = made[-1], int(words[at + 2])
            made += [round(start + (step + 1) * (end - start) / length) for step in range(length)]
            at += 3
        else:
            offset = (int(words[at + 2]) | int(words[at + 3]) << 16) // 2
            made += _copied(words, offset, length, made)
            at += 4
    return np.array(made)


def _copied(words: Array, at: int, segments: int, made: list[int]) -> list[int]:
    """``segments`` segments from word ``at`` on; a linear one among them starts where the table now ends."""
    out = list(made[-1:])
    for _ in range(segments):
        length = 2 + int(words[at + 1]) if words[at] == 0 else 3
        part = words[at:at + length]
        if words[at] == 0:
            out += [int(one) for one in part[2:]]
        else:
            start, end, steps = out[-1], int(part[2]), int(part[1])
            out += [round(start + (step + 1) * (end - start) / steps) for step in range(steps)]
        at += length
    return out[1:]


def modality(values: Array, dataset: Dataset, frame: int) -> Array:
    """PS3.3 C.11.1.1: a table, or slope and intercept; dose by its scaling (C.8.8.3)."""
    if "ModalityLUTSequence" in dataset:
        item = dataset.ModalityLUTSequence[0]
        table = np.array(item.LUTData if not isinstance(item.LUTData, bytes) else np.frombuffer(item.LUTData, "<u2"))
        return table[np.clip(values - item.LUTDescriptor[1], 0, len(table) - 1)].astype(float)
    holder = _transformation(dataset, frame)
    slope = float(holder.get("RescaleSlope", dataset.get("DoseGridScaling", 1)))
    return values * slope + float(holder.get("RescaleIntercept", 0))


def _transformation(dataset: Dataset, frame: int) -> Dataset:
    groups = [dataset.get("SharedFunctionalGroupsSequence", [None])[0],
              dict(enumerate(dataset.get("PerFrameFunctionalGroupsSequence", []))).get(frame)]
    for group in reversed(groups):
        if group is not None and "PixelValueTransformationSequence" in group:
            return group.PixelValueTransformationSequence[0]
    return dataset
