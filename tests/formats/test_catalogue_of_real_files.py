"""Every row of the shared data's catalogue, which other programs wrote, against what is opened here."""

from __future__ import annotations

import re
from pathlib import Path

import pydicom
import pytest

from fineview.core.errors import FineViewError
from fineview.core.study import Catalogue, FileVerdict, Series
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.real_files import catalogue, has_pixels, is_picture, shared
from tests.shared_data import needs_shared

pytestmark = needs_shared
ROWS = {row["path"]: row for row in catalogue()}
_MODES = {"L": "MONOCHROME2", "RGB": "RGB"}
# What a person reads from the catalogue's remarks where its columns do not decide.  An image unless named.
BY_HAND = {
    # "Heidelberg HEYEX": an export of an instrument is no companion, it is the recording.
    "A_ophthalmic/heyex_xml/test_dummy.xml": "image",
    "A_ophthalmic/heyex_vol/test_volume.vol": "image",
    # "Also describes the held-out B-scans": most of the pictures it names are not there.
    "B_ground_truth/spectralis_drusen/OCT-Info.xml": "incomplete",
    # "Force ok, no pixels": a text, which only force takes for DICOM.
    "C_dicom/dicomdir_fileset/TINY_ALPHA/README": "not-an-image",
    # "Pixels FAIL": single bits and deflated frames, which the standard allows and that program did not decode.
    "C_dicom/pydicom_data/liver_deflate.dcm": "image",
    "C_dicom/pydicom_data/liver_rle.dcm": "image",
    "D_malformed/pydicom_data/liver_nonbyte_aligned_deflate.dcm": "image",
    "D_malformed/pydicom_data/liver_nonbyte_aligned_rle.dcm": "image",
    # "Pixels FAIL" for want of file meta that says how; the bytes themselves say it.
    "D_malformed/pydicom_data/OT-PAL-8-face.dcm": "image",
    # "Force ok" again: a stray byte before the data set, after which nothing is where it should be.
    "D_malformed/pydicom/no_meta.dcm": "not-an-image",
    # "Too short" by the mark of its end alone, at which that program gave up: all ten frames are there.
    "D_malformed/pydicom_data/emri_small_jpeg_2k_lossless_too_short.dcm": "image",
    # "Pixels FAIL" where there are no pixels at all.
    "D_malformed/pydicom/meta_missing_tsyntax.dcm": "object",
    "D_malformed/pydicom/nested_priv_SQ.dcm": "object",
    # "Truncated" and "bad VR": 14 bytes short; cut inside a sequence; Number of Frames is "1A".
    "D_malformed/pydicom/MR_truncated.dcm": "truncated",
    "D_malformed/pydicom/rtplan_truncated.dcm": "truncated",
    "D_malformed/pydicom/badVR.dcm": "frames",
    # A header in order; the pixels are refused when they are decoded (test_malformed_files).
    "D_malformed/pydicom/JPEG-lossy.dcm": "image",
    "D_malformed/pydicom/JPEG2000-embedded-sequence-delimiter.dcm": "image",
}


def expected(row: dict[str, str]) -> str:
    """"image", "object", or the code of the problem, from what the catalogue says of the file."""
    if row["path"] in BY_HAND:
        return BY_HAND[row["path"]]
    if row["verified"] == "non-DICOM companion":
        return "not-an-image"
    assert "pixels FAIL" not in row["verified"], f"{row['path']}: decide by hand"
    return "image" if has_pixels(row) else "object"


@pytest.fixture(scope="module")
def whole(archive: FileArchive) -> Catalogue:
    """All of the catalogue's folders at once."""
    return last(archive, *(shared(folder) for folder in sorted({path.split("/")[0] for path in ROWS})))


def test_every_catalogued_file_is_listed_once(whole: Catalogue) -> None:
    assert len(ROWS) == 641
    listed = [one.path for one in whole.files]
    assert len(listed) == len(set(listed)) and {str(shared(path)) for path in ROWS} <= set(listed)


def test_every_file_opens_or_has_the_verdict_that_its_note_predicts(whole: Catalogue) -> None:
    verdicts = {one.path: one for one in whole.files}
    problems = {one.path: one.code for one in whole.problems}
    wrong = []
    for path, row in ROWS.items():
        one = verdicts[str(shared(path))]
        found = problems.get(one.path, "none") if one.verdict == "problem" else one.verdict
        if one.verdict == "duplicate":
            found = verdicts[str(one.same_as)].verdict
        if found != expected(row):
            wrong.append((path, found, expected(row)))
    assert not wrong


@pytest.mark.filterwarnings("ignore")  # the reference's opinion of odd files is not asked here
@pytest.mark.logs("")
def test_copies_are_the_files_that_bear_the_identification_of_an_earlier_one(whole: Catalogue) -> None:
    """Read with pydicom: in the order of the list, whoever comes first keeps the identification."""
    first: dict[str, str] = {}
    good = [one for one in whole.files if one.verdict != "problem"]
    for one in good:
        uid = _instance(Path(one.path))
        if uid:
            owner = first.setdefault(uid, one.path)
            assert (one.verdict, one.same_as) == (("duplicate", owner) if owner != one.path else (one.verdict, None))
    assert sum(one.verdict == "duplicate" for one in good) > 60


def _instance(path: Path) -> str:
    if is_picture(path.name) or path.suffix in (".xml", ".vol", ".txt", ".gz", ".mat"):
        return ""
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPInstanceUID"], force=True)
    return str(header.get("SOPInstanceUID") or header.file_meta.get("MediaStorageSOPInstanceUID", ""))


def test_sizes_of_all_images_agree_with_the_catalogue(whole: Catalogue) -> None:
    verdicts = {one.path: one for one in whole.files}
    images = [row for row in ROWS.values() if expected(row) == "image" and row["rows"]]
    assert len(images) > 450
    wrong = [row["path"] for row in images if _size(verdicts[str(shared(row["path"]))]) != (
        int(row["rows"]), int(row["cols"]), int(row["frames"] or 1))]
    assert not wrong


def _size(one: FileVerdict) -> tuple[int | None, int | None, int | None]:
    return one.rows, one.cols, one.frames


def test_kind_depth_syntax_spacing_and_side_agree_with_the_catalogue(archive: FileArchive) -> None:
    """Each image by itself: in the whole, copies of one another hide each other."""
    wrong = []
    for path, row in ROWS.items():
        if expected(row) != "image" or row["kind"].startswith("Heidelberg HEYEX XML"):
            continue
        series = last(archive, shared(path)).studies[0].series[0]
        wrong += [(path, *one) for one in _differences(series, row)]
    assert not wrong


def _differences(series: Series, row: dict[str, str]) -> list[tuple[str, object, object]]:
    syntax = re.search(r"[\d.]+(?=\)?$)", row["transfer_syntax"])
    mode = row["photometric_or_mode"]
    said: dict[str, tuple[object, object]] = {
        "photometric": (series.photometric, _MODES.get(mode, mode) if is_picture(row["path"]) else mode),
        "bits": (str(series.bits), row["bits_alloc/stored"].rpartition("/")[2]),
        "syntax": (series.transfer_syntax, syntax[0] if syntax else ""),
        "side": (series.laterality.value, {"OD": "R", "OS": "L"}.get(row["laterality"], row["laterality"])),
        "spacing": _spacings(series, row["pixel_spacing"])}
    return [(name, found, wanted) for name, (found, wanted) in said.items() if wanted and found != wanted]


def _spacings(series: Series, said: str) -> tuple[object, object]:
    """Row then column; the catalogue writes DICOM's pair as a list, HEYEX's with a backslash."""
    numbers = tuple(float(one) for one in re.findall(r"[\d.]+(?:[eE][-+]?\d+)?", said))
    return (series.spacing.row_mm, series.spacing.col_mm) if numbers else (), numbers


def test_no_side_is_told_where_the_catalogue_knows_none(archive: FileArchive) -> None:
    """Its note on one photograph knows the eye, the file does not: a side is never guessed."""
    assert ROWS["A_ophthalmic/fundus/retina.jpg"]["note"].startswith("left eye")
    series = last(archive, shared("A_ophthalmic/fundus/retina.jpg")).studies[0].series[0]
    assert series.laterality.value is None and series.laterality.source == "none"


def test_an_unreadable_file_among_good_ones_is_listed_and_the_good_ones_open(archive: FileArchive) -> None:
    good, bad = shared("C_dicom/pydicom/MR_small.dcm"), shared("D_malformed/pydicom/MR_truncated.dcm")
    found = last(archive, bad, good)
    assert [(Path(one.path).name, one.verdict) for one in found.files] == [
        ("MR_truncated.dcm", "problem"), ("MR_small.dcm", "image")]
    assert [one.code for one in found.problems] == ["truncated"]
    assert archive.read_frame(found.studies[0].series[0].frames[0]).rows == 64


def test_an_object_by_itself_says_that_it_has_no_pixels(archive: FileArchive) -> None:
    with pytest.raises(FineViewError) as caught:
        last(archive, shared("C_dicom/pydicom/test-SR.dcm"))
    assert (caught.value.code, "without pixels" in caught.value.what) == ("not-an-image", True)
