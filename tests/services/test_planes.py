"""Three linked planes on a real session and real lanes: one point, its frame, and the newest cut."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from fineview.core.image import Raster, Window
from fineview.core.orientation import Orientation
from fineview.core.study import Catalogue, FrameInfo, Patient, Series, Study
from fineview.services.jobs import Jobs
from fineview.services.plane_view import (
    PlanesView,
    across_letters,
    lines_on_frame,
    markers,
    origin_words,
    position_words,
    value_words,
)
from fineview.services.planes import Planes
from fineview.services.session import Session
from fineview.services.volumes import grid_of
from tests.imaging.stacks import frame, upright

HEIGHTS = (0.0, 2.0, 4.0, 6.0, 8.0)
CT = Series("ct", "study", "CT", frames=tuple(upright(*HEIGHTS)), is_volume=True)  # 8 x 10 pixels of 0.5 mm
WINDOW = Window(50, 100, "linear_exact")


class Room:
    """Frames whose pixels are 10 z + column; every read waits while ``gate`` is closed."""

    def __init__(self, jobs: Jobs, mailbox, series: Series = CT) -> None:
        self.gate, self.read, self.mailbox = threading.Event(), list[FrameInfo](), mailbox
        self.gate.set()
        study = Study("study", Patient("A"), series=(series,))
        self.session = Session(catalogue=Catalogue((study,)), study=study, series=series, index=2)
        self.planes = Planes(self.session, jobs, self, self.show_frame)  # type: ignore[arg-type]

    def read_frame(self, frame: FrameInfo) -> Raster:
        assert self.gate.wait(30) and frame.place is not None
        self.read.append(frame)
        pixels = 10 * frame.place.corner_mm[2] + np.tile(np.arange(10, dtype="<i2"), (8, 1))
        return Raster(pixels.astype("<i2"), "HU", windows=(WINDOW,))

    def show_frame(self, index: int) -> None:
        self.session.index = index
        self.session.pulse()

    @property
    def view(self) -> PlanesView:
        assert self.session.planes is not None
        return self.session.planes

    def settle(self) -> PlanesView:
        """Until the pictures are those of the point and the window."""
        self.mailbox.pump(lambda: self._settled)
        return self.view

    @property
    def _settled(self) -> bool:
        wanted, point = self.session.view.window or WINDOW, np.array(self.view.point_mm)
        return bool(self.view.pictures) and all(
            one.window == wanted and abs((point - one.cut.place.corner_mm) @ one.cut.plane.normal) < 1e-6
            for one in self.view.pictures)


@pytest.fixture
def room(jobs: Jobs, mailbox) -> Room:
    return Room(jobs, mailbox)


def test_three_planes_through_the_middle_of_the_shown_frame(room: Room) -> None:
    room.planes.open()
    # Column 5 and row 4 of frame 3 by hand: -10 + 2.5, -20 + 2, 4.
    assert room.view.point_mm == pytest.approx((-7.5, -18, 4)) and room.view.pictures == ()
    assert room.view.on_frame() == pytest.approx((5.5, 4.5))
    view = room.settle()
    assert [one.cut.plane.name for one in view.pictures] == ["Axial", "Coronal", "Sagittal"]
    assert len(room.read) == 5 and room.planes.held_bytes == 5 * 80 * 2
    # The window shows 0..100 as 0..255; the coronal picture's top left pixel is z = 8, column 0: 80 HU.
    assert view.pictures[1].image[0, 0] == round(80 / 100 * 255)
    assert origin_words(view, view.pictures[1]) == ("reformatted from 5 slices", "linear, 0.5 mm")
    assert [position_words(view, number) for number in range(3)] == ["H 4.0 mm", "A 18.0 mm", "R 7.5 mm"]
    assert room.session.progress == {}


def test_moving_in_one_plane_moves_the_others_and_the_frame(room: Room) -> None:
    room.planes.open()
    before = room.settle()
    # A click in the coronal plane: 5 columns right of the left edge, 3 rows below the top (z = 8 - 1.5).
    room.planes.move(before.pictures[1].cut.to_mm((5.5, 3.5)))
    view = room.settle()
    assert view.point_mm == pytest.approx((-7.5, -18, 6.5)) and room.session.index == 3
    assert view.pictures[1] is before.pictures[1] and view.pictures[2] is before.pictures[2]
    assert view.pictures[0].cut.pixels[0, 0] == pytest.approx(65)
    room.planes.step(0, -1)  # one slice down the body
    assert room.settle().point_mm[2] == pytest.approx(4.5) and room.session.index == 2
    room.planes.move_on_frame((1.5, 7.5))
    assert room.settle().point_mm == pytest.approx((-9.5, -16.5, 4.0))


def test_outside_is_the_nearest_place_inside(room: Room) -> None:
    room.planes.open()
    room.planes.move((100.0, -100.0, -5.0))
    assert room.view.point_mm == pytest.approx((-5.5, -20, 0)) and room.session.index == 0


def test_scrolling_the_frames_takes_the_planes_along(room: Room) -> None:
    room.planes.open()
    room.settle()
    room.show_frame(4)
    assert room.view.point_mm == pytest.approx((-7.5, -18, 8))
    assert room.settle().pictures[0].cut.pixels[0, 0] == pytest.approx(80)


def test_the_window_is_shared_and_cuts_are_kept(room: Room) -> None:
    room.planes.open()
    before = room.settle()
    room.session.view = replace(room.session.view, window=Window(40, 10, "linear_exact"))
    room.session.pulse()
    view = room.settle()
    assert all(new.cut is old.cut for new, old in zip(view.pictures, before.pictures, strict=True))
    assert view.pictures[1].image[0, 0] == 255


def test_the_newest_point_wins(room: Room) -> None:
    room.planes.open()
    room.settle()
    for z in (1.0, 3.0, 5.0, 7.0):
        room.planes.move((-7.5, -18.0, z))
    assert room.view.point_mm[2] == 7.0 and room.settle().pictures[0].cut.pixels[0, 0] == pytest.approx(70)


def test_what_is_no_volume_is_said_and_nothing_opens(jobs: Jobs, mailbox) -> None:
    room = Room(jobs, mailbox, replace(CT, frames=tuple(upright(0, 2, 2, 4))))
    room.planes.open()
    assert room.session.planes is None
    said = room.session.notices[-1]
    assert (said.code, said.what) == ("no-volume", "This series has no other planes. 4 frames lie at 3 places, up to 2 "
                                                   "at each: several times, echoes or passes.")


def test_too_large_a_volume_is_refused_with_what_it_needs(room: Room) -> None:
    room.planes.budget_bytes = 100
    room.planes.open()
    room.mailbox.pump(lambda: room.session.planes is None)
    assert room.session.notices[-1].code == "volume-size" and room.planes.held_bytes == 0


def test_closing_while_reading_leaves_nothing_behind(room: Room) -> None:
    room.gate.clear()
    room.planes.open()
    room.planes.close()
    room.gate.set()
    room.planes.open()
    room.settle()
    room.planes.toggle()
    assert room.session.planes is None and room.session.progress == {}


def test_another_series_ends_the_planes_and_more_frames_begin_them_again(room: Room) -> None:
    room.planes.open()
    room.settle()
    longer = replace(CT, frames=tuple(upright(*HEIGHTS, 10)))
    room.session.series = longer
    room.session.pulse()
    assert len(room.settle().series.frames) == 6 and room.view.pictures[1].cut.pixels.shape[0] == 21
    room.session.series = replace(CT, uid="other")
    room.session.pulse()
    assert room.session.planes is None


def test_an_oct_volume_is_named_along_its_own_axes(jobs: Jobs, mailbox) -> None:
    spacing = replace(upright(0)[0].spacing, row_mm=0.004, col_mm=0.012)
    frames = tuple(replace(one, place=None, spacing=spacing, position_mm=0.1 * number,
                           orientation=Orientation("T", "F"), scan_line=((0.0, 50.0 - number), (9.0, 50.0 - number)))
                   for number, one in enumerate(upright(*HEIGHTS)))
    room = Room(jobs, mailbox, replace(CT, modality="OPT", frames=frames))
    room.read_frame = lambda frame: Raster(np.full((8, 10), 7, np.uint8))  # type: ignore[method-assign]
    room.planes.open()
    room.mailbox.pump(lambda: bool(room.view.pictures))
    view = room.view
    assert [one.cut.plane.name for one in view.pictures] == ["Along the B-scans", "En face", "Across the B-scans"]
    assert origin_words(view, view.pictures[1]) == ("reformatted from 5 B-scans", "linear, 12 \u00b5m")
    assert [position_words(view, number) for number in range(3)] == ["0.20 mm", "0.02 mm", "0.06 mm"]
    # Left, above, right, below: as the frames say; what lies across them they do not say.
    assert [markers(view, number) for number in range(3)] == [("N", "H", "T", "F"), ("N", "?", "T", "?"),
                                                              ("?", "H", "?", "F")]
    assert value_words(view, 1, (3.5, 3.5)) == "7, interpolated" and value_words(view, 1, (-1.0, 3.5)) == ""


@pytest.mark.parametrize(("way", "letters"), [
    ((0.0, -1.0), "F"), ((0.0, 1.0), "F"), ((1.0, 0.2), "N"), ((1.0, 1.0), ""), ((0.0, 0.0), "")])
def test_b_scans_that_follow_one_another_on_a_picture_take_its_letters(way: tuple[float, float], letters: str) -> None:
    """En face is laid down the localizer, so that its lower edge is the localizer's, whichever way the scan went."""
    spacing = replace(upright(0)[0].spacing, row_mm=0.004, col_mm=0.012)
    frames = tuple(replace(one, place=None, spacing=spacing, position_mm=0.1 * n, orientation=Orientation("N", "P"),
                           scan_line=((20 + n * way[0], 20 + n * way[1]), (29 + n * way[0], 20 + n * way[1])))
                   for n, one in enumerate(upright(*HEIGHTS)))
    series = replace(CT, modality="OPT", frames=frames)
    photo = replace(frames[0], orientation=Orientation("N", "F"), scan_line=None)
    grid = grid_of(series)
    assert across_letters(series, grid, photo) == letters
    assert across_letters(series, grid, None) == "" and across_letters(CT, grid_of(CT), photo) == ""
    assert across_letters(series, grid, replace(photo, orientation=Orientation())) == ""
    view = PlanesView(series, grid, (0.0, 0.0, 0.0), across=letters)
    if letters == "F":
        assert markers(view, 1) == ("T", "H", "N", "F") and markers(view, 2) == ("H", "A", "F", "P")


def test_an_animal_on_four_legs_has_no_letters(jobs: Jobs, mailbox) -> None:
    frames = tuple(replace(one, orientation=Orientation()) for one in CT.frames)
    room = Room(jobs, mailbox, replace(CT, frames=frames))
    room.planes.open()
    assert markers(room.settle(), 0) == ("?", "?", "?", "?") and position_words(room.view, 2) == "-7.5 mm"


def test_room_is_made_for_a_volume_before_it_is_read_and_given_back(jobs: Jobs, mailbox) -> None:
    room = Room(jobs, mailbox)
    room.gate.clear()
    room.planes.open()
    assert room.planes.held_bytes == 5 * 8 * 10 * 2  # 16-bit numbers, as long as nothing else is known
    room.gate.set()
    assert room.settle().volume.voxels.nbytes == room.planes.held_bytes
    room.planes.close()
    assert room.planes.held_bytes == 0


def test_planes_cut_a_turned_frame_along_lines_through_the_point(jobs: Jobs, mailbox) -> None:
    # Frames turned by 30 degrees about the head-foot axis: right = (cos, sin, 0), down = (0, 0, -1).
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    frames = tuple(frame((-k * s, k * c, 3.5), ((float(c), float(s), 0.0), (0.0, 0.0, -1.0)))
                   for k in (0.0, 1.0, 2.0, 3.0))
    room = Room(jobs, mailbox, replace(CT, frames=frames))
    room.planes.open()
    room.mailbox.pump(lambda: bool(room.view.pictures))
    axial, coronal, sagittal = (np.array(line) for line in lines_on_frame(room.view, room.session.index))
    x, y = room.view.on_frame()
    # Axial: level, through the point; coronal and sagittal: upright, since the frame stands upright.
    assert np.ptp(axial[:, 1]) == pytest.approx(0, abs=1e-9) and axial[0, 1] == pytest.approx(y)
    for line in (coronal, sagittal):
        assert np.ptp(line[:, 0]) == pytest.approx(0, abs=1e-9) and line[0, 0] == pytest.approx(x)
