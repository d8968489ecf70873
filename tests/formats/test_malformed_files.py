"""Every file of the malformed ones, each through the real reading child: an image with all its pixels, or one verdict.

What becomes of the header stands in ``test_catalogue_of_real_files``; here, what becomes of the pixels.
"""

from __future__ import annotations

import pytest

from fineview.core.errors import FineViewError
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.real_files import catalogue, shared
from tests.formats.test_catalogue_of_real_files import expected
from tests.shared_data import needs_shared

pytestmark = needs_shared
_ROWS = {row["path"]: row for row in catalogue() if row["path"].startswith("D_malformed")}
# A header in order before a code stream that nobody can decode: "pixels FAIL" in the catalogue too.
_UNDECODABLE = {"D_malformed/pydicom/JPEG2000-embedded-sequence-delimiter.dcm": "damaged"}


def _outcome(archive: FileArchive, path: str) -> str:
    """"image" where every frame decodes to its size, the code of the error where one does not or nothing opens."""
    try:
        found = last(archive, shared(path))
        for series in (series for study in found.studies for series in study.series):
            for frame in series.frames:
                raster = archive.read_frame(frame)
                assert (raster.rows, raster.cols) == (frame.rows, frame.cols)
    except FineViewError as error:
        assert error.what and error.remedy and "\n" not in str(error)
        return error.code
    return "image"


@pytest.mark.parametrize("path", sorted(_ROWS))
def test_a_malformed_file_ends_in_an_image_or_a_typed_verdict(archive: FileArchive, path: str) -> None:
    wanted = _UNDECODABLE.get(path) or expected(_ROWS[path])
    if wanted == "object":  # chosen by itself it has nothing to show, and says so
        wanted = "not-an-image"
    assert _outcome(archive, path) == wanted
