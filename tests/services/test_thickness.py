"""A volume of known lines from archive or encoder to its grid; numbers by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import Cancelled, RequestProblem
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerLine
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo, FrameKey, Laterality, Series, Study
from fineview.services.jobs import Token
from fineview.services.thickness import grid_object, localizer_of, marked_fovea, measure, moved
from fineview.services.thickness_lines import corrected, from_file, from_model

COLS, FRAMES, ROW_MM, BY = 129, 26, 0.004, "Spectralis 6.0"
# 128 steps of 0.05 mm and 25 of 0.256 mm: 6.4 x 6.4 mm.
OWN = Spacing(ROW_MM, 0.05, 0.256, ScaleSource.CALIBRATED)


def volume(source: ScaleSource = ScaleSource.CALIBRATED) -> Series:
    frames = tuple(FrameInfo("v.vol", i, rows=200, cols=COLS, spacing=replace(OWN, source=source),
                             scan_line=((80.0, 720.0 - 25.6 * i), (720.0, 720.0 - 25.6 * i))) for i in range(FRAMES))
    return Series("v", "s", "OPT", rows=200, cols=COLS, frames=frames, is_volume=True, spacing=OWN,
                  laterality=Laterality("R", "header"), localizer_uid="p")


def photo() -> Series:
    frame = FrameInfo("v.vol", 99, rows=800, cols=800, spacing=Spacing(0.01, 0.01, None, ScaleSource.CALIBRATED))
    return Series("p", "s", "OP", rows=800, cols=800, frames=(frame,))


class LinesArchive:
    """ILM flat at row 50, RPE at 120, BM at 125 (300 um below); the fourth B-scan holds no lines."""

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        if frame.frame_in_file == 3:
            return ()
        rows = {"BM": 125.0, "RPE": 120.0, "ILM": 50.0}
        return tuple(LayerLine(name, np.full(COLS, row, np.float32), "file", BY) for name, row in rows.items())

    def read_frame(self, frame: FrameInfo) -> Raster:
        return Raster(np.full((200, COLS), frame.frame_in_file, np.uint8))


class LinesEngine:
    """Draws what ``LinesArchive`` holds; the first B-scan looks like no eye to it."""

    identity = ModelIdentity("retina-x", "1", "ab" * 32)

    def encode(self, rgb: np.ndarray, token: Token) -> int:
        return int(rgb[0, 0, 0])

    def domain(self, encoding: int) -> Mapping[str, float]:
        return {"fundus": 0.0, "oct": 0.1 if encoding == 0 else 0.9, "other": 0.9 if encoding == 0 else 0.1}

    def layers(self, encoding: int) -> dict[str, Any]:
        return {"ILM": np.full(COLS, 50, np.float32), "RPE": np.full(COLS, 125, np.float32)}


def copy(index: int, row: float | None, name: str = "BM", cols: int = COLS) -> LayerCopy:
    return LayerCopy("l-1", "s", FrameKey("v", index), name, (row,) * cols, BY, "A", "", "", None, index)


def test_lines_of_the_file_and_who_drew_them() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    assert (lines.source, lines.by) == ("file", BY)
    assert (lines.names, lines.pair) == (("ILM", "RPE", "BM"), ("ILM", "BM"))
    assert np.isnan(lines.rows["BM"][3]).all() and (lines.rows["BM"][4] == 125).all()


def test_lines_of_several_hands_name_them_all() -> None:
    class Corrected(LinesArchive):
        def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
            hand = ", corrected by hand" if frame.frame_in_file == 7 else ""
            return tuple(replace(line, by=line.by + hand) for line in super().read_layers(frame))

    lines = from_file(volume(), Corrected(), Token())  # type: ignore[arg-type]
    assert lines.by == f"{BY} and {BY}, corrected by hand"


def test_the_whole_way_to_the_nine_fields() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    made = measure(volume(), photo().frames[0], lines, lines.pair)
    # The scan's middle on the localizer is (400, 400) px of 0.01 mm.
    assert made.grid.centre_mm == pytest.approx((4.0, 4.0)) and made.localizer_px == pytest.approx((400, 400))
    told = grid_object(made, volume())
    # The B-scan without lines lies 2.432 mm below the centre and takes 0.512 mm of the outer inferior field.
    assert [one["name"] for one in told["fields"] if one["mean_um"] is None] == ["outer inferior"]
    assert {one["mean_um"] for one in told["fields"]} == {300.0, None}
    assert told["volume"] == {"mm3": None, "loinc": "57118-2"}
    assert told["centre_point"] == {"um": 300.0, "loinc": "57108-3"}
    assert told["layers"] == {"upper": "ILM", "lower": "BM", "source": "file", "by": BY, "edited_frames": 0}
    assert told["centre"]["frame"] in (12, 13) and told["centre"]["column"] == 64


def test_a_volume_with_all_its_lines_has_a_volume() -> None:
    lines = corrected(from_file(volume(), LinesArchive(), Token()), volume(),  # type: ignore[arg-type]
                      (copy(3, 125.0), copy(3, 50.0, "ILM")))
    made = measure(volume(), photo().frames[0], lines, ("ILM", "BM"))
    assert made.grid.volume_mm3 == pytest.approx(0.3 * np.pi * 9)
    assert made.provenance.edited == 1 and "1 B-scan edited by hand" in made.provenance.words


def test_only_the_whole_retina_has_loinc_codes() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    told = grid_object(measure(volume(), photo().frames[0], lines, ("RPE", "BM")), volume())
    assert {one["loinc"] for one in told["fields"]} == {None} and told["volume"]["loinc"] is None
    assert told["central_subfield_um"] == pytest.approx(20.0, abs=0.01)


def test_lines_of_the_model_carry_its_hash_and_its_doubts() -> None:
    lines = from_model(volume(), LinesArchive(), LinesEngine(), Token())  # type: ignore[arg-type]
    assert (lines.source, lines.by) == ("model", "retina-x abababab")
    assert np.isnan(lines.rows["ILM"][0]).all() and "1 of 26" in lines.notes[0]
    assert "not reviewed" in measure(volume(), None, lines, lines.pair).provenance.words


def test_a_copy_replaces_its_own_line_alone_and_never_the_original() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    changed = corrected(lines, volume(), (copy(5, 130.0), copy(6, 130.0, "GCL"), copy(7, 130.0, cols=5)))
    assert changed.edited == frozenset({5})
    assert (changed.rows["BM"][5] == 130).all() and (lines.rows["BM"][5] == 125).all()
    assert (changed.rows["BM"][6] == 125).all() and (changed.rows["ILM"][5] == 50).all()


def test_a_copy_finds_its_frame_again_by_its_instance() -> None:
    grown = replace(volume(), frames=tuple(replace(f, sop_uid="1.2") for f in volume().frames[2:]))
    lines = from_file(grown, LinesArchive(), Token())  # type: ignore[arg-type]
    mine = replace(copy(5, 130.0), sop_uid="1.2")
    assert corrected(lines, grown, (mine,)).edited == frozenset({3})


def test_the_grid_follows_a_moved_centre_and_a_marked_fovea() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    made = measure(volume(), photo().frames[0], lines, lines.pair)
    assert moved(made, (4.5, 4.0)).grid.field("outer nasal").words == "not covered"

    def fovea(series: str, index: int, x: float, y: float) -> Finding:
        return Finding("f", "s", FrameKey(series, index), Region(RegionKind.POINT, ((x, y),)), "fovea", Origin.PERSON,
                       State.ACCEPTED, author="B")

    assert marked_fovea((fovea("p", 0, 380.0, 410.0),), volume(), made.plane) == (
        pytest.approx((3.8, 4.1)), "the fovea as marked by B")
    # Column 64 of 129 is the middle of the line; frame 10 lies at row 720 - 256.
    found = marked_fovea((fovea("v", 10, 64.5, 99.0),), volume(), made.plane)
    assert found is not None and found[0] == pytest.approx((4.0, 4.64))
    assert marked_fovea((), volume(), made.plane) is None


def test_without_a_depth_scale_there_are_no_micrometres() -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    with pytest.raises(RequestProblem) as told:
        measure(volume(ScaleSource.NONE), photo().frames[0], lines, lines.pair)
    assert told.value.code == "no-scale"
    assumed = measure(volume(ScaleSource.ASSUMED), photo().frames[0], lines, lines.pair)
    assert assumed.provenance.scale is ScaleSource.ASSUMED and "scale assumed" in assumed.provenance.words


@pytest.mark.parametrize("pair", [("ILM", "GCL"), ("ILM", "ILM")])
def test_a_pair_that_is_not_there(pair: tuple[str, str]) -> None:
    lines = from_file(volume(), LinesArchive(), Token())  # type: ignore[arg-type]
    with pytest.raises(RequestProblem) as told:
        measure(volume(), None, lines, pair)
    assert told.value.code == "no-lines"


def test_a_file_without_lines_says_so_and_cancel_stops() -> None:
    class Silent:
        def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
            return ()

    with pytest.raises(RequestProblem) as told:
        from_file(volume(), Silent(), Token())  # type: ignore[arg-type]
    assert told.value.code == "no-lines"
    token = Token()
    token.cancel()
    with pytest.raises(Cancelled):
        from_model(volume(), LinesArchive(), LinesEngine(), token)  # type: ignore[arg-type]


def test_the_localizer_of_a_volume() -> None:
    study = Study("s", None, series=(volume(), photo()))  # type: ignore[arg-type]
    assert localizer_of(study, volume()) == photo().frames[0]
    assert localizer_of(study, replace(volume(), localizer_uid=None)) is None
