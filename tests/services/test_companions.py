"""Which frames objects belong to, what the window is told, and what the command line proves; over real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.cli.objects import objects_lines, objects_list
from fineview.core.companion import Companion, Drawing, Mask, Presentation, Reference, Shape
from fineview.core.errors import InputProblem
from fineview.core.geometry import Box
from fineview.core.image import Raster, Window
from fineview.core.orientation import ViewTransform
from fineview.core.study import Catalogue, FrameInfo, Patient, Series, Study
from fineview.formats.archive import FileArchive
from fineview.services.companion_index import index_of, one_person
from fineview.services.companion_view import companion_view, presented, state_words
from fineview.services.companions import Companions
from fineview.services.jobs import Jobs, Token
from fineview.services.known_objects import known_objects
from fineview.services.open_study import OpenStudy
from fineview.services.session import Session
from fineview.services.wishes import ViewWishes
from fineview.store.cellar import Cellar
from tests.shared_data import SHARED, needs_shared

JANE = Patient("Doe^Jane", "p1")


def study(frames: int = 3, patient: Patient = JANE, space: str = "9.9") -> Study:
    made = tuple(FrameInfo(f"{i}.dcm", 0, f"1.{i}", rows=4, cols=4) for i in range(frames))
    return Study("s", patient, series=(Series("ct", "s", "CT", rows=4, cols=4, frames=made, is_volume=True,
                                              frame_of_reference_uid=space),))


def companion(kind: str, *refers: str, patient: Patient = JANE, space: str = "", path: str = "") -> Companion:
    return Companion(path or f"{kind}.dcm", kind, kind.title(), patient_key=patient.key,  # type: ignore[arg-type]
                     frame_of_reference_uid=space, refers_to=tuple(Reference(uid) for uid in refers))


def indices(one: Companion, found: Study | None = None) -> tuple[list[int], str]:
    (belonging,) = index_of(Catalogue((found or study(),), companions=(one,))).belongings
    return [key.index for key in belonging.frames], belonging.why


@pytest.mark.parametrize("one, expected", [
    (companion("segmentation", "1.0", "1.2"), [0, 2]), (companion("segmentation", space="9.9"), [0, 1, 2]),
    (companion("segmentation", "1.1", space="9.9"), [1]), (companion("structures", "1.1", space="9.9"), [1, 0, 2]),
    (companion("structures", space="9.8"), []), (companion("report", space="9.9"), []),
    (companion("report", "1.1"), [1]), (companion("key-objects", "1.2"), [2]), (companion("presentation", "8.8"), []),
])
def test_by_name_and_by_space(one: Companion, expected: list[int]) -> None:
    assert indices(one)[0] == expected


def test_reasons() -> None:
    assert indices(companion("report", "8.8"))[1] == "Its image is not open."
    assert indices(companion("presentation"))[1] == "It does not say which image it belongs to."
    assert indices(companion("structures", space="9.8"))[1] == "No image in its frame of reference is open."
    assert indices(companion("report", "1.1", patient=Patient("Roe^Jo", "p2")))[1] == (
        "The image it names is another patient's.")
    assert indices(companion("structures", space="9.9", patient=Patient("Roe^Jo", "p2")))[0] == []


def test_silence_is_no_other_person() -> None:
    assert one_person(Patient(id="p1").key, JANE.key) and not one_person(Patient(id="p2").key, JANE.key)
    assert one_person(Patient("Doe^Jane^^^", "p1").key, JANE.key)
    assert not one_person(Patient("Doe^Janet", "p1").key, JANE.key)


def test_one_frame_of_a_file() -> None:
    """A reference to frame 1 of a multi-frame file flags that frame alone."""
    frames = tuple(FrameInfo("m.dcm", i, "1.5", rows=4, cols=4) for i in range(3))
    found = Study("s", JANE, series=(Series("oct", "s", "OPT", frames=frames),))
    one = replace(companion("key-objects"), refers_to=(Reference("1.5", (1,)),))
    assert indices(one, found)[0] == [1]


class Files:
    """Draws a square on every frame, a presentation for presentations; refuses a broken object."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def draw(self, one: Companion, frame: FrameInfo) -> Drawing:
        self.asked.append(one.path)
        if one.path == "broken.dcm":
            raise InputProblem("It is damaged.", "Copy it again.", "damaged")
        if one.kind == "presentation":
            return Drawing(presentation=Presentation(Window(2, 4), None, True, ViewTransform(True, 1), Box(0, 0, 2, 2)))
        mask = Mask(1, Box(0, 0, 2, 2), np.full((2, 2), 255, np.uint8))
        return Drawing((Shape("point", ((1.0, 1.0),), 1),), (mask,))

    def document(self, one: Companion) -> bytes:
        return b"%PDF-1.4"

    def read_frame(self, frame: FrameInfo) -> Raster:
        return Raster(np.arange(16, dtype=np.uint16).reshape(4, 4))


class Room:
    def __init__(self, folder: Path, *companions: Companion) -> None:
        self.files, self.letters = Files(), []
        self.session = Session()
        self.jobs = Jobs(self.letters.append)
        opening = OpenStudy(self.session, self.jobs, self.files, Cellar(folder), folder)  # type: ignore[arg-type]
        self.heard: list[str] = []
        self.desk = Companions(self.session, self.jobs, self.files, opening,  # type: ignore[arg-type]
                               lambda: self.heard.append("frame"))
        found = study()
        self.session.catalogue = Catalogue((found,), companions=companions)
        self.session.study, self.session.series = found, found.series[0]
        self.opening = opening

    def settle(self, done: Callable[[], bool]) -> None:
        import time

        for _ in range(400):
            while self.letters:
                self.letters.pop(0)()
            if done():
                return
            time.sleep(0.005)
        raise AssertionError("nothing came")

    def drawn(self) -> list[str]:
        return [one.companion.path for one in companion_view(self.session).laid]


def test_drawn_on_its_frame_and_switched(tmp_path: Path) -> None:
    seg, other = companion("segmentation", "1.0", "1.1"), companion("report", "1.2")
    room = Room(tmp_path, seg, other)
    room.opening.show_frame(0)
    room.settle(lambda: room.drawn() == ["segmentation.dcm"])
    assert room.files.asked == ["segmentation.dcm"] and "frame" in room.heard
    room.desk.switch_part("segmentation.dcm", 1)
    assert companion_view(room.session).laid[0].hidden == {1}
    room.desk.switch("segmentation.dcm")
    assert room.drawn() == []
    room.desk.switch("segmentation.dcm")
    assert room.drawn() == ["segmentation.dcm"] and room.files.asked == ["segmentation.dcm"]  # drawn once
    room.desk.switch_all()
    assert room.drawn() == []
    room.desk.switch_all()
    room.desk.select("report.dcm")
    room.settle(lambda: room.drawn() == ["report.dcm"])
    assert room.session.index == 2 and companion_view(room.session).selected == "report.dcm"
    room.jobs.close()


def test_one_that_cannot_be_read_says_so_and_keeps_nobody_away(tmp_path: Path) -> None:
    room = Room(tmp_path, companion("report", "1.0", path="broken.dcm"), companion("segmentation", "1.0"))
    room.opening.show_frame(0)
    room.settle(lambda: room.drawn() == ["segmentation.dcm"])
    assert dict(companion_view(room.session).whys) == {"broken.dcm": "It is damaged. Copy it again."}
    room.jobs.close()


def test_a_presentation_is_chosen_and_left(tmp_path: Path) -> None:
    room = Room(tmp_path, companion("presentation", "1.0"))
    room.opening.show_frame(0)
    room.settle(lambda: "frame" in room.heard)
    assert room.files.asked == []  # nobody chose it
    room.desk.switch("presentation.dcm")
    room.settle(lambda: companion_view(room.session).presentation is not None)
    assert room.session.view.transform == ViewTransform(True, 1)
    assert companion_view(room.session).presented_by == "Presentation"
    room.opening.show_frame(1)
    room.settle(lambda: room.session.view.transform == ViewTransform())
    assert companion_view(room.session).presentation is None
    room.opening.show_frame(0)
    room.settle(lambda: room.session.view.transform == ViewTransform(True, 1))
    room.desk.switch("presentation.dcm")
    assert room.session.view.transform == ViewTransform()
    room.jobs.close()


def test_a_presentation_left_for_another_pane_does_not_undo_that_pane_s_look(tmp_path: Path) -> None:
    room = Room(tmp_path, companion("presentation", "1.0"))
    other = Series("other", "s", "CT", rows=4, cols=4, frames=(FrameInfo("o.dcm", 0, "5.5", rows=4, cols=4),))
    found = replace(room.session.study, series=(*room.session.study.series, other))
    room.session.catalogue = replace(room.session.catalogue, studies=(found,))
    room.opening.show_frame(0)
    room.desk.switch("presentation.dcm")
    room.settle(lambda: room.session.view.transform == ViewTransform(True, 1))
    look = ViewWishes(window=Window(7, 3), transform=ViewTransform(False, 2))
    room.opening.turn_to("other", 0, look)
    room.settle(lambda: room.session.raster is not None)
    assert room.session.view == look
    room.opening.turn_to("ct", 0)
    room.settle(lambda: room.session.view.transform == ViewTransform(True, 1))
    room.jobs.close()


def test_key_images_are_flagged(tmp_path: Path) -> None:
    room = Room(tmp_path, companion("key-objects", "1.1"))
    seen = companion_view(room.session)
    assert (seen.key_frames, seen.key_words) == ((1,), "")
    room.session.index = 1
    assert companion_view(room.session).key_words == "Key-Objects"
    room.jobs.close()


def test_a_document_is_saved_and_nothing_else(tmp_path: Path) -> None:
    letter = replace(companion("document"), suffix=".pdf")
    room = Room(tmp_path / "data", letter)
    room.desk.save_document(letter.path, tmp_path / "letter.pdf")
    room.settle(lambda: any(one.code == "document-saved" for one in room.session.notices))
    assert (tmp_path / "letter.pdf").read_bytes() == b"%PDF-1.4"
    assert (tmp_path / "letter.pdf").stat().st_mode & 0o111 == 0
    room.jobs.close()


def test_the_window_and_polarity_of_a_presentation() -> None:
    raster = Raster(np.arange(16, dtype=np.uint16).reshape(4, 4), inverted=True, windows=(Window(1, 1),))
    state = Presentation(Window(2, 4), None, False, ViewTransform(), None)
    made = presented(raster, state)
    assert made.pixels is raster.pixels and made.windows == (Window(2, 4),) and not made.inverted
    assert presented(raster, None) is raster
    table = presented(raster, replace(state, window=None, lut=(0, (0, 7, 255), 8)))
    assert table.windows == () and table.voi_lut is not None and table.voi_lut[1].tolist() == [0, 7, 255]


def test_words_of_the_list() -> None:
    def words(one: Companion) -> str:
        return state_words(index_of(Catalogue((study(),), companions=(one,))).belongings[0])

    assert words(companion("segmentation", "1.0")) == "on 1 frame"
    assert words(companion("key-objects", "1.0", "1.1")) == "flags 2 frames"
    assert words(companion("report", "7.7")) == "known, not shown: its image is not open"
    assert words(companion("plan")) == "known, not shown"
    assert words(replace(companion("document"), suffix=".pdf")) == "known, not shown; can be saved"


def test_namesakes_are_told_apart_by_their_files(tmp_path: Path) -> None:
    room = Room(tmp_path, companion("report", "1.0", path="a/one.dcm"), companion("report", "1.0", path="a/two.dcm"),
                companion("segmentation", "1.0"))
    assert [row.words for row in companion_view(room.session).rows] == [
        "on 1 frame, one.dcm", "on 1 frame, two.dcm", "on 1 frame"]
    room.jobs.close()


@needs_shared
def test_what_the_command_line_proves_of_real_files() -> None:
    assert SHARED is not None
    archive = FileArchive(children=1)
    try:
        *_, found = archive.scan([SHARED / "C_dicom" / name for name in (
            "ct_3slice_with_seg", "gsps", "sr_annotations", "highdicom")], Token())
        known = known_objects(found, archive, Token())
    finally:
        archive.close()
    told = {Path(one["path"]).name: one for one in objects_list(known, found)}
    assert {name: one["shown_as"] for name, one in told.items()} == {
        "partial_overlaps.dcm": "overlay", "overlay.dcm": "overlay", "prOverlay.dcm": "presentation",
        **{f"sr-{name}.dcm": "overlay" for name in ("arrow", "circle", "ellipse", "protractor", "rectangle", "roi",
                                                    "ruler")},
        "seg_image_ct_binary_single_frame.dcm": "overlay", "sr_document.dcm": "overlay",
        **{f"seg_image_{name}.dcm": "series" for name in (
            "ct_binary", "ct_binary_fractional", "ct_binary_overlap", "ct_true_fractional", "sm_dots_tiled_full")}}
    assert told["seg_image_ct_binary.dcm"]["why"] == "Its image is not open."
    assert "tiled" in told["seg_image_sm_dots_tiled_full.dcm"]["why"]
    refers = told["sr_document.dcm"]["refers_to"]
    assert [Path(one["path"]).name for one in refers] == ["ct_image.dcm"]
    assert any("shown as series: Its image is not open." in line for line in objects_lines(known))




def test_objects_without_their_image_can_be_read(tmp_path: Path) -> None:
    """A report alone is no failure: it is listed, chosen and told of."""
    room = Room(tmp_path)
    only = Catalogue(companions=(companion("report", "8.8"),))

    def scan(paths: object, token: object):
        yield only
        raise InputProblem("Nothing to show.", "Open the images.", "not-an-image")

    room.files.scan = scan  # type: ignore[attr-defined]
    room.opening.paths([tmp_path])
    room.settle(lambda: room.session.catalogue is only)
    assert room.session.study is None and room.session.companions.selected == "report.dcm"
    assert [one.code for one in room.session.notices] == ["objects-only"]
    room.jobs.close()
