"""Reading single header values without trusting them: wrong types and broken encodings become "not given"."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydicom.dataset import Dataset

from fineview.formats.printable import printable as printable

_LARGEST = 1 << 53


def text(dataset: Dataset, keyword: str) -> str:
    """The value as one line of printable text, "" where it is missing or unreadable."""
    try:
        value = dataset.get(keyword)
    except Exception:  # pydicom converts lazily and raises whatever its converters raise
        return ""
    if value is None:
        return ""
    joined = "\\".join(str(v) for v in value) if isinstance(value, (list, tuple)) or _is_multi(value) else str(value)
    return printable(joined)


def _is_multi(value: object) -> bool:
    return type(value).__name__ == "MultiValue"


def numbers(dataset: Dataset | None, keyword: str) -> tuple[float, ...]:
    """All values as finite floats; () where one of them is not a number."""
    try:
        value = dataset.get(keyword) if dataset is not None else None
        if value is None or value == "":
            return ()
        many = value if _is_multi(value) or isinstance(value, (list, tuple)) else (value,)
        out = tuple(float(v) for v in many)
    except Exception:
        return ()
    return out if all(math.isfinite(v) for v in out) else ()


def number(dataset: Dataset | None, keyword: str) -> float | None:
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first value, where it is a whole number that a float holds exactly; what counts with it never overflows."""
    found = number(dataset, keyword)
    return int(found) if found is not None and abs(found) <= _LARGEST and found == int(found) else None


def items(dataset: Dataset | None, keyword: str) -> tuple[Dataset, ...]:
    """Items of a sequence; () where it is missing, empty or no sequence."""
    try:
        value = dataset.get(keyword) if dataset is not None else None
        return tuple(item for item in value if isinstance(item, Dataset)) if value else ()
    except Exception:
        return ()


def first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    found = items(dataset, keyword)
    return found[0] if found else None


class Groups:
    """Functional groups of a multi-frame image: a frame's own item, else the shared one (PS3.3 C.7.6.16)."""

    def __init__(self, dataset: Dataset) -> None:
        self._shared = first_item(dataset, "SharedFunctionalGroupsSequence")
        self._per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")

    def __bool__(self) -> bool:
        return self._shared is not None or bool(self._per_frame)

    def item(self, frame: int, keyword: str) -> Dataset | None:
        own = self._per_frame[frame] if frame < len(self._per_frame) else None
        return first_item(own, keyword) or first_item(self._shared, keyword)

    def items(self, frame: int, keyword: str) -> tuple[Dataset, ...]:
        """All items of a group that may have several, such as what a frame was derived from."""
        own = self._per_frame[frame] if frame < len(self._per_frame) else None
        return items(own, keyword) or items(self._shared, keyword)

    def everywhere(self, keyword: str) -> Iterator[Dataset]:
        """The group's item of the shared groups and of each frame, where there is one."""
        for holder in (self._shared, *self._per_frame):
            found = first_item(holder, keyword)
            if found is not None:
                yield found
