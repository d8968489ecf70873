"""Changes of made eyes against the formulas they were made by, and what is not compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fineview.core.change import GridChange, as_plain
from fineview.core.device import Device
from fineview.core.errors import RequestProblem
from fineview.core.geometry import Point, ScaleSource
from fineview.core.place import Place
from fineview.core.study import Laterality, Patient
from fineview.services.thickness_align import Measured
from fineview.services.thickness_change import change, difference
from tests.services.made_visits import SPACING, Array, both, flat, hill, in_space, visit, with_pair

# In a right eye nasal lies to the right of the fundus, temporal to the left.
SIDES = {"nasal": 0.0, "superior": 90.0, "temporal": 180.0, "inferior": 270.0}
MIDDLE = (5.0, 5.0)
# 300 um with a tilt of 20 um a millimetre: 0.4 mm off and every field is off by 8 um.
SLAB = both(flat(200.0), lambda x, y: 20.0 * x)
SWELLING = hill(40.0, (4.0, 5.0), 0.4)


def over_field(name: str, values: object, centre: Point = MIDDLE) -> float:
    """Mean of a formula over a field, by summing rings and angles."""
    assert callable(values)
    ring, _, side = name.partition(" ")
    inner, outer = {"centre": (0.0, 0.5), "inner": (0.5, 1.5), "outer": (1.5, 3.0)}[ring]
    radius = np.sqrt(np.linspace(inner**2, outer**2, 801)[:-1] + (outer**2 - inner**2) / 1600)  # of equal area
    middle, half = (0.0, 180.0) if not side else (SIDES[side], 45.0)
    angle = np.radians(middle - half + 2 * half * (np.arange(720) + 0.5) / 720)
    r, a = np.meshgrid(radius, angle)
    return float(np.mean(values(centre[0] + r * np.cos(a), centre[1] - r * np.sin(a))))


def changes(told: GridChange) -> dict[str, float | None]:
    return {one.name: one.change_um for one in told.fields}


def expected(values: object, centre: Point = MIDDLE) -> dict[str, float]:
    names = ("centre", *(f"{ring} {side}" for ring in ("inner", "outer") for side in SIDES))
    return {name: over_field(name, values, centre) for name in names}


def at_cells(told: GridChange, other: Measured, shown: Measured, values: object) -> tuple[Array, Array]:
    """The map, and the formula at the middles of its cells."""
    made = difference(other, shown, told)
    assert made is not None and callable(values)
    rows, cols = made.values.shape
    x, y = np.meshgrid(made.corner_mm[0] + 0.02 * (np.arange(cols) + 0.5),
                       made.corner_mm[1] + 0.02 * (np.arange(rows) + 0.5))
    return made.values.astype(np.float64), values(x, y)


def test_a_swelling_in_the_inner_temporal_field_by_a_shared_localizer() -> None:
    before = visit(SLAB, "a", "20240101", middle=(5.4, 5.0))
    after = visit(both(SLAB, SWELLING), "b", "20250101")
    told = change(before, after)
    assert told.alignment.by == "localizer" and told.at_stake_um is None and not told.why_not
    wanted = expected(SWELLING)
    assert changes(told) == pytest.approx(wanted, abs=0.3)
    assert changes(told)["outer nasal"] == pytest.approx(0.0, abs=0.1)
    first = over_field("inner temporal", SLAB)
    assert told.field("inner temporal").before_um == pytest.approx(first, abs=0.3)
    assert told.field("inner temporal").percent == pytest.approx(wanted["inner temporal"] / first * 100, abs=0.2)
    # By hand: 0.040 mm x 2 pi (0.4 mm)^2, all of it within the 6 mm circle.
    assert told.change_mm3 == pytest.approx(0.04 * 2 * np.pi * 0.16, abs=0.001)
    seen, formula = at_cells(told, before, after, SWELLING)
    # The earlier scan begins 0.4 mm further to the right: 20 columns of cells have nothing to be compared with.
    assert np.isnan(seen[:, :20]).all() and np.isfinite(seen[:, 20:]).all()
    assert np.abs(seen - formula)[:, 20:].max() < 1.5 and np.nanmax(seen) == pytest.approx(40.0, abs=1.0)


def test_a_shifted_eye_is_aligned_by_the_marked_foveas() -> None:
    before = visit(both(SLAB, flat(8.0)), "a", "20240101", localizer="p1", fovea=(4.6, 5.0))
    after = visit(both(SLAB, SWELLING), "b", "20250101", localizer="p2", fovea=(5.0, 5.0))
    told = change(before, after)
    # The eye lies 0.4 mm further to the left on the first picture: 20 um/mm x 0.4 mm are what the 8 um make up for.
    assert told.alignment.by == "fovea" and told.alignment.shift_mm == pytest.approx((-0.4, 0.0))
    assert changes(told) == pytest.approx(expected(SWELLING), abs=0.3)
    # 0.2 mm to the left or right on that slope.
    assert told.at_stake_um == pytest.approx(20 * 0.2, abs=0.1)
    assert "marked foveas" in told.alignment.words and "as good as the marks" in told.alignment.words


def test_without_marks_the_middles_are_laid_on_each_other_and_it_says_so() -> None:
    before = visit(flat(300.0), "a", middle=(5.4, 5.2), localizer="p1")
    told = change(before, visit(flat(310.0), "b", localizer="p2"))
    assert told.alignment.by == "centre" and told.alignment.shift_mm == pytest.approx((0.4, 0.2))
    assert list(changes(told).values()) == pytest.approx([10.0] * 9, abs=0.01) and "uncertain" in told.alignment.words
    assert told.at_stake_um == pytest.approx(0.0, abs=0.01)


def test_one_mark_alone_does_not_align() -> None:
    told = change(visit(SLAB, "a", localizer="p1", fovea=(5.0, 5.0)), visit(SLAB, "b", localizer="p2"))
    assert told.alignment.by == "centre"


def test_a_frame_of_reference_aligns_volumes_without_localizers() -> None:
    before = in_space(SLAB, "a", (1.8, 8.6), "1.2.3")
    after = in_space(both(SLAB, hill(40.0, (4.4, 5.0), 0.4)), "b", (1.4, 8.6), "1.2.3")
    told = change(before, after)
    assert told.alignment.by == "space" and told.alignment.shift_mm == pytest.approx((-0.4, 0.0))
    # The grid lies about the middle of the later scan, (5.0, 5.0) in the patient.
    assert changes(told) == pytest.approx(expected(hill(40.0, (4.4, 5.0), 0.4)), abs=0.3)
    other = change(in_space(SLAB, "a", (1.8, 8.6), "1.2.4"), after)
    assert other.alignment.by == "centre"


def test_places_that_contradict_the_scan_are_not_believed() -> None:
    after = in_space(SLAB, "b", (1.4, 8.6), "1.2.3")
    wrong = tuple(replace(frame, place=replace(frame.place, corner_mm=(0.0, 0.0, 0.3 * frame.frame_in_file)))
                  for frame in after.series.frames if frame.place is not None)
    told = change(in_space(SLAB, "a", (1.8, 8.6), "1.2.3"), replace(after, series=replace(after.series, frames=wrong)))
    assert told.alignment.by == "centre"


def test_change_runs_from_the_earlier_to_the_later_whichever_is_shown() -> None:
    early, late = visit(flat(300.0), "a", "20240101"), visit(flat(340.0), "b", "20250101")
    for other, shown in ((early, late), (late, early)):
        told = change(other, shown)
        assert (told.before.date, told.after.date) == ("20240101", "20250101")
        assert (told.field("centre").before_um, told.field("centre").after_um) == pytest.approx((300.0, 340.0))
        assert told.change_mm3 == pytest.approx(0.04 * np.pi * 9)
        made = difference(other, shown, told)
        assert made is not None and np.nanmax(made.values) == pytest.approx(40.0, abs=0.01)


def test_a_field_that_one_scan_does_not_cover_has_no_change() -> None:
    before = visit(flat(300.0), "a", middle=(6.4, 5.0))
    told = change(before, visit(flat(340.0), "b"))
    left = told.field("outer temporal")
    assert (left.before_um, left.after_um, left.change_um) == (None, pytest.approx(340.0), None)
    assert told.change_mm3 is None and told.field("outer nasal").change_um == pytest.approx(40.0)


def test_the_two_eyes_are_compared_as_mirror_images() -> None:
    """Nasal of the right eye lies to the right, of the left eye to the left."""
    right = visit(both(flat(300.0), hill(40.0, (6.0, 5.0), 0.4)), "a", localizer="p1", fovea=(5.0, 5.0))
    left = visit(both(flat(300.0), hill(30.0, (4.0, 5.0), 0.4)), "b", localizer="p2", fovea=(5.0, 5.0), side="L")
    told = change(left, right)
    assert told.of_eyes and told.alignment.flip == (-1.0, 1.0)
    wanted = over_field("inner nasal", hill(10.0, (6.0, 5.0), 0.4))
    assert told.field("inner nasal").change_um == pytest.approx(wanted, abs=0.2)
    assert told.field("inner temporal").change_um == pytest.approx(0.0, abs=0.2)
    seen, formula = at_cells(told, left, right, hill(10.0, (6.0, 5.0), 0.4))
    assert np.nanmax(np.abs(seen - formula)) < 0.5


def test_lines_by_different_hands_are_told() -> None:
    other = visit(flat(300.0), "b", drawn=lambda lines: replace(lines, source="model", by="retina-s 794e9b45"))
    told = change(visit(flat(300.0), "a"), other)
    assert "the lines are by Spectralis 6.0 and by retina-s 794e9b45: part of the change may be theirs" in told.notes


@pytest.mark.parametrize(("one", "why"), [
    (visit(flat(300.0), "a", device=Device("Topcon", "Maestro")), "different makers: Topcon Maestro; Heidelberg"),
    (with_pair(visit(flat(300.0), "a"), ("ILM", "RPE")), "lies from ILM to RPE, the other from ILM to BM"),
    (visit(flat(300.0), "a", spacing=replace(SPACING, source=ScaleSource.ASSUMED)), "depth scale is only assumed")])
def test_what_is_measured_otherwise_gets_a_sentence_and_no_change(one: Measured, why: str) -> None:
    shown = visit(flat(340.0), "b")
    told = change(one, shown)
    assert why in told.why_not and set(changes(told).values()) == {None} and told.change_mm3 is None
    assert difference(one, shown, told) is None and told.at_stake_um is None
    assert told.field("centre").before_um == pytest.approx(300.0)
    assert as_plain(told)["alignment"]["shift_mm"] is None


def test_where_the_lateral_scale_is_assumed_fields_are_not_compared() -> None:
    one = visit(flat(300.0), "a")
    plane = replace(one.thickness.provenance, lateral=ScaleSource.ASSUMED)
    told = change(replace(one, thickness=replace(one.thickness, provenance=plane)), visit(flat(340.0), "b"))
    assert "scale across the fundus is only assumed" in told.why_not and set(changes(told).values()) == {None}


def test_silence_about_the_instrument_or_the_patient_is_told() -> None:
    nobody = replace(visit(flat(300.0), "a", device=Device()), patient=Patient())
    notes = " ".join(change(nobody, visit(flat(340.0), "b")).notes)
    assert "do not both name their instrument" in notes and "do not both name the patient" in notes
    newer = visit(flat(340.0), "b", device=Device("Heidelberg Engineering", "Spectralis", "6.9"))
    assert "software 6.0 and by Heidelberg Engineering Spectralis, software 6.9" in " ".join(
        change(visit(flat(300.0), "a"), newer).notes)


def test_two_patients_and_unknown_eyes_are_refused() -> None:
    shown = visit(flat(340.0), "b")
    with pytest.raises(RequestProblem, match="two patients"):
        change(replace(visit(flat(300.0), "a"), patient=Patient("DOE^JOHN", "8")), shown)
    other = visit(flat(300.0), "a")
    with pytest.raises(RequestProblem, match="same eye") as refused:
        change(replace(other, series=replace(other.series, laterality=Laterality())), shown)
    assert refused.value.code == "not-comparable"


def test_localizers_of_one_frame_of_reference_align_too() -> None:
    """Each visit has a picture of its own; its corner lies elsewhere in the patient."""
    def placed(one: Measured, corner: Point) -> Measured:
        frames = tuple(replace(frame, place=Place((corner[0] + frame.scan_line[0][0] * 0.01, 0.0,
                                                   -corner[1] - frame.scan_line[0][1] * 0.01), (1, 0, 0), (0, 1, 0)))
                       for frame in one.series.frames if frame.scan_line is not None)
        return replace(one, series=replace(one.series, frames=frames, frame_of_reference_uid="1.2.3"))

    before = placed(visit(both(SLAB, flat(8.0)), "a", localizer="p1"), (10.0, 20.0))
    after = placed(visit(both(SLAB, SWELLING), "b", localizer="p2"), (9.6, 20.0))
    told = change(before, after)
    # A point 5 mm from the left edge of the later picture lies 4.6 mm from that of the earlier one.
    assert told.alignment.by == "space" and told.alignment.shift_mm == pytest.approx((-0.4, 0.0))
    assert changes(told) == pytest.approx(expected(SWELLING), abs=0.3)
