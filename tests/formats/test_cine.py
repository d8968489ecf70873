"""The speed a file gives (PS3.3 C.7.6.5), by hand."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from fineview.formats.cine import frame_rate


@pytest.mark.parametrize(("elements", "expected"), [
    ({}, None),
    ({"RecommendedDisplayFrameRate": 15, "CineRate": 30, "FrameTime": "40"}, 15.0),
    ({"CineRate": 30, "FrameTime": "40"}, 30.0),
    ({"FrameTime": "40"}, 25.0),
    ({"FrameTime": "0"}, None),
    ({"FrameTimeVector": ["0", "50", "150"]}, 10.0),  # 200 ms for two steps
    ({"FrameTimeVector": ["0"]}, None),
    ({"CineRate": 0, "FrameTime": "33.3333"}, pytest.approx(30.0, abs=0.001)),
    ({"FrameTime": "-40"}, None), ({"FrameTime": "1e-320"}, None), ({"CineRate": 10**9, "FrameTime": "40"}, 25.0)])
def test_the_rate_a_file_gives(elements: dict[str, object], expected: float | None) -> None:
    d = Dataset()
    for keyword, value in elements.items():
        setattr(d, keyword, value)
    assert frame_rate(d) == expected
