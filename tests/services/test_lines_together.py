"""Layer lines of a volume drawn several B-scans at a time: the same lines in order, with progress and cancel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import Cancelled
from fineview.services.jobs import Token
from fineview.services.thickness_lines import from_model
from tests.services.test_thickness import LinesArchive, LinesEngine, volume


class Together(LinesEngine):
    """Reads two frames ahead of what it gives, as a network with two lanes does; each line tells its B-scan."""

    def __init__(self) -> None:
        self.read = 0

    def encode(self, rgb: Any, token: Token) -> int:
        raise AssertionError("frames are taken together")

    def encode_many(self, pictures: Iterator[Any], token: Token) -> Iterator[int]:
        held: list[int] = []
        for picture in pictures:
            self.read += 1
            held.append(int(picture[0, 0, 0]))
            if len(held) > 2:
                yield held.pop(0)
        yield from held

    def layers(self, encoding: int) -> dict[str, Any]:
        cols = super().layers(encoding)["ILM"].size
        return {"ILM": np.full(cols, 40 + encoding, np.float32), "RPE": np.full(cols, 125, np.float32)}


def test_every_b_scan_gets_its_own_lines_and_the_bar_moves() -> None:
    told: list[tuple[float, float]] = []
    lines = from_model(volume(), LinesArchive(), Together(),  # type: ignore[arg-type]
                       Token(lambda done, total, _: told.append((done, total))))
    count = len(volume().frames)
    assert np.array_equal(lines.rows["ILM"][1:, 0], 40 + np.arange(1, count))
    assert np.isnan(lines.rows["ILM"][0]).all()  # the first looks like no eye
    assert told == [(n, count) for n in range(count + 1)]


def test_cancel_stops_reading() -> None:
    engine, token = Together(), Token(lambda done, *_: token.cancel() if done == 3 else None)
    with pytest.raises(Cancelled):
        from_model(volume(), LinesArchive(), engine, token)  # type: ignore[arg-type]
    assert engine.read == 3 + 2 + 1
