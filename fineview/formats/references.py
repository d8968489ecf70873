"""What an object refers to: instances and their frames, and codes in words.  Runs in the reading child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset

from fineview.core.companion import Reference
from fineview.formats.values import first_item, items, numbers, printable, text

MOST = 4096


def instance(item: Dataset) -> Reference | None:
    """The instance that an item names; frames counted from 0, as everywhere here."""
    uid = text(item, "ReferencedSOPInstanceUID")
    if not uid:
        return None
    return Reference(uid, tuple(int(n) - 1 for n in numbers(item, "ReferencedFrameNumber")[:MOST] if n >= 1))


def instances(found: Iterable[Dataset]) -> Iterator[Reference]:
    for item in found:
        made = instance(item)
        if made is not None:
            yield made


def distinct(found: Iterable[Reference]) -> tuple[Reference, ...]:
    """One reference an instance, frames joined, in the order of first mention; ``MOST`` at the most."""
    joined: dict[str, dict[int, None]] = {}
    whole = set()
    for one in found:
        if one.sop_uid not in joined and len(joined) >= MOST:
            break
        joined.setdefault(one.sop_uid, {}).update(dict.fromkeys(one.frames))
        if not one.frames:
            whole.add(one.sop_uid)
    return tuple(Reference(uid, () if uid in whole else tuple(frames)) for uid, frames in joined.items())


def of_series(dataset: Dataset) -> Iterator[Reference]:
    """The Common Instance Reference of a module (PS3.3 C.12.2, C.11.11)."""
    for series in items(dataset, "ReferencedSeriesSequence"):
        yield from instances(items(series, "ReferencedInstanceSequence"))
        yield from instances(items(series, "ReferencedImageSequence"))


def meaning(dataset: Dataset | None, keyword: str) -> str:
    """What a code sequence's first item means, in words; its code value where it has none."""
    item = first_item(dataset, keyword)
    if item is None:
        return ""
    return text(item, "CodeMeaning") or text(item, "CodeValue") or text(item, "LongCodeValue")


def long_text(dataset: Dataset, keyword: str, limit: int) -> str:
    """Text with its lines kept, each printable; at most ``limit`` characters."""
    try:
        value = dataset.get(keyword)
    except Exception:
        return ""
    words = str(value)[:limit] if value is not None else ""
    return "\n".join(printable(line) for line in words.splitlines()).strip()
