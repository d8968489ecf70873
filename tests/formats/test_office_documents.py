"""A letter among the images: a document of an office program is a ZIP by its make, and no archive to a person."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fineview.core.errors import InputProblem
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made import image

OFFICE = "This is a document of an office program, not an image."


@pytest.mark.parametrize(("first", "content"), [
    ("[Content_Types].xml", "<Types/>"), ("mimetype", "application/vnd.oasis.opendocument.text")])
def test_a_letter_is_named_as_one(archive: FileArchive, tmp_path: Path, first: str, content: str) -> None:
    with zipfile.ZipFile(tmp_path / "letter", "w") as made:
        made.writestr(first, content)
        made.writestr("content.xml", "<w/>")
    with pytest.raises(InputProblem) as told:
        last(archive, tmp_path / "letter")
    assert told.value.what == OFFICE
    image().save_as(tmp_path / "image", enforce_file_format=True)
    found = last(archive, tmp_path)
    assert len(found.studies) == 1 and [one.what for one in found.problems] == [OFFICE]


def test_an_archive_stays_one(archive: FileArchive, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "study", "w") as made:
        made.writestr("mimetype", "a list of kinds that some export left behind")
        image().save_as(tmp_path / "image", enforce_file_format=True)
        made.write(tmp_path / "image", "image")
    assert len(last(archive, tmp_path / "study").studies) == 1
