"""Names in every script: real files against the examples of PS3.5 annexes H to K, and against what dcmtk reads."""

from __future__ import annotations

import re
import subprocess

import pytest

from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.dcmtk import dcmtk
from tests.formats.real_files import shared

ANNEXES = {"chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう", "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
           "chrI2": "Hong^Gildong=洪^吉洞=홍^길동", "chrX1": "Wang^XiaoDong=王^小東", "chrX2": "Wang^XiaoDong=王^小东"}
OTHERS = ("chrArab", "chrFren", "chrFrenMulti", "chrGerm", "chrGreek", "chrHbrw", "chrRuss", "chrI2", "chrX1", "chrX2")


def name_of(archive: FileArchive, stem: str) -> str:
    return last(archive, shared(f"C_dicom/charset/{stem}.dcm")).studies[0].patient.name


@pytest.mark.parametrize("stem", ANNEXES)
def test_names_of_the_standard(archive: FileArchive, stem: str) -> None:
    assert name_of(archive, stem) == ANNEXES[stem]


@pytest.mark.parametrize("stem", OTHERS)
def test_names_as_dcmtk_reads_them(archive: FileArchive, stem: str) -> None:
    path = shared(f"C_dicom/charset/{stem}.dcm")
    said = subprocess.run([dcmtk("dcmdump"), "+U8", "+P", "0010,0010", path], capture_output=True, check=True)
    found = re.search(r"\[(.*)\]", said.stdout.decode("utf-8"))
    assert found and name_of(archive, stem) == found[1].rstrip("= ") != ""
