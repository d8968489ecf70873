"""Which volumes a measured one may be compared with, and the comparison as a value.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.change import GridChange
from fineview.core.finding import Finding
from fineview.core.geometry import Point
from fineview.core.study import Catalogue, Series, Study
from fineview.core.thickness import FundusMap
from fineview.services.companion_index import one_person
from fineview.services.thickness import Thickness, localizer_of, marked_fovea, measure, moved
from fineview.services.thickness_align import Measured
from fineview.services.thickness_change import change, difference, named_alike
from fineview.services.thickness_lines import VolumeLines

_MODALITIES = frozenset({"OPT", "OCT"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A volume of the same patient.  ``when``: "earlier", "same day", "later", or "" where a date is missing."""

    study: Study
    series: Series
    same_eye: bool
    when: str


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """A volume to compare with and what is known of it; ``centre``: where a person put its grid, and who."""

    study: Study
    series: Series
    lines: VolumeLines
    findings: tuple[Finding, ...] = ()
    centre: tuple[Point, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """``made``: the measurement of the shown volume that it was compared for; ``map``: None where no change is told."""

    other: Other
    made: Thickness
    told: GridChange
    map: FundusMap | None


def candidates(catalogue: Catalogue, study: Study, series: Series) -> tuple[Candidate, ...]:
    """Volumes of this eye first, the latest earlier visit foremost; then the other eye, the same day's foremost.

    Empty where the file does not say which eye is shown, and nothing of other studies where it does not say whose:
    nothing is guessed.
    """
    if series.laterality.value not in ("R", "L"):
        return ()
    found = [Candidate(other, one, one.laterality.value == series.laterality.value, _when(other.date, study.date))
             for other in catalogue.studies if _same_patient(other, study)
             for one in other.series if _is_volume(one) and one.uid != series.uid]
    found.sort(key=lambda one: (one.study.date, one.study.time), reverse=True)
    ranks = {True: ("earlier", "same day", "later", ""), False: ("same day", "earlier", "later", "")}
    return tuple(sorted(found, key=lambda one: (not one.same_eye, ranks[one.same_eye].index(one.when))))


def _same_patient(other: Study, shown: Study) -> bool:
    known = other.uid == shown.uid or named_alike(other.patient, shown.patient)
    return known and one_person(other.patient.key, shown.patient.key)


def _is_volume(series: Series) -> bool:
    return series.modality in _MODALITIES and len(series.frames) > 1 and series.laterality.value in ("R", "L")


def _when(other: str, shown: str) -> str:
    if not other or not shown:
        return ""
    return "same day" if other == shown else "earlier" if other < shown else "later"


def compare(other: Other, study: Study, series: Series, made: Thickness, findings: tuple[Finding, ...]) -> Compared:
    """Between the same two boundaries where the other volume has them.  Raises ``RequestProblem``."""
    pair = (made.provenance.upper, made.provenance.lower)
    there = _measured(other, pair if set(pair) <= set(other.lines.rows) else other.lines.pair)
    fovea = marked_fovea(findings, series, made.plane)
    shown = Measured(study.patient, study.uid, study.date, series, made, fovea[0] if fovea is not None else None)
    told = change(there, shown)
    return Compared(other, made, told, difference(there, shown, told))


def _measured(other: Other, pair: tuple[str, str]) -> Measured:
    series, study = other.series, other.study
    made = measure(series, localizer_of(study, series), other.lines, pair, other.centre)
    fovea = marked_fovea(other.findings, series, made.plane)
    if fovea is not None and other.centre is None:
        made = moved(made, *fovea)
    return Measured(study.patient, study.uid, study.date, series, made, fovea[0] if fovea is not None else None)
