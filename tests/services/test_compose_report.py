"""Reports from real files by the real writers: one study, only what was accepted, the same bytes, all or none."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.app import App, _capture
from fineview.core.errors import ReportRefused
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey, Series, Study
from fineview.formats.write_series import write_series
from fineview.services.compose_report import ReportRequest, compose, write_report
from fineview.services.frame_choice import choose_series
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all

ALL = ("pdf", "html", "json", "sr")


class Desk:
    def __init__(self, folder: Path) -> None:
        self.app, self.folder = App(data_dir=folder / "store"), folder

    def opened(self, path: Path) -> tuple[Study, Series]:
        return choose_series(scan_all(self.app.archive, [path], Token()), None)

    def request(self, study: Study, *findings: Finding) -> ReportRequest:
        return ReportRequest(study, findings, (), (), "Dr Reader", "2026-01-02T03:04:05+00:00", "FineView test")

    def report(self, study: Study, *findings: Finding):
        return compose(self.request(study, *findings), self.app.archive, Token())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def slices(tmp_path: Path) -> Path:
    (tmp_path / "slices").mkdir()
    write_series(tmp_path / "slices", [np.full((40, 50), 30 * number, np.uint8) for number in range(3)])
    return tmp_path / "slices"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(tmp_path / "in" / "eye.png")
    return tmp_path / "in" / "eye.png"


def finding(study: Study, series: Series, index: int, number: int = 1, **changes: object) -> Finding:
    frame = series.frames[index]
    made = Finding(f"p-{number}", study.uid, FrameKey(series.uid, index), Region.from_box(Box(5, 6, 10, 8)), "drusen",
                   Origin.PERSON, State.ACCEPTED, "Dr Reader", created="2026-01-02T03:04:05+00:00",
                   sop_uid=frame.sop_uid, frame_in_file=frame.frame_in_file)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_two_studies_are_never_mixed(desk: Desk, slices: Path) -> None:
    study, series = desk.opened(slices)
    other = finding(study, series, 0, study_uid="9.9.9")
    with pytest.raises(ReportRefused) as refused:
        desk.report(study, finding(study, series, 0), other)
    assert refused.value.code == "mixed-patients" and refused.value.remedy


def test_only_what_was_accepted_and_named_enters(desk: Desk, slices: Path) -> None:
    study, series = desk.opened(slices)
    states = (State.ACCEPTED, State.EDITED, State.SUGGESTED, State.REJECTED)
    marks = [finding(study, series, 1, number, state=state) for number, state in enumerate(states)]
    made = desk.report(study, *marks, finding(study, series, 1, 9, label=""))
    assert [item.finding.id for item in made.items] == ["p-0", "p-1"]
    assert [figure.name for figure in made.figures] == ["finding-1", "finding-2"]


def test_the_same_request_gives_the_same_bytes(desk: Desk, slices: Path) -> None:
    study, series = desk.opened(slices)
    written = [write_report(desk.report(study, finding(study, series, 1)), desk.app.writers(), ALL,
                            desk.folder / name) for name in ("one", "two")]
    for first, second in zip(*written, strict=True):
        assert first.name == second.name and first.read_bytes() == second.read_bytes()
    assert [path.name for path in written[0]] == ["report.pdf", "report.html", "report.json", "report.dcm"]


def test_sizes_come_from_the_spacing_of_the_file(desk: Desk, slices: Path) -> None:
    study, series = desk.opened(slices)
    spacing = series.frames[1].spacing
    area = next(m for m in desk.report(study, finding(study, series, 1)).items[0].measurements if m.name == "Area")
    assert area.value == pytest.approx(10 * spacing.col_mm * 8 * spacing.row_mm)


def test_a_refused_format_leaves_nothing_half_done(desk: Desk, picture: Path) -> None:
    study, series = desk.opened(picture)
    made = desk.report(study, finding(study, series, 0))
    with pytest.raises(ReportRefused) as refused:
        write_report(made, desk.app.writers(), ALL, desk.folder / "out")
    assert refused.value.code == "no-sop-instance" and "Secondary Capture" in refused.value.remedy
    with pytest.raises(ReportRefused) as unknown:
        write_report(made, desk.app.writers(), ("json", "docx"), desk.folder / "out")
    assert unknown.value.code == "unknown-format"
    assert not (desk.folder / "out").exists()


def test_a_picture_can_be_written_as_secondary_capture_first(desk: Desk, picture: Path) -> None:
    study, series = desk.opened(picture)
    made, captures = _capture(desk.report(study, finding(study, series, 0)), desk.app.archive)
    assert len(captures) == 1 and made.items[0].frame.sop_uid
    for name, data in captures:
        (desk.folder / name).write_bytes(data)
        _, captured = desk.opened(desk.folder / name)
        assert captured.frames[0].sop_uid == made.items[0].frame.sop_uid
        assert np.array_equal(desk.app.archive.read_frame(captured.frames[0]).pixels,
                              desk.app.archive.read_frame(series.frames[0]).pixels)
    assert len(write_report(made, desk.app.writers(), ALL, desk.folder / "out")) == 4


def test_a_mark_stays_on_its_pixels_where_only_a_part_is_open(desk: Desk, slices: Path) -> None:
    """Marked on the last of three slices; with that slice alone it is frame 1, with another alone it is nowhere."""
    study, series = desk.opened(slices)
    marked = finding(study, series, 2)
    last = series.frames[2]
    part, _ = desk.opened(Path(last.path))
    (item,) = desk.report(part, marked).items
    assert (item.frame.sop_uid, item.frame.path, item.frame_number) == (last.sop_uid, last.path, 1)
    other, _ = desk.opened(Path(series.frames[0].path))
    with pytest.raises(ReportRefused) as refused:
        desk.report(other, marked)
    assert refused.value.code == "image-not-open" and "whole study" in refused.value.remedy


def test_what_is_written_names_who_and_how_sure(desk: Desk, slices: Path) -> None:
    study, series = desk.opened(slices)
    write_report(desk.report(study, finding(study, series, 1)), desk.app.writers(), ("json", "html"),
                 desk.folder / "out")
    told = json.loads((desk.folder / "out" / "report.json").read_text("utf-8"))
    page = (desk.folder / "out" / "report.html").read_text("utf-8")
    assert "Dr Reader" in json.dumps(told) and "Dr Reader" in page
    assert "Research use only" in json.dumps(told) and "Research use only" in page


def test_a_mark_without_a_name_is_signed_by_the_author_and_one_without_a_label_is_told(desk, picture: Path) -> None:
    study, series = desk.opened(picture)
    drawn = Finding("p-1", study.uid, FrameKey(series.uid, 0), Region.from_box(Box(1, 1, 9, 9)), "naevus",
                    Origin.PERSON, State.ACCEPTED)
    report = desk.report(study, drawn, dataclasses.replace(drawn, id="p-2", label=""))
    assert [item.finding.author for item in report.items] == ["Dr Reader"]
    assert any("1 mark without a label" in words for words in report.warnings)
