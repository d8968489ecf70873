"""What of the open study is offered for sending: images and what is beside them, counted by kind, and what stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fineview.core.companion import Companion, Reference
from fineview.core.study import Catalogue, FileVerdict, FrameInfo, Patient, Problem, Series, Study
from fineview.services.shipment import shipment

ANN = Patient("ANN", "7")
STUDY = Study("1.1", ANN, series=(
    Series("s1", "1.1", "OPT", "macula", frames=tuple(FrameInfo("/a/1.dcm", n, "1.1.1") for n in range(3))),
    Series("s2", "1.1", "OP", "fundus", frames=(FrameInfo("/a/2.dcm", sop_uid="1.1.2"),
                                                FrameInfo("/a/3.dcm", sop_uid="1.1.3"))),
    Series("s3", "1.1", "", "photo", frames=(FrameInfo("/a/photo.png"),)),
    Series("s4", "1.1", "SEG", "fluid", frames=(FrameInfo("/a/4.dcm", sop_uid="1.1.4"),))))


def beside(sop: str, kind: str = "report", study: str = "1.1", person: Patient = ANN, refers: str = "") -> Companion:
    return Companion(f"/a/{sop}.dcm", kind, kind, sop, "", study, person.key,  # type: ignore[arg-type]
                     refers_to=(Reference(refers),) if refers else ())


def test_every_object_goes_once_and_is_counted_by_kind() -> None:
    catalogue = Catalogue((STUDY,), companions=(
        beside("1.1.4", "segmentation"), beside("1.1.5", "report"), beside("1.1.5", "report"),
        beside("1.1.6", "presentation"), beside("1.1.7", "key-objects", study="1.9", refers="1.1.2"),
        beside("1.1.2", "overlay-planes")))
    made = shipment(STUDY, catalogue)
    assert made.counts(made.keys) == (("OPT objects", 1), ("OP objects", 2), ("SEG objects", 1), ("report", 1),
                                      ("presentation", 1), ("key objects", 1))
    assert sorted(uid for uid, _, _ in made.objects(made.keys)) == [f"1.1.{n}" for n in range(1, 8)]
    assert made.objects({"s2"}) == (("1.1.2", "1.1", Path("/a/2.dcm")), ("1.1.3", "1.1", Path("/a/3.dcm")))


def test_what_stays_says_why() -> None:
    other = replace(STUDY, uid="1.2", series=())
    catalogue = Catalogue((STUDY, other), (FileVerdict("/a/copy", "duplicate", "1.1.1", same_as="/a/1.dcm"),),
                          (Problem("/a/x", "damaged", "", ""),), (
        beside("1.1.8", person=Patient("BOB", "8")), beside("1.1.9", study="1.2"), beside("", "document")))
    made = shipment(STUDY, catalogue)
    why = {load.key: load.why for load in made.loads if not load.objects}
    assert why == {"s3": "It is no DICOM object.", "/a/1.1.8.dcm": "It names another patient.",
                   "/a/1.1.9.dcm": "It belongs to another study.", "/a/.dcm": "It is no DICOM object."}
    assert not {"s3", "/a/1.1.8.dcm"} & made.keys
    assert [sentence.split(":")[0] for sentence in made.stays] == [
        "Other studies that are open stay here", "Second copies of the same objects stay here",
        "Files that could not be opened stay here", "Marks, answers and corrected lines are in none of these files"]


def test_a_report_just_written_goes_too_and_one_of_another_study_does_not() -> None:
    written = Catalogue(companions=(beside("2.25.1"), beside("2.25.2", study="1.2"), beside("1.1.5")))
    made = shipment(STUDY, Catalogue((STUDY,), companions=(beside("1.1.5"),)), written)
    assert [(load.kind, load.objects[0][0]) for load in made.loads if load.kind == "report just written"] == [
        ("report just written", "2.25.1")]
    assert made.stays == () and made.kinds()["2.25.1"] == "report just written: 2.25.1.dcm"
