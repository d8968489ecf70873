"""Round trips to a real Orthanc, both ways of talking to it: what comes back is what was sent, pixels to the byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")
pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")

from fineview import paths  # noqa: E402
from fineview.core.peer import Node, Query, Receipt, Secrets, Wish  # noqa: E402
from fineview.formats.archive import FileArchive  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats.conftest import last  # noqa: E402
from tests.formats.orthanc import Orthanc, needs_orthanc, orthanc  # noqa: E402

pytestmark = needs_orthanc
NONE = Secrets()


@dataclass(frozen=True)
class Filled:
    """Orthanc with the sample study and a JPEG 2000 image, sent by C-STORE and STOW-RS."""

    orthanc: Orthanc
    files: tuple[Path, ...]
    receipts: tuple[Receipt, ...]

    @property
    def originals(self) -> dict[str, Dataset]:
        return {str(one.SOPInstanceUID): one for one in map(dcmread, self.files)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    photograph, volume = (paths.sample_dir() / name for name in ("photograph.dcm", "volume.dcm"))
    compressed = Path(str(get_testdata_file("JPEG2000.dcm", download=False)))
    receipts: list[Receipt] = []
    peers = Peers(tmp_path_factory.mktemp("unused"))
    with orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        for node, files in ((running.dimse, (volume, compressed)), (running.web, (photograph,))):
            objects = [(str(dcmread(file, stop_before_pixels=True).SOPInstanceUID), file) for file in files]
            peers.send(node, NONE, objects, Token(), lambda uid: None, receipts.append)
        yield Filled(running, (photograph, volume, compressed), tuple(receipts))


@pytest.fixture(params=["dimse", "web"])
def node(request: pytest.FixtureRequest, filled: Filled) -> Node:
    return filled.orthanc.dimse if request.param == "dimse" else filled.orthanc.web


@pytest.fixture
def sample(filled: Filled) -> Dataset:
    return dcmread(filled.files[1])


def test_every_object_was_confirmed(filled: Filled) -> None:
    assert {one.sop_uid for one in filled.receipts if one.confirmed} == set(filled.originals)


def test_it_answers_and_lists_what_the_files_say(filled: Filled, node: Node, sample: Dataset, tmp_path: Path) -> None:
    peers = Peers(tmp_path)
    assert peers.echo(node, NONE, Token()) == "answers"
    studies = peers.find(node, NONE, Query(patient_id=sample.PatientID), Token()).rows
    assert [(one.study_uid, one.patient_name, one.date, one.description) for one in studies] == [
        (sample.StudyInstanceUID, str(sample.PatientName), sample.StudyDate, sample.StudyDescription)]
    assert studies[0].objects == 2 and set(studies[0].modality.split("\\")) == {"OP", "OPT"}
    series = peers.find(node, NONE, Query("series", study_uid=sample.StudyInstanceUID), Token()).rows
    assert {(one.series_uid, one.modality) for one in series} == {
        (one.SeriesInstanceUID, one.Modality) for one in filled.originals.values()
        if one.StudyInstanceUID == sample.StudyInstanceUID}
    patients = peers.find(node, NONE, Query("patient"), Token()).rows
    assert {one.patient_id for one in patients} == {str(one.PatientID) for one in filled.originals.values()}
    assert peers.find(node, NONE, Query(dates="19000101-19001231"), Token()).rows == ()


def same(one: Dataset, other: Dataset) -> bool:
    return all(one[tag].value == other[tag].value for tag in one.keys() | other.keys())


def test_what_is_retrieved_equals_what_was_sent_and_opens(filled: Filled, node: Node, sample: Dataset, tmp_path: Path,
                                                          archive: FileArchive) -> None:
    done = Peers(tmp_path).retrieve(node, NONE, Wish(sample.StudyInstanceUID), Token())
    assert done.complete and done.promised == len(done.arrived) == 2
    for one in done.arrived:
        assert Path(one.path).name == hashlib.sha256(one.sop_uid.encode()).hexdigest() + ".dcm"
        assert same(dcmread(one.path), filled.originals[one.sop_uid])
    opened = last(archive, Path(done.folder))
    assert [study.uid for study in opened.studies] == [sample.StudyInstanceUID] and not opened.problems


def test_one_series_alone_and_compressed_as_it_was_sent(filled: Filled, node: Node, tmp_path: Path) -> None:
    original = dcmread(filled.files[2])
    done = Peers(tmp_path).retrieve(node, NONE, Wish(original.StudyInstanceUID, original.SeriesInstanceUID), Token())
    assert done.complete and len(done.arrived) == 1
    back = dcmread(done.arrived[0].path)
    assert original.file_meta.TransferSyntaxUID.is_compressed
    assert back.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
    assert back.PixelData == original.PixelData


def test_c_move_brings_the_same_as_c_get(filled: Filled, sample: Dataset, tmp_path: Path) -> None:
    peers, dimse = Peers(tmp_path), filled.orthanc.dimse
    got = peers.retrieve(dimse, NONE, Wish(sample.StudyInstanceUID), Token())
    moved = peers.retrieve(replace(dimse, move_port=filled.orthanc.move_port), NONE, Wish(sample.StudyInstanceUID),
                           Token())
    assert moved.complete and all(one.known for one in moved.arrived)
    assert {one.path for one in moved.arrived} == {one.path for one in got.arrived}


def test_single_frames_are_the_files_frames(filled: Filled, sample: Dataset, tmp_path: Path) -> None:
    wish = Wish(sample.StudyInstanceUID, sample.SeriesInstanceUID)
    first, last_one = Peers(tmp_path).frames(filled.orthanc.web, NONE, wish, sample.SOPInstanceUID,
                                             [1, sample.NumberOfFrames], Token())
    held = [frame.rstrip(b"\0") for frame in generate_frames(sample.PixelData, number_of_frames=sample.NumberOfFrames)]
    assert [one.read_bytes().rstrip(b"\0") for one in (first, last_one)] == [held[0], held[-1]] and held[0] != held[-1]


def test_a_study_that_is_not_there(node: Node, tmp_path: Path) -> None:
    from fineview.core.errors import PeerProblem

    with pytest.raises(PeerProblem) as caught:
        Peers(tmp_path).retrieve(node, NONE, Wish("1.2.3.99"), Token())
    assert caught.value.code == "peer-not-found"
