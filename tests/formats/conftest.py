"""One archive for all tests of a module: its children start once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.core.study import Catalogue, FrameInfo
from fineview.formats.archive import FileArchive
from fineview.services.jobs import Token


@pytest.fixture(scope="session")
def archive() -> Iterator[FileArchive]:
    made = FileArchive()
    yield made
    made.close()


def last(archive: FileArchive, *paths: Path) -> Catalogue:
    """The complete catalogue.  Raises what the scan raises."""
    *_, complete = archive.scan(paths, Token())
    return complete


def frames_of(catalogue: Catalogue) -> dict[str | None, FrameInfo]:
    """Every frame by its SOP instance; of a multi-frame file the last."""
    return {frame.sop_uid: frame for study in catalogue.studies for series in study.series for frame in series.frames}
