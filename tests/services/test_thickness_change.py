"""Which measurements may be compared, and with which reservation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fineview.core.errors import RequestProblem
from fineview.core.geometry import ScaleSource
from fineview.core.study import Laterality, Patient
from fineview.core.thickness import EtdrsGrid, FieldValue, Provenance
from fineview.services.thickness_change import change

TOLD = Provenance("ILM", "BM", "file", "Spectralis 6.0", ScaleSource.CALIBRATED, ScaleSource.CALIBRATED)
RIGHT = Laterality("R", "header")
WHO = Patient("DOE^JANE", "7")


def grid(*means: float | None) -> EtdrsGrid:
    named = zip(("centre", "inner nasal"), means, strict=True)
    fields = tuple(FieldValue(name, mean, 1.0, 2.0) for name, mean in named)
    return EtdrsGrid((0.0, 0.0), "the middle", fields, None)


def test_after_minus_before_where_both_are_known() -> None:
    made = change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, None), TOLD, RIGHT, WHO))
    assert [one.change_um for one in made.fields] == [-20.0, None] and made.volume_mm3 is None
    whole = change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, 330.0), TOLD, RIGHT, WHO))
    assert whole.volume_mm3 == pytest.approx((-0.020 + 0.020) * 2.0)


def test_lines_by_different_hands_are_told() -> None:
    other = replace(TOLD, source="model", by="retina-s 794e9b45")
    made = change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, 300.0), other, RIGHT, WHO))
    assert made.notes[0] == "the lines are by Spectralis 6.0 and by retina-s 794e9b45: part of the change may be theirs"


@pytest.mark.parametrize(("told", "side"), [
    (TOLD, Laterality("L", "header")), (TOLD, Laterality()), (replace(TOLD, lower="RPE"), RIGHT)])
def test_what_is_not_alike_is_not_compared(told: Provenance, side: Laterality) -> None:
    with pytest.raises(RequestProblem) as refused:
        change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, 300.0), told, side, WHO))
    assert refused.value.code == "not-comparable"


def test_two_patients_are_not_compared_and_a_silent_file_is() -> None:
    other, silent = Patient("DOE^JOHN", "8"), Patient()
    with pytest.raises(RequestProblem) as refused:
        change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, 300.0), TOLD, RIGHT, other))
    assert refused.value.code == "not-comparable" and "two patients" in refused.value.what
    change((grid(300.0, 310.0), TOLD, RIGHT, WHO), (grid(280.0, 300.0), TOLD, RIGHT, silent))
