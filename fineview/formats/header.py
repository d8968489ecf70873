"""A file's header as rows for people to read.  Runs in the reading child."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from fineview.formats.part10 import open_dicom
from fineview.formats.pictures import FORMATS
from fineview.formats.printable import printable

Row = tuple[str, str, str]
_VALUE_LENGTH = 256


def header_rows(path: str, kind: str, most: int) -> tuple[Row, ...]:
    """(tag, keyword, text), at most ``most`` rows; items of sequences follow with ">" before their tag."""
    if kind == "picture":
        return _picture_rows(path)
    opened = open_dicom(path)
    with opened.source:
        rows: list[Row] = []
        for source in (opened.dataset.file_meta, opened.dataset):
            for row in _walk(source, ""):
                if len(rows) == most:
                    return (*rows, ("", "", f"The header goes on; the first {most} rows are shown."))
                rows.append(row)
        return tuple(rows)


def _walk(dataset: Dataset, indent: str) -> Iterator[Row]:
    for tag in sorted(dataset.keys()):
        name = f"{indent}({tag.group:04X},{tag.element:04X})"
        try:
            element = dataset[tag]
        except Exception:  # a value that pydicom cannot convert is still a row
            yield name, "", "unreadable"
            continue
        keyword = element.keyword or ("Private" if tag.is_private else "")
        if element.VR == "SQ":
            yield name, keyword, f"{len(element.value)} items"
            for item in element.value:
                yield from _walk(item, indent + ">")
        else:
            yield name, keyword, _text(element.value)


def _text(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    many = isinstance(value, (list, tuple, MultiValue))
    words = "\\".join(str(one) for one in value) if many else str(value)  # type: ignore[attr-defined]
    return printable(words[:_VALUE_LENGTH]) + ("..." if len(words) > _VALUE_LENGTH else "")


def _picture_rows(path: str) -> tuple[Row, ...]:
    with Image.open(path, formats=FORMATS) as image:
        rows = [("", "Format", str(image.format)), ("", "Size", f"{image.width} x {image.height}"),
                ("", "Mode", image.mode)]
        rows += [("", f"EXIF {key}", _text(value)) for key, value in sorted(image.getexif().items())]
    return tuple(rows)
