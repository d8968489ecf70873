"""Scale bar, localizer lines and words beside marks, against numbers worked out by hand."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF

from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.orientation import ViewTransform
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.gui.viewer.furniture import scale_bar
from fineview.gui.viewer.localizer import distance_to_segment, nearest_line
from fineview.gui.viewer.marks import free_place, shown, words
from fineview.gui.viewer.placement import Placement
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
    assert (bar.text, bar.px) == ("50 px, no scale: pixels", pytest.approx(150.0))


def test_nearest_scan_line() -> None:
    lines = (((0.0, 10.0), (100.0, 10.0)), None, ((0.0, 20.0), (100.0, 20.0)))
    assert nearest_line((50, 14), lines) == 0
    assert nearest_line((50, 16), lines) == 2
    assert nearest_line((50, 16), (None, None)) is None
    # Beyond the end of a segment its end counts: 3-4-5.
    assert distance_to_segment((103, 14), ((0.0, 10.0), (100.0, 10.0))) == pytest.approx(5.0)


KEY = FrameKey("scan", 0)


def test_words_tell_who_and_whether_reviewed() -> None:
    assert words(suggestion(KEY), 3) == "3 drusen, suggested 0.86"
    own = Finding("p", "s", KEY, Region(RegionKind.POINT, ((1.0, 1.0),)), "", Origin.PERSON, State.ACCEPTED)
    assert words(own, 4) == "4 point"


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
