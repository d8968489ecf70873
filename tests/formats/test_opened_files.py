"""Files that stay open in the reader: a few, and little of its memory."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.formats import opened_files
from fineview.formats.opened_files import opened_dicom
from fineview.formats.write_series import write_sparse_series


@pytest.fixture(autouse=True)
def nothing_open() -> Iterator[None]:
    def forget() -> None:
        while opened_files._opened:
            opened_files._opened.popitem()[1].source.close()

    forget()
    yield
    forget()


def test_a_file_is_parsed_once_while_it_is_among_the_last_six(tmp_path: Path) -> None:
    paths = [str(one) for one in write_sparse_series(tmp_path, 7, (8, 8))]
    first = opened_dicom(paths[0])
    for path in paths[:6]:
        opened_dicom(path)
    assert opened_dicom(paths[0]) is first
    for path in paths[1:]:
        opened_dicom(path)
    assert first.source.closed and opened_dicom(paths[0]) is not first


def test_inflated_files_give_way_before_the_next_one_needs_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                                   ) -> None:
    paths = []
    for path in write_sparse_series(tmp_path, 5, (64, 64)):
        path.write_bytes(gzip.compress(path.read_bytes()))
        paths.append(str(path))
    each = 64 * 64 * 2
    monkeypatch.setattr(opened_files, "_HELD_BYTES", 3 * each)
    opened = [opened_dicom(path) for path in paths]
    assert all(each < one.size < 1.5 * each for one in opened)
    assert [one.source.closed for one in opened] == [True, True, False, False, False]


def test_the_file_opened_last_stays_however_large_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object is drawn on an image: both must be open at once."""
    image, laid_over = write_sparse_series(tmp_path, 2, (64, 64))
    image.write_bytes(gzip.compress(image.read_bytes()))
    monkeypatch.setattr(opened_files, "_HELD_BYTES", 1000)
    picture = opened_dicom(str(image))
    opened_dicom(str(laid_over))
    assert picture.size > 1000 and not picture.source.closed
