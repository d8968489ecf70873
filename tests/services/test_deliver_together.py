"""Files that belong together appear together: a failure at the last leaves all old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.errors import ReportRefused
from fineview.services.deliver import deliver_together


def _refuse(_: bytes) -> None:
    raise ReportRefused("not what was written", "write again", "read-back")


def test_all_are_there_and_nothing_beside_them(tmp_path: Path) -> None:
    targets = tmp_path / "a" / "one.npy", tmp_path / "b" / "two.npy"
    assert deliver_together([(targets[0], b"1", None), (targets[1], b"2", None)]) == targets
    assert [path.read_bytes() for path in targets] == [b"1", b"2"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("bad", ["refused", "a folder in the way"])
def test_one_that_fails_keeps_the_others_as_they_were(bad: str, tmp_path: Path) -> None:
    first, second = tmp_path / "one.npy", tmp_path / "two.npy"
    first.write_bytes(b"old")
    wrong = (second, b"2", _refuse) if bad == "refused" else (first / "two.npy", b"2", None)
    with pytest.raises(Exception, match=r"not what was written|Not saved"):
        deliver_together([(first, b"new", None), wrong])
    assert first.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["one.npy"]
