"""Any structured report as a tree of content items (PS3.3 C.17.3), read without trusting its depth or its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence_item

from fineview.formats.references import long_text, meaning
from fineview.formats.values import first_item, items, number, numbers, text

MOST_READ, MOST_DRAWN = 1_000, 20_000
"""Items that a scan reads for the text, and that are looked through for regions; pydicom makes some 3,000 a second."""
_MOST_DEPTH = 64
_TEXT = 4000


@dataclass(slots=True, eq=False)
class Item:
    """One content item.  ``path``: 1-based positions from the root, as by-reference items name it (C.17.3.2.5)."""

    dataset: Dataset
    kind: str
    concept: str
    code: str
    path: tuple[int, ...]
    parent: Item | None = None
    children: list[Item] = field(default_factory=list)

    @property
    def relation(self) -> str:
        return text(self.dataset, "RelationshipType")

    def below(self) -> Iterator[Item]:
        """This item and all under it, in the order of the file; a tree made here has no loops."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += reversed(one.children)

    @property
    def value(self) -> str:
        """The item's value in words, on one line or several."""
        reader = _VALUES.get(self.kind)
        return reader(self.dataset) if reader is not None else ""


def tree_of(dataset: Dataset, most: int = MOST_READ) -> tuple[Item, bool]:
    """The root with ``most`` items below it, and whether the report was longer."""
    root = _item(dataset, (1,), None)
    waiting, count, cut = [root], 0, False
    while waiting:
        one = waiting.pop()
        room = most - count
        below = _first_items(one.dataset, room + 1)
        cut = cut or len(below) > room or (bool(below) and len(one.path) >= _MOST_DEPTH)
        if len(one.path) < _MOST_DEPTH:
            one.children = [_item(item, (*one.path, i), one) for i, item in enumerate(below[:room], 1)]
            count += len(one.children)
            waiting += reversed(one.children)
    return root, cut


def _first_items(dataset: Dataset, most: int) -> tuple[Dataset, ...]:
    """The first items of the content; of a sequence that is still bytes no more than these are made."""
    raw = dataset.get_item("ContentSequence")
    if not isinstance(raw, RawDataElement) or not isinstance(raw.value, bytes):
        return items(dataset, "ContentSequence")[:most]
    source, found = BytesIO(raw.value), []
    encoding = getattr(dataset, "_character_set", "iso8859")
    try:
        while len(found) < most and source.tell() < len(raw.value):
            item = read_sequence_item(source, raw.is_implicit_VR, raw.is_little_endian, encoding)
            if item is None:
                break
            found.append(item)
    except Exception:  # pydicom raises whatever its readers raise; what came before is still good
        return tuple(found)
    return tuple(found)


def _item(dataset: Dataset, path: tuple[int, ...], parent: Item | None) -> Item:
    named = first_item(dataset, "ConceptNameCodeSequence")
    code = f"{text(named, 'CodeValue')} {text(named, 'CodingSchemeDesignator')}" if named is not None else ""
    return Item(dataset, text(dataset, "ValueType"), meaning(dataset, "ConceptNameCodeSequence"), code, path, parent)


def by_reference(item: Item, root: Item) -> Item | None:
    """What a by-reference item points at; None for an item with content of its own, or where nothing is there."""
    named = tuple(int(one) for one in numbers(item.dataset, "ReferencedContentItemIdentifier"))
    if not named or named[0] != 1:
        return None
    found = root
    for position in named[1:]:
        if not 1 <= position <= len(found.children):
            return None
        found = found.children[position - 1]
    return found


def _measured(dataset: Dataset) -> str:
    measured = first_item(dataset, "MeasuredValueSequence")
    value = number(measured, "NumericValue")
    if measured is None or value is None:
        return meaning(dataset, "NumericValueQualifierCodeSequence") or "no value"
    unit = first_item(measured, "MeasurementUnitsCodeSequence")
    word = text(unit, "CodeValue") if unit is not None else ""
    return f"{value:g} {'' if word == '1' else word}".rstrip()


def _instances(dataset: Dataset) -> str:
    named = items(dataset, "ReferencedSOPSequence")
    frames = [text(one, "ReferencedFrameNumber").replace("\\", ", ") for one in named]
    return "; ".join(text(one, "ReferencedSOPInstanceUID") + (f" frame {frame}" if frame else "")
                     for one, frame in zip(named, frames, strict=True))


def _coordinates(dataset: Dataset) -> str:
    count = len(numbers(dataset, "GraphicData")) // (3 if text(dataset, "ValueType") == "SCOORD3D" else 2)
    kind = text(dataset, "GraphicType").lower()
    return f"{kind} with {count} points" if kind not in ("point", "circle", "ellipse") else kind


_VALUES = {
    "TEXT": lambda d: long_text(d, "TextValue", _TEXT), "CODE": lambda d: meaning(d, "ConceptCodeSequence"),
    "NUM": _measured, "DATE": lambda d: text(d, "Date"), "TIME": lambda d: text(d, "Time"),
    "DATETIME": lambda d: text(d, "DateTime"), "PNAME": lambda d: text(d, "PersonName"),
    "UIDREF": lambda d: text(d, "UID"), "IMAGE": _instances, "COMPOSITE": _instances, "WAVEFORM": _instances,
    "SCOORD": _coordinates, "SCOORD3D": _coordinates,
    "TCOORD": lambda d: text(d, "TemporalRangeType").lower()}
