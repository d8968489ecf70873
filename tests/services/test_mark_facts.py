"""What the panel says of a mark: sizes by the spacing of the mark's own frame, values as numpy has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.formats.archive import FileArchive
from fineview.services.jobs import Token
from fineview.services.mark_facts import mark_facts, size_words, value_words
from fineview.services.session import Session
from tests.formats.made import as_bytes
from tests.formats.made_stacks import AXIAL, enhanced

LINE = Region(RegionKind.LENGTH, ((0.0, 0.0), (3.0, 4.0)))
VALUES = np.random.default_rng(3).integers(-500, 500, (12, 16)).astype(np.int16)


def test_values_inside_are_numpys() -> None:
    inside = VALUES[2:7, 3:11]
    assert value_words(Region(RegionKind.BOX, ((3.0, 2.0), (11.0, 7.0))), Raster(VALUES, "HU")) == (
        f"Mean {inside.mean():.4g} HU, SD {inside.std():.3g}, range {inside.min()} to {inside.max()}, 40 pixels")


def test_a_point_has_the_value_under_it_and_a_line_has_none() -> None:
    assert value_words(Region(RegionKind.POINT, ((3.9, 2.1),)), Raster(VALUES, "HU")) == f"Value {VALUES[2, 3]} HU"
    assert value_words(LINE, Raster(VALUES, "HU")) == ""
    assert value_words(Region(RegionKind.ANGLE, ((1, 1), (2, 2), (3, 1))), Raster(VALUES, "HU")) == ""


def test_colour_is_counted_in_grey_levels() -> None:
    rgb = np.full((6, 6, 3), (200, 100, 50), np.uint8)
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    words = value_words(Region(RegionKind.BOX, ((0, 0), (2, 2))), Raster(rgb))
    assert words.startswith(f"Mean {luma:.4g} grey levels of 255, SD 0") and words.endswith("4 pixels")


def test_what_holds_no_number_says_so() -> None:
    empty = Raster(np.full((4, 4), np.nan, np.float32))
    assert value_words(Region(RegionKind.BOX, ((0, 0), (4, 4))), empty) == "No pixel under it holds a number"


def test_sizes_name_their_scale() -> None:
    assert size_words(LINE, Spacing()) == "Length 5 px (in pixels, not calibrated: the spacing of this file is unknown)"
    assert size_words(Region(RegionKind.POINT, ((1, 1),)), Spacing()) == ""


@pytest.mark.parametrize("shown", [0, 6])
def test_every_frame_is_measured_with_its_own_spacing(tmp_path: object, shown: int) -> None:
    """Frame 7 of 8 has pixels twice as high and three times as wide: the same line is another length there."""
    spacings = [(0.5, 0.25)] * 6 + [(1.0, 0.75)] + [(0.5, 0.25)]
    made = enhanced([((0, 0, float(k)), AXIAL, spacing) for k, spacing in enumerate(spacings)])
    path = tmp_path / "enhanced.dcm"  # type: ignore[operator]
    path.write_bytes(as_bytes(made))
    archive = FileArchive()
    try:
        *_, catalogue = archive.scan([path], Token())
    finally:
        archive.close()
    session = Session(catalogue=catalogue, study=catalogue.studies[0])
    told = {}
    for series in catalogue.studies[0].series:
        for index, frame in enumerate(series.frames):
            finding = Finding("p", "1", FrameKey(series.uid, index), LINE, "", Origin.PERSON, State.ACCEPTED)
            session.series, session.index = series, min(shown, len(series.frames) - 1)
            told[frame.frame_in_file] = mark_facts(session, finding)
    # 3 columns and 4 rows: hypot(0.75, 2) = 2.136 mm, and hypot(2.25, 4) = 4.589 mm on frame 7.
    usual, seventh = "Length 2.136 mm (scale calibrated)", "Length 4.589 mm (scale calibrated)"
    assert told == {number: seventh if number == 6 else usual for number in range(8)}


def test_a_mark_on_a_frame_that_is_not_open_has_no_size() -> None:
    finding = Finding("p", "1", FrameKey("gone", 3), LINE, "", Origin.PERSON, State.ACCEPTED)
    assert mark_facts(Session(), replace(finding)) == ""
