"""Reading children that are started ahead of the first question."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fineview.formats.archive import FileArchive
from fineview.formats.write_series import write_series, write_sparse_series
from fineview.services.jobs import Token


def test_the_first_scan_and_the_first_frame_find_their_reader_there(tmp_path: Path) -> None:
    write_series(tmp_path, [np.full((4, 6), value, np.uint8) for value in (3, 9)])
    archive = FileArchive()
    try:
        assert archive._readers.pids() == ()
        archive.warm()
        there = archive._readers.pids()
        assert len(there) == 2
        scan = archive.scan([tmp_path], Token())
        found = next(scan)
        raster = archive.read_frame(found.studies[0].series[0].frames[0])
        assert (raster.pixels == 3).all() and raster.pixels.shape == (4, 6)
        list(scan)
        archive.warm()
        assert archive._readers.pids() == there
    finally:
        archive.close()


def test_a_sparse_series_reads_as_zeros_of_its_size(tmp_path: Path) -> None:
    paths = write_sparse_series(tmp_path, 3, (64, 32))
    archive = FileArchive()
    try:
        *_, found = archive.scan([tmp_path], Token())
        frames = found.studies[0].series[0].frames
        assert [frame.path for frame in frames] == [str(path) for path in paths]
        raster = archive.read_frame(frames[2])
        assert raster.pixels.dtype == np.uint16 and raster.pixels.shape == (64, 32) and not raster.pixels.any()
    finally:
        archive.close()
