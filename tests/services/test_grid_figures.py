"""Pictures of a grid: colours follow from values and places, the localizer lies below where it belongs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fineview.core.image import Raster
from fineview.core.packed_map import pack
from fineview.core.report import GridEntry
from fineview.core.study import FrameInfo, Series, Study
from fineview.imaging.colour import colour_bar
from fineview.imaging.diverging import diverging_bar
from fineview.services.compose_report import ReportRequest, compose
from fineview.services.grid_entry import entries_of
from fineview.services.grid_figures import grid_figures
from fineview.services.jobs import Token
from tests.reports.sample_grids import disc, grid_change, grid_entry
from tests.services.made_visits import flat, photo, visit
from tests.services.test_thickness_change import MIDDLE

# The picture is 6.8 mm wide, of 100 pixels a millimetre, with the grid's centre in its middle.
PX_MM = 100.0


class Pictures:
    """A localizer of 10 x 10 mm, black but for one white square millimetre about (6.5, 3.5) mm."""

    def read_frame(self, frame: FrameInfo) -> Raster:
        pixels = np.zeros((1000, 1000), np.uint8)
        pixels[300:400, 600:700] = 255
        return Raster(pixels)


def study(localizer: bool = True) -> Study:
    volume = replace(visit(flat(340.0), "1.2.3").series, study_uid="s")
    picture = Series("p", "s", "OP", rows=1000, cols=1000, frames=(photo("p"),))
    return Study("s", None, series=(volume, picture) if localizer else (volume,))  # type: ignore[arg-type]


def about(entry: GridEntry) -> GridEntry:
    """The sample's maps, laid about the middle of the made scan."""
    held = pack(disc(340.0, (1.4, 1.4)))
    grid = replace(entry.grid, centre_mm=MIDDLE)
    return replace(entry, grid=grid, map=held, change_map=pack(disc(40.0, (1.4, 1.4))) if entry.change_map else None)


def at(rgb: np.ndarray, x_mm: float, y_mm: float) -> np.ndarray:
    """The colour at a place, counted from the grid's centre."""
    return rgb[round((3.4 + y_mm) * PX_MM), round((3.4 + x_mm) * PX_MM)].astype(int)


def over(base: int, colour: np.ndarray) -> np.ndarray:
    """A colour over grey, with the figures' opacity of 165 / 255."""
    return base * (1 - 165 / 255) + colour.astype(float) * 165 / 255


def test_colours_are_those_of_the_values_over_the_localizer() -> None:
    thickness, change = grid_figures(1, about(grid_entry()), study(), Pictures())  # type: ignore[arg-type]
    # 340 um lie at 60 % of 100 to 500 um; a change of 40 um at 80 % of 50 um.
    viridis, orange = colour_bar("viridis")[153], diverging_bar()[127 + round(0.8 * 127)]
    for figure, colour in ((thickness, viridis), (change, orange)):
        assert at(figure.rgb, -1.2, 0.7) == pytest.approx(over(0, colour), abs=1.5)
        # The white square of the localizer lies 1.5 mm right of and above the scan's middle.
        assert at(figure.rgb, 1.8, -1.2) == pytest.approx(over(255, colour), abs=1.5)
        assert at(figure.rgb, 1.6, -2.1) == pytest.approx(over(0, colour), abs=1.5)
        # Beyond 3.4 mm nothing is known: the localizer alone.
        assert at(figure.rgb, 2.8, 2.8).tolist() == [0, 0, 0]
    assert "colours from 100 to 500 \u00b5m" in thickness.caption and "right eye (OD)" in thickness.caption
    assert "2024-01-10 to 2025-01-10; colours from \u221250 to +50 \u00b5m" in change.caption
    assert (thickness.name, change.name) == ("thickness-1", "change-1")


def test_the_legend_shows_the_same_colours() -> None:
    figure, _ = grid_figures(1, about(grid_entry()), study(), Pictures())  # type: ignore[arg-type]
    bar = figure.rgb[680 + 28, 190:490]
    assert [bar[n].tolist() for n in (0, 299)] == [colour_bar("viridis")[n].tolist() for n in (0, 255)]


def test_without_a_localizer_or_without_a_change_there_is_less_to_see() -> None:
    entry = about(grid_entry(grid_change("Two makers.")))
    (figure,) = grid_figures(1, entry, study(localizer=False), Pictures())  # type: ignore[arg-type]
    assert at(figure.rgb, 2.8, 2.8).tolist() == [60, 60, 60]
    assert list(grid_figures(1, replace(entry, map=None), study(), Pictures())) == []  # type: ignore[arg-type]


def request(**changes: Any) -> ReportRequest:
    values: dict[str, Any] = {"study": replace(study(), patient=visit(flat(1.0), "x").patient), "findings": (),
                              "answers": (), "analyses": (), "author": "Dr Ada", "created": "now", "software": "F"}
    return ReportRequest(**(values | changes))


def test_a_report_holds_its_figures_and_tells_of_grids_that_are_not_open() -> None:
    gone = replace(grid_entry(), series_uid="elsewhere")
    nobody = replace(about(grid_entry()), author="")
    made = compose(request(grids=(nobody, gone)), Pictures(), Token())  # type: ignore[arg-type]
    assert [one.name for one in made.figures] == ["thickness-1", "change-1"]
    assert [one.author for one in made.grids] == ["Dr Ada"]
    assert "Thickness grids of volumes that are not open are not part of this report: 1." in made.warnings
    assert entries_of(()) == ()
