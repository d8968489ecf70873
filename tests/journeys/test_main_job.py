"""The seven steps of the main job, on the bundled sample study, with the shipped encoder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from fineview.core.finding import Origin, State
from fineview.core.region import RegionKind
from fineview.gui.dialogs.intended_use import IntendedUse
from tests.journeys.conftest import Clinician, leave, seat

pytestmark = pytest.mark.slow


def test_1_first_start_shows_the_note_and_the_sample(qtbot, qapp, tmp_path: Path) -> None:
    person = seat(qtbot, tmp_path / "store", first_run=True)
    person.window.begin()
    note = person.window.findChild(IntendedUse)
    assert note is not None and note.isVisible()
    note.accept()
    assert person.window.pages.currentWidget() is person.window.welcome
    person.window.welcome.sample_wanted.emit()
    person.wait(lambda: person.session.raster is not None)
    assert person.window.pages.currentWidget() is person.window.split
    leave(person)


def test_2_a_study_opens_with_its_broken_neighbour_listed(clinician: Clinician, sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(sample, folder)
    whole = (folder / "photograph.dcm").read_bytes()
    (folder / "broken.dcm").write_bytes(whole[: len(whole) // 2].replace(b"1.2.826", b"1.2.999"))
    clinician.opens(folder)
    assert [len(s.frames) for s in clinician.session.study.series] == [25, 1]
    (problem,) = clinician.session.catalogue.problems
    assert problem.path.endswith("broken.dcm") and problem.what and problem.remedy
    assert clinician.window.state.banner.laterality.words == "right eye (OD)"
    assert clinician.session.index == 12  # the middle B-scan


def test_3_looking_changes_nothing_but_the_view(clinician: Clinician, sample: Path) -> None:
    clinician.opens(sample)
    look, canvas = clinician.bench.look, clinician.window.viewer.canvas
    assert clinician.window.state.markers[0] == "T" and clinician.window.state.markers[2] == "N"
    look.flip_horizontal()
    clinician.window.binder.update_now()
    assert clinician.window.state.markers[0] == "N" and clinician.window.state.markers[2] == "T"
    look.reset()
    before = clinician.window.state.image
    look.drag(60, 20)
    clinician.window.binder.update_now()
    assert not np.array_equal(before, clinician.window.state.image)
    value = int(clinician.session.raster.pixels[200, 100])
    assert look.pixel(100.5, 200.5).startswith(f"{value} ")
    # B-scan pixels are not square: a source square is drawn flatter than wide by the spacing's ratio.
    matrix = canvas.placement.matrix()
    assert abs(matrix.m22() / matrix.m11()) == pytest.approx(clinician.session.frame.spacing.aspect, rel=1e-6)
    qt_keys = {Qt.Key.Key_End: 24, Qt.Key.Key_Home: 0}
    for key, frame in qt_keys.items():
        clinician.qtbot.keyClick(clinician.window, key)
        clinician.wait(lambda frame=frame: clinician.session.index == frame)


def test_4_overlays_lie_on_the_source_grid_and_say_whose_they_are(clinician: Clinician, sample: Path) -> None:
    clinician.opens(sample)
    sha = clinician.app.engine().identity.sha256
    for kind in ("raw", "dar", "lesion"):
        clinician.shows(kind)
        overlay = clinician.window.state.overlay
        assert overlay.rgba.shape[:2] == (496, 512)
        assert (overlay.rect.x, overlay.rect.y, overlay.rect.w, overlay.rect.h) == (0, 0, 512, 496)
        assert f"retina-s {sha[:8]}" in overlay.legend
    clinician.bench.explain.set(mfp_scale=4, mfp_mode="pca")
    clinician.shows("mfp")
    fine = clinician.window.state.overlay
    clinician.bench.explain.set(mfp_scale=16)
    clinician.window.binder.update_now()
    coarse = clinician.window.state.overlay
    assert abs(fine.rgba.shape[0] - 4 * coarse.rgba.shape[0]) <= 4
    assert fine.rect.w == pytest.approx(512, abs=16 * 2) and coarse.rect.w == pytest.approx(512, abs=16 * 2)
    clinician.bench.explain.hold(True)
    clinician.window.binder.update_now()
    assert clinician.window.state.overlay is None
    clinician.bench.explain.hold(False)


def test_5_a_region_is_asked_about_and_the_numbers_are_those_of_the_header(clinician: Clinician, sample: Path) -> None:
    clinician.opens(sample)
    drawn = clinician.draws("box", (100, 200), (200, 300))
    mark = next(f for f in clinician.session.findings if f.id == drawn)
    box, spacing = mark.region.bounds, clinician.session.frame.spacing
    assert box.x == pytest.approx(100, abs=1.5) and box.h == pytest.approx(100, abs=1.5)
    size = clinician.asks("how large is it?")
    assert size.value == pytest.approx(box.w * spacing.col_mm * box.h * spacing.row_mm)
    assert size.unit == "mm2" and size.question.region_id == drawn
    lost = clinician.asks("how far is it from the fovea?")
    assert lost.abstained and "fovea" in lost.text
    clinician.bench.annotate.mark_fovea(box.centre[0] + 100, box.centre[1])
    clinician.wait(lambda: any(f.label == "fovea" for f in clinician.session.findings))
    clinician.bench.annotate.select(drawn)
    far = clinician.asks("how far is it from the fovea?")
    assert far.value == pytest.approx(100 * spacing.col_mm)
    seen = clinician.asks("is there fluid here?")
    assert seen.verdict in ("yes", "no", "cannot tell")
    assert seen.model.sha256 == clinician.app.engine().identity.sha256
    assert {"region", "map"} <= {citation.kind for citation in seen.citations}
    encoded = clinician.bench.ask._encodings.encoded
    clinician.asks("what is this?")
    assert clinician.bench.ask._encodings.encoded == encoded  # the same pixels are not encoded again
    clinician.bench.ask.cite(seen, next(c for c in seen.citations if c.kind == "map"))
    clinician.window.binder.update_now()
    clinician.wait(lambda: clinician.window.state.overlay is not None)
    assert clinician.session.selected == drawn


def test_6_decisions_survive_a_restart_and_the_model_keeps_to_its_layer(qtbot, qapp, sample: Path,
                                                                       tmp_path: Path) -> None:
    person = seat(qtbot, tmp_path / "store")
    person.opens(sample)
    own = person.draws("ellipse", (50, 60), (90, 120))
    kept = next(f for f in person.session.findings if f.id == own)
    person.bench.explain.analyse()
    person.wait(lambda: person.session.analysis is not None)
    assert next(f for f in person.session.findings if f.id == own) == kept
    suggested = [f for f in person.session.findings if f.origin is Origin.MODEL]
    assert suggested and all(f.state is State.SUGGESTED for f in suggested)
    person.bench.annotate.accept(suggested[0].id)
    person.wait(lambda: any(f.state is State.ACCEPTED and f.origin is Origin.MODEL for f in person.session.findings))
    if len(suggested) > 1:
        person.bench.annotate.reject(suggested[1].id)
        person.wait(lambda: any(f.state is State.REJECTED for f in person.session.findings))
    stored = {f.id: f for f in person.session.findings if f.state is not State.SUGGESTED}
    leave(person)

    again = seat(qtbot, tmp_path / "store")
    again.opens(sample)
    assert {f.id: f for f in again.session.findings} == stored
    again.bench.explain.analyse()
    again.wait(lambda: again.session.analysis is not None)
    assert {f.id for f in again.session.findings} == {own, *(f.id for f in suggested)}
    leave(again)


def test_7_only_what_was_accepted_enters_the_report(clinician: Clinician, sample: Path, tmp_path: Path) -> None:
    clinician.opens(sample)
    drawn = clinician.draws("box", (100, 200), (140, 260))
    clinician.bench.annotate.label(drawn, "drusen")
    clinician.wait(lambda: clinician.session.selected_finding.label == "drusen")
    clinician.bench.explain.analyse()
    clinician.wait(lambda: clinician.session.analysis is not None)
    suggested = [f for f in clinician.session.findings if f.origin is Origin.MODEL]
    clinician.bench.annotate.accept(suggested[0].id)
    clinician.wait(lambda: any(f.origin is Origin.MODEL and f.in_report for f in clinician.session.findings))
    kept, left_out = clinician.asks("how large is it?"), clinician.asks("which eye is this?")
    turn = clinician.window.chat._turns[-2]
    clinician.qtbot.mouseClick(turn.in_report, Qt.MouseButton.LeftButton, pos=QPoint(8, turn.in_report.height() // 2))
    clinician.wait(lambda: clinician.session.answers[-2].in_report)
    written: list[Path] = []
    clinician.bench.report.export(tmp_path / "out", ("pdf", "html", "json", "sr"), done=written.extend)
    clinician.wait(lambda: bool(written))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.dcm", "report.html", "report.json",
                                                                     "report.pdf"]
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    text = json.dumps(report, ensure_ascii=False)
    assert drawn in text and suggested[0].id in text
    assert kept.text in text and left_out.text not in text
    assert not any(f.id in text for f in suggested[1:])
    if shutil.which("dciodvfy"):
        checked = subprocess.run(["dciodvfy", tmp_path / "out" / "report.dcm"], capture_output=True, text=True,
                                 timeout=60, check=False)
        assert "Error" not in checked.stderr + checked.stdout
        assert checked.returncode == 0


def test_a_point_and_a_length_are_marks_too(clinician: Clinician, sample: Path) -> None:
    clinician.opens(sample)
    line = clinician.draws("length", (100, 100), (300, 100))
    assert next(f for f in clinician.session.findings if f.id == line).region.kind is RegionKind.LENGTH
    answer = clinician.asks("how long is it?")
    assert answer.unit == "mm"
    assert answer.value == pytest.approx(200 * clinician.session.frame.spacing.col_mm, rel=0.02)
