"""Small E2E files, byte by byte from the layout that LibE2E (neurodial) and uocte found out and eyepy documents.

A file is a version block and a header, then chunks: a block header, the directory of its folders, and behind it one
container for each folder.  Numbers are little endian.  Written here with ``struct`` alone, so that eyepy reads what it
did not write.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PATIENT, LATERALITY, BSCAN_META, TAKEN, LAYER, IMAGE, SCAN_PATTERN = 9, 11, 10004, 10005, 10019, 1 << 30, 9006
BSCAN, LOCALIZER = 35652097, 33620481
EMPTY = 0xFFFF  # the largest value there is: nothing was scanned


@dataclass
class Volume:
    """``codes``: (B-scans, rows, cols) uint16 as the file stores reflectivity.  ``lines``: layer id -> (B-scans, cols).

    ``starts``, ``ends``: degrees, one pair a B-scan.  ``side``: a byte, "R", "L" or anything else; "" leaves it out.
    ``others``: pictures of a kind that nobody has described.
    """

    codes: NDArray[np.uint16]
    starts: list[tuple[float, float]]
    ends: list[tuple[float, float]]
    localizer: NDArray[np.uint8] | None = None
    lines: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    edited: bool = False
    side: str = "R"
    pattern: int = 3
    scale_y: float = 0.003872
    study: int = 50
    others: int = 0


def file_of(volumes: list[Volume], backwards: bool = False) -> bytes:
    """One patient with these volumes, each a series.  ``backwards``: the B-scans lie in the file last to first."""
    folders: list[tuple[tuple[int, int, int, int], int, int, bytes]] = []
    name = b"Ada".ljust(31, b"\0") + b"Lovelace".ljust(66, b"\0") + b"\0" * 4 + b"F" + b"id 7".ljust(27, b"\0")
    folders.append(((1, -1, -1, -1), PATIENT, 0, name))
    for number, one in enumerate(volumes):
        series = (1, one.study, 100 + number)
        folders.append(((*series, -1), TAKEN, 0, b"\0" * 16 + struct.pack("<Q", 131_659_776_000_000_000)))
        folders.append(((*series, -1), SCAN_PATTERN, 0, _strings("OCT ART Volume")))
        if one.side:
            folders.append(((*series, -1), LATERALITY, 0, b"\0" * 14 + one.side.encode() + b"\0" * 12))
        slices = range(len(one.codes))
        single = len(one.codes) == 1  # its localizer lies with the slice, and the slice has the number 2
        if one.localizer is not None:
            place = (*series, 2) if single else (*series, -1)
            folders.append((place, IMAGE, 0, _image(LOCALIZER, one.localizer)))
        folders += [((*series, -1), IMAGE, 0, _image(33620225, np.zeros((4, 4), np.uint8)))] * one.others
        for at in reversed(slices) if backwards else slices:
            place = (*series, 2 if single else 2 * at)
            folders.append((place, BSCAN_META, 1, _place(one, at)))
            folders.append((place, IMAGE, 1, _image(BSCAN, one.codes[at])))
            folders += [(place, LAYER, 1, _line(layer, rows[at], one.edited)) for layer, rows in one.lines.items()]
    return _chunked(folders)


def _chunked(folders: list[tuple[tuple[int, int, int, int], int, int, bytes]]) -> bytes:
    head = b"CMDb".ljust(12, b"\0") + struct.pack("<I20x", 0x64)
    head += b"MDbMDir".ljust(12, b"\0") + struct.pack("<I20xIIII", 0x64, len(folders), 88, 88, 0)
    directory = b"MDbDir".ljust(12, b"\0") + struct.pack("<I20xIIII", 0x64, len(folders), 88, 0, 0)
    at = len(head) + len(directory) + 44 * len(folders)
    entries, containers = b"", b""
    for number, (ids, kind, ind, item) in enumerate(folders):
        entry = len(head) + len(directory) + 44 * number
        entries += struct.pack("<IIIIiiiiHHII", entry, at, len(item), 0, *ids, ind, 0, kind, 0)
        containers += b"MDbData".ljust(12, b"\0") + struct.pack("<IIIIIiiiiHHII", 0, entry, at, len(item), 0, *ids, ind,
                                                                0, kind, 0) + item
        at += 60 + len(item)
    return head + directory + entries + containers


def _place(one: Volume, at: int) -> bytes:
    """B-scan metadata: sizes, ends in degrees, millimetres a row, number and pattern; 428 bytes."""
    (x0, y0), (x1, y1), (rows, cols) = one.starts[at], one.ends[at], one.codes[at].shape
    made = struct.pack("<III4fIfffI2fI", 0, rows, cols, x0, y0, x1, y1, 0, 0.0, one.scale_y, 0.0, 0, 0.0, 0.0, 0)
    made += struct.pack("<IIII2fI", cols, len(one.codes), at, one.pattern, (x0 + x1) / 2, (y0 + y1) / 2, 0)
    made += struct.pack("<QIff", 131_659_776_000_000_000, 9, 0.84, 0.0)
    return made.ljust(428, b"\0")


def _image(kind: int, pixels: NDArray[np.uint16] | NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    return struct.pack("<IIIII", len(data), kind, pixels.size, height, width) + data


def _line(layer: int, rows: NDArray[np.float32], edited: bool) -> bytes:
    return struct.pack("<IIIIII", 0, layer, 0, len(rows), int(edited), 0) + rows.astype("<f4").tobytes()


def _strings(text: str) -> bytes:
    return struct.pack("<II", 1, 512) + text.encode("utf-16").ljust(512, b"\0")


def code(exponent: int, mantissa: int) -> int:
    """The file's number format: 6 bits of exponent (bias 63) above 10 bits of mantissa, (1 + m / 1024) 2^(e - 63)."""
    return exponent << 10 | mantissa
