"""How fast the frames of a file are meant to follow each other (PS3.3 C.7.6.5)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from fineview.formats.values import number, numbers

_FASTEST = 1000.0  # nothing is watched faster: such numbers are damage


def frame_rate(dataset: Dataset) -> float | None:
    """Frames per second: as recommended for display, else of the recording, else of its times; None: not told."""
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = number(dataset, keyword)
        if rate is not None and 0 < rate <= _FASTEST:
            return float(rate)
    # The first entry of the vector is always 0: nothing lies before the first frame (C.7.6.5.1.2).
    steps = numbers(dataset, "FrameTime") or numbers(dataset, "FrameTimeVector")[1:]
    spent = sum(steps)
    return 1000.0 * len(steps) / spent if spent * _FASTEST >= 1000.0 * len(steps) > 0 else None
