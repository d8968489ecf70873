"""The instrument that a file names, and whether two files name the same maker."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.device import Device
from fineview.formats.dicom_read import read_record
from fineview.formats.heyex_vol import HeyexVol
from fineview.formats.instruments import records_of
from tests.formats import made_heyex
from tests.formats.made import as_bytes, image


@pytest.mark.parametrize(("one", "other", "same"), [
    ("Carl Zeiss Meditec", "Carl Zeiss Meditec AG", True), ("Heidelberg Engineering", "HEIDELBERG ENGINEERING", True),
    ("Topcon", "Heidelberg Engineering", False), ("", "Topcon", None), ("Topcon", "", None), ("", "", None)])
def test_makers_are_told_apart_by_their_first_word(one: str, other: str, same: bool | None) -> None:
    assert Device(one).same_maker(Device(other)) is same


def test_words_of_a_device() -> None:
    assert Device("Topcon", "3D OCT-1", "8.42").words == "Topcon 3D OCT-1, software 8.42"
    assert Device("Zeiss", "ZEISS Cirrus").words == "ZEISS Cirrus" and Device().words == "device unknown"
    assert Device(software="2").words == "software 2"


def test_a_dicom_file_names_its_device(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(as_bytes(image(Manufacturer="Maker", ManufacturerModelName="Eye 5",
                                    SoftwareVersions=["1.2", "firm 7"])))
    assert read_record(str(path)).device == Device("Maker", "Eye 5", "1.2, firm 7")


@pytest.mark.parametrize(("version", "maker"), [(b"HSF-OCT-103", "Heidelberg Engineering"), (b"ep-vol", "")])
def test_a_vol_file_is_the_maker_s_own_only_where_its_mark_says_so(version: bytes, maker: str, tmp_path: Path) -> None:
    path = tmp_path / "a.vol"
    path.write_bytes(made_heyex.vol(version=version))
    assert {one.device.maker for one in records_of(HeyexVol(), str(path))} == {maker}
