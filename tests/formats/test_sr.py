"""Structured reports: valid by dciodvfy, read back by another library, equal at every writing, refused where due."""

from __future__ import annotations

import dataclasses
import io
import shutil
import subprocess
from pathlib import Path

import highdicom.sr
import numpy as np
import pydicom
import pytest

from fineview.core.errors import ReportRefused
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.region import Region, RegionKind
from fineview.core.report import Measurement, Report, ReportItem
from fineview.core.study import FrameInfo, FrameKey, Laterality, Patient
from fineview.formats.archive import FileArchive
from fineview.formats.secondary_capture import capture_pictures
from fineview.formats.sr import SrWriter
from tests.formats.conftest import last
from tests.formats.real_files import shared
from tests.reports.sample_grids import grid_change, grid_entry
from tests.reports.test_grids import grid, with_grid

MODEL = ModelIdentity("retina-s", "1", "3f9a21c8" * 8)
OPT = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
SPACING = Spacing(0.004, 0.011, 0.24, ScaleSource.CALIBRATED)
_KINDS = {RegionKind.BOX: ((10, 20), (40, 60)), RegionKind.ELLIPSE: ((10, 20), (40, 60)),
          RegionKind.POLYGON: ((1, 2), (30, 4), (5, 60)), RegionKind.FREEHAND: ((1, 2), (30, 4), (5, 60), (2, 9)),
          RegionKind.POINT: ((7.5, 8.5),), RegionKind.LENGTH: ((1, 2), (40, 50)),
          RegionKind.ANGLE: ((30, 5), (10, 5), (20, 25))}


def _item(number: int, kind: RegionKind, **changes: object) -> ReportItem:
    by_model = number % 2 == 0
    finding = Finding(f"f{number}", "1.2.3", FrameKey("1.2.3.1", 4), Region(kind, _KINDS[kind]), "fluid",
                      Origin.MODEL if by_model else Origin.PERSON, State.EDITED if by_model else State.ACCEPTED,
                      "Dr Ada Müller", "near the fovea", "2026-03-04T10:00:00+01:00", "2026-03-04T10:05:00+01:00",
                      0.8612 if by_model else None, MODEL if by_model else None)
    sizes = (Measurement("Area", 0.031, "mm2", "calibrated"), Measurement("Width", 37.5, "px", "none", "unknown"),
             Measurement("Distance", None, "mm", "none", "mark the fovea"))
    frame = FrameInfo("/x/y.dcm", 4, "1.2.3.1.1", OPT, 496, 512, SPACING)
    item = ReportItem(finding, sizes, frame, Laterality("R", "header"), SPACING, 4, "OCT")
    return dataclasses.replace(item, **changes)  # type: ignore[arg-type]


def _report(items: tuple[ReportItem, ...]) -> Report:
    return Report(Patient("MUSTERMANN^ANNA", "4711", "19570212", "F"), "1.2.3", "20260304", "OCT macula", "A-1",
                  Laterality("R", "header"), "Dr Ada Müller", "2026-03-04T10:45:00+01:00", items, (),
                  summary="Fluid.", models=(MODEL,), software="FineView 0.1.0", uid="2.25.77", warnings=("Uneven.",))


ALL = _report(tuple(_item(number, kind) for number, kind in enumerate(_KINDS)))


def errors_of(data: bytes, folder: Path) -> list[str]:
    """What dciodvfy calls an error; its exit code is 0 either way."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (package dicom3tools) is not installed")
    path = folder / "checked.dcm"
    path.write_bytes(data)
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


def test_every_kind_of_region_is_valid_equal_and_reads_back(tmp_path: Path) -> None:
    writer = SrWriter()
    data = writer.render(ALL)
    assert data == writer.render(ALL)
    writer.verify(data, ALL)
    assert errors_of(data, tmp_path) == []


def test_a_thickness_grid_is_valid(tmp_path: Path) -> None:
    made = dataclasses.replace(ALL, grids=with_grid(grid("outer nasal")).grids)
    assert errors_of(SrWriter().render(made), tmp_path) == []


@pytest.mark.parametrize("why", ["", "The volumes are by different makers."])
def test_a_grid_that_was_compared_is_valid(why: str, tmp_path: Path) -> None:
    made = dataclasses.replace(ALL, grids=(grid_entry(grid_change(why)),))
    assert errors_of(SrWriter().render(made), tmp_path) == []


def test_the_validator_would_have_said_so(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(io.BytesIO(SrWriter().render(ALL)))
    del dataset.CompletionFlag
    out = io.BytesIO()
    dataset.save_as(out)
    assert errors_of(out.getvalue(), tmp_path)


def test_flags_and_identity() -> None:
    dataset = pydicom.dcmread(io.BytesIO(SrWriter().render(ALL)))
    assert (dataset.VerificationFlag, dataset.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert (dataset.PatientID, str(dataset.PatientName)) == ("4711", "MUSTERMANN^ANNA")
    assert dataset.SOPInstanceUID == "2.25.77"
    assert (dataset.ContentDate, dataset.ContentTime[:6]) == ("20260304", "104500")


def test_groups_as_another_library_reads_them() -> None:
    data = io.BytesIO(SrWriter().render(ALL))
    groups = highdicom.sr.srread(data).content.get_planar_roi_measurement_groups()
    assert len(groups) == len(RegionKind)
    for number, (group, (kind, points)) in enumerate(zip(groups, _KINDS.items(), strict=True)):
        assert group.finding_type.value == "fluid" and group.finding_sites[0].laterality.meaning == "Right"
        names = {one.name.meaning: (float(one.value), one.unit.value) for one in group.get_measurements()}
        assert names["Area"] == (0.031, "mm2") and names["Width"] == (37.5, "{pixels}") and "Distance" not in names
        assert ("Certainty of Finding" in names) == (number % 2 == 0)
        reference = group.roi.ContentSequence[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == "1.2.3.1.1" and reference.ReferencedFrameNumber == 5
        if kind is RegionKind.ELLIPSE:
            # Major axis first: the box 10..40 x 20..60 is taller than wide.
            assert np.array_equal(group.roi.value, [(25, 20), (25, 60), (10, 40), (40, 40)])
        elif kind in (RegionKind.POINT, RegionKind.LENGTH, RegionKind.ANGLE):
            assert np.allclose(np.reshape(group.roi.value, (-1, 2)), points)
        else:
            assert np.array_equal(group.roi.value[0], group.roi.value[-1])


def test_an_angle_and_a_perimeter_are_coded_and_read_back(tmp_path: Path) -> None:
    sizes = (Measurement("Angle", 63.4349, "deg", "calibrated"), Measurement("Perimeter", 2.5, "mm", "calibrated"))
    data = SrWriter().render(_report((_item(1, RegionKind.ANGLE, measurements=sizes),)))
    (group,) = highdicom.sr.srread(io.BytesIO(data)).content.get_planar_roi_measurement_groups()
    angle, around = group.get_measurements()
    # SNOMED CT 1483009 "Angle", 131191004 "Perimeter"; UCUM "deg" (PS3.16 CID 7464 and UCUM 4.2).
    assert (angle.name.scheme_designator, angle.name.value, float(angle.value)) == ("SCT", "1483009", 63.4349)
    assert (angle.unit.scheme_designator, angle.unit.value) == ("UCUM", "deg")
    assert (around.name.value, around.unit.value) == ("131191004", "mm")
    assert group.roi.graphic_type.value == "POLYLINE"
    assert np.array_equal(group.roi.value, _KINDS[RegionKind.ANGLE])
    assert errors_of(data, tmp_path) == []


def test_only_the_model_s_findings_name_an_algorithm() -> None:
    def texts(item: pydicom.Dataset) -> list[str]:
        return [str(one.TextValue) for one in item.ContentSequence if one.ValueType == "TEXT"]

    dataset = pydicom.dcmread(io.BytesIO(SrWriter().render(ALL)))
    holder = next(one for one in dataset.ContentSequence if one.ValueType == "CONTAINER"
                  and one.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements")
    for number, group in enumerate(holder.ContentSequence):
        named = {"retina-s", "1", f"sha256={MODEL.sha256}"} <= set(texts(group))
        assert named == (number % 2 == 0)
        person = [str(one.PersonName) for one in group.ContentSequence if one.ValueType == "PNAME"]
        assert person == ["Dr Ada Müller^"]
        story = "Suggested by retina-s 3f9a21c8, edited by" if named else "Drawn by Dr Ada Müller"
        assert any(text.startswith(story) for text in texts(group))


def test_regions_are_kept_inside_the_image() -> None:
    finding = dataclasses.replace(ALL.items[1].finding, region=Region(RegionKind.ELLIPSE, ((-20, 10), (30, 50))))
    report = _report((dataclasses.replace(ALL.items[1], finding=finding),))
    data = SrWriter().render(report)
    SrWriter().verify(data, report)
    group = highdicom.sr.srread(io.BytesIO(data)).content.get_planar_roi_measurement_groups()[0]
    assert group.roi.value.min() >= 0


def test_bytes_that_were_changed_do_not_verify() -> None:
    data = SrWriter().render(ALL)
    with pytest.raises(ReportRefused) as caught:
        SrWriter().verify(data.replace(MODEL.sha256.encode(), MODEL.sha256.encode()[::-1], 1), ALL)
    assert caught.value.code == "read-back"
    with pytest.raises(ReportRefused):
        SrWriter().verify(data[:200], ALL)


def test_a_picture_is_refused_or_first_captured(archive: FileArchive, tmp_path: Path) -> None:
    study = last(archive, shared("A_ophthalmic/fundus/retina.jpg")).studies[0]
    frame = study.series[0].frames[0]
    items = tuple(_item(n, RegionKind.BOX, frame=frame, laterality=Laterality()) for n in (0, 1))
    report = dataclasses.replace(_report(items), study_uid=study.uid, patient=Patient())
    with pytest.raises(ReportRefused, match="no SOP instance") as caught:
        SrWriter().render(report)
    assert caught.value.code == "no-sop-instance" and "Secondary Capture" in caught.value.remedy
    told, files = capture_pictures(report, archive)
    assert len(files) == 1 and errors_of(files[0][1], tmp_path) == []
    data = SrWriter().render(told)
    SrWriter().verify(data, told)
    assert errors_of(data, tmp_path) == []
    (tmp_path / "capture.dcm").write_bytes(files[0][1])
    found = last(archive, tmp_path / "capture.dcm").studies[0]
    assert found.uid == study.uid and found.series[0].frames[0].sop_uid == told.items[0].frame.sop_uid
    assert np.array_equal(archive.read_frame(found.series[0].frames[0]).pixels, archive.read_frame(frame).pixels)


def test_nothing_to_report_is_refused() -> None:
    with pytest.raises(ReportRefused) as caught:
        SrWriter().render(_report(()))
    assert caught.value.code == "no-findings"
