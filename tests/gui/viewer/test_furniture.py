"""Scale bar, localizer lines and words beside marks, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Circle, ScaleSource, Spacing
from fineview.core.orientation import ViewTransform
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.furniture import scale_bar
from fineview.gui.viewer.localizer import Localizer, distance_to, distance_to_segment, nearest_line
from fineview.gui.viewer.marks import free_place, shown, words
from fineview.gui.viewer.placement import Placement
from tests.gui.pixels import contrast, pixels_of
from tests.gui.scene import suggestion


def spacing(source: ScaleSource) -> Spacing:
    return Spacing(0.004, 0.012, source=source)


@pytest.mark.parametrize("source", [ScaleSource.CALIBRATED, ScaleSource.PROJECTED, ScaleSource.ASSUMED])
def test_the_bar_says_where_its_scale_comes_from(source: ScaleSource) -> None:
    # 2 screen px per 0.012 mm: 160 px hold 0.96 mm, so the bar is 500 um = 41.67 columns = 83.3 px.
    bar = scale_bar(spacing(source), Placement(zoom=2.0, aspect=1 / 3))
    assert bar.text == f"500 \u00b5m, {source.value}"
    assert bar.px == pytest.approx(0.5 / 0.012 * 2)


def test_a_turned_picture_is_measured_along_its_rows() -> None:
    # After a quarter turn rows run across: 2/3 px per 0.004 mm is the same 6e-3 mm per px as before.
    turned = Placement(zoom=2.0, aspect=1 / 3, transform=ViewTransform(False, 1))
    assert scale_bar(spacing(ScaleSource.CALIBRATED), turned).px == pytest.approx(0.5 / 0.004 * 2 / 3)


def test_square_pixels_change_the_bar_of_a_turned_picture() -> None:
    turned = Placement(zoom=2.0, aspect=1.0, transform=ViewTransform(False, 1))
    # 2 px per 0.004 mm: 160 px hold 0.32 mm, so 200 um = 50 rows = 100 px.
    bar = scale_bar(spacing(ScaleSource.CALIBRATED), turned)
    assert (bar.text, bar.px) == ("200 \u00b5m, calibrated", pytest.approx(100.0))


def test_without_a_scale_the_bar_counts_pixels() -> None:
    bar = scale_bar(Spacing(), Placement(zoom=3.0))
    assert (bar.text, bar.px) == ("50 px, not calibrated", pytest.approx(150.0))


def test_nearest_scan_line() -> None:
    lines = (((0.0, 10.0), (100.0, 10.0)), None, ((0.0, 20.0), (100.0, 20.0)))
    assert nearest_line((50, 14), lines) == 0
    assert nearest_line((50, 16), lines) == 2
    assert nearest_line((50, 16), (None, None)) is None
    # Beyond the end of a segment its end counts: 3-4-5.
    assert distance_to_segment((103, 14), ((0.0, 10.0), (100.0, 10.0))) == pytest.approx(5.0)


def test_nearest_scan_circle() -> None:
    # Two circles around (50, 50) with radii 10 and 20; the first one's start lies 6 right and 8 down: 6-8-10.
    lines = (Circle((56, 58), (50, 50)), Circle((50, 70), (50, 50)), ((0.0, 90.0), (100.0, 90.0)))
    assert (lines[0].radius, lines[1].radius) == (10.0, 20.0)
    assert distance_to((50, 50), lines[1]) == pytest.approx(20) and distance_to((50, 64), lines[0]) == pytest.approx(4)
    assert [nearest_line(point, lines) for point in ((50, 61), (50, 69), (50, 85))] == [0, 1, 2]


def test_a_circle_scan_is_drawn_as_its_circle(qtbot: QtBot) -> None:
    localizer = Localizer()
    qtbot.addWidget(localizer)
    localizer.resize(200, 200)
    localizer.set_picture(np.zeros((100, 100), np.uint8), 100, 100)
    localizer.set_lines((Circle((70.0, 50.0), (50.0, 50.0)),), 0)
    image = localizer.grab().toImage()

    def blue(x: float, y: float) -> int:
        at = localizer.placement.to_screen((x, y))
        return max(image.pixelColor(round(at.x()) + dx, round(at.y()) + dy).blue() for dx in (-1, 0) for dy in (-1, 0))

    # 20 pixels around the middle, and nothing at the middle itself or at the corner of the square around it.
    assert min(blue(70, 50), blue(30, 50), blue(50, 70), blue(50, 30), blue(50 + 14.142, 50 + 14.142)) > 150
    assert max(blue(50, 50), blue(70, 70)) < 60


KEY = FrameKey("scan", 0)


def test_words_tell_who_and_whether_reviewed() -> None:
    assert words(suggestion(KEY), 3, Spacing()) == "3 drusen, suggested 0.86"
    own = Finding("p", "s", KEY, Region(RegionKind.POINT, ((1.0, 1.0),)), "", Origin.PERSON, State.ACCEPTED)
    assert words(own, 4, Spacing()) == "4 point"
    # 3 columns of 12 um and 4 rows of 4 um are 39.4 um.
    drawn = Region(RegionKind.LENGTH, ((0.0, 0.0), (3.0, 4.0)))
    line = Finding("l", "s", KEY, drawn, "", Origin.PERSON, State.ACCEPTED)
    told = {source: words(line, 5, spacing(source)) for source in ScaleSource}
    assert told[ScaleSource.CALIBRATED] == "5 length 39.4 \u00b5m"
    assert told[ScaleSource.PROJECTED] == "5 length 39.4 \u00b5m, at the detector"
    assert told[ScaleSource.ASSUMED] == "5 length 5 px, scale assumed"
    assert words(line, 5, Spacing()) == "5 length 5 px, not calibrated"
    # 10 columns of 12 um by 20 rows of 4 um: 120 um x 80 um = 0.0096 mm2, told beside the selected mark alone.
    box = Finding("b", "s", KEY, Region(RegionKind.BOX, ((0.0, 0.0), (10.0, 20.0))), "", Origin.PERSON, State.ACCEPTED)
    assert words(box, 6, spacing(ScaleSource.CALIBRATED)) == "6 box"
    assert words(box, 6, spacing(ScaleSource.CALIBRATED), selected=True) == "6 box 0.0096 mm\u00b2"
    assert words(own, 4, Spacing(), selected=True) == "4 point"


def test_suggestions_can_be_switched_off_but_not_the_selected_one() -> None:
    both = (suggestion(KEY, 1), suggestion(KEY, 2))
    assert shown(both, None, suggestions=False) == ()
    assert shown(both, "s-2", suggestions=False) == both[1:]


def test_words_do_not_cover_other_words() -> None:
    taken: list[QRectF] = []
    room = QRectF(0, 0, 400, 300)
    for _ in range(6):
        place = free_place(QRectF(100, 100, 50, 20), 120, 18, room, taken)
        assert place is not None and room.contains(place) and not any(place.intersects(other) for other in taken)
        taken.append(place)
    # Where there is no room, words are left out rather than piled up.
    assert free_place(QRectF(100, 100, 50, 20), 120, 18, room, [room]) is None


def test_words_beside_marks_leave_the_letters_at_the_edges_readable(qtbot: QtBot) -> None:
    """Nothing around them changes with a mark beside every one of them, whose words would lie there."""
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.set_picture(np.full((300, 400), 90, np.uint8), 300, 400)
    canvas.spacing, canvas.markers = Spacing(), ("AFL", "AFL", "AFL", "AFL")
    canvas.show()
    before = pixels_of(canvas)
    marks = tuple(Finding(f"m{n}", "s", KEY, Region(RegionKind.BOX, ((x, y), (x + 9.0, y + 4.0))), "exudate",
                          Origin.PERSON, State.ACCEPTED)
                  for n, (x, y) in enumerate([(2, 164), (388, 164), (190, 26), (190, 265)]))
    canvas.set_marks(marks, {one.id: n for n, one in enumerate(marks, start=1)}, None, True)
    after = pixels_of(canvas)
    assert (after != before).sum() > 1000
    for rows, columns in ((slice(142, 158), slice(8, 30)), (slice(142, 158), slice(370, 392)),
                          (slice(8, 22), slice(190, 210)), (slice(278, 292), slice(190, 210))):
        assert (before[rows, columns] == [0xe6, 0xe9, 0xee]).all(axis=-1).any()
        assert np.array_equal(after[rows, columns], before[rows, columns])


@pytest.mark.parametrize("shade", [0, 90, 160, 255])
def test_words_are_read_on_every_shade(qtbot: QtBot, shade: int) -> None:
    """Every stroke that fills a pixel has a pixel beside it that contrasts 4.5:1: the rim, or the picture itself."""
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 200)
    canvas.set_picture(np.full((200, 400), shade, np.uint8), 200, 400)
    canvas.top_lines, canvas.markers = ("OCT volume, HHH",), ("R", "A", "L", "P")
    canvas.show()
    shot = pixels_of(canvas)
    ink = (shot == np.array([0xe6, 0xe9, 0xee])).all(axis=-1)
    beside = np.zeros(ink.shape)
    apart = contrast(shot, np.array([0xe6, 0xe9, 0xee], np.uint8))
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        beside = np.maximum(beside, np.roll(apart, (dy, dx), (0, 1)))
    assert ink.sum() > 30 and (beside[ink] >= 4.5).mean() > 0.98
