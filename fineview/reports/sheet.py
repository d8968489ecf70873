"""A report in words: one sheet of sentences that every format for people prints, so that they cannot disagree."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fineview.core.chance import chance_words
from fineview.core.dialogue import Answer, Citation
from fineview.core.errors import ReportRefused
from fineview.core.finding import Finding, Origin, State
from fineview.core.labels import LABELS, on_phantoms_alone
from fineview.core.region import RegionKind
from fineview.core.report import GridEntry, Measurement, Report, ReportItem
from fineview.core.units import with_unit
from fineview.reports.change_words import ChangeWords, change_words


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted finding.  ``sizes``: one line per measurement, each with unit and source of its scale."""

    id: str
    number: int
    title: str
    note: str
    where: str
    side: str
    sizes: tuple[str, ...]
    origin: str
    decided: str


@dataclass(frozen=True, slots=True)
class Exchange:
    question: str
    answer: str
    verdict: str
    evidence: tuple[str, ...]
    answerer: str


@dataclass(frozen=True, slots=True)
class GridWords:
    """An ETDRS grid: nine fields with their words, and below them where the numbers come from.

    ``change``: what it was compared with.
    """

    title: str
    fields: tuple[tuple[str, str], ...]
    told: tuple[str, ...]
    change: ChangeWords | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """``banner``: (caption, words) pairs that say whose eye this is, repeated on every page."""

    banner: tuple[tuple[str, str], ...]
    study: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    grids: tuple[GridWords, ...]
    exchanges: tuple[Exchange, ...]
    models: tuple[tuple[str, str, str], ...]
    written: str


def sheet(report: Report) -> Sheet:
    """All words of a report.  Raises ``ReportRefused`` where it mixes studies or holds an undecided finding."""
    refuse_wrong_items(report)
    patient = report.patient
    banner = (("Patient", person_name(patient.name) or "name unknown"), ("ID", patient.id or "unknown"),
              ("Born", day(patient.birth_date) or "unknown"), ("Study", day(report.study_date) or "date unknown"),
              ("Eye" if report.laterality.organ == "eye" else "Side", report.laterality.words))
    study = tuple((caption, words) for caption, words in (
        ("Sex", patient.sex), ("Description", report.study_description), ("Accession", report.accession),
        ("Study UID", report.study_uid)) if words)
    models = tuple((one.name, one.version, one.sha256 + ("" if one.trained else " (not trained)"))
                   for one in report.models)
    written = " · ".join(part for part in (moment(report.created), report.author, report.software) if part)
    return Sheet(banner, study, tuple(_row(number, one) for number, one in enumerate(report.items, 1)),
                 tuple(_grid(one) for one in report.grids), tuple(_exchange(one) for one in report.dialogue),
                 models, written)


def refuse_wrong_items(report: Report) -> None:
    """Raises ``ReportRefused``: ``mixed-patients``, ``undecided``."""
    for item in report.items:
        if item.finding.study_uid != report.study_uid:
            raise ReportRefused("The report holds a finding of another study.",
                                "Write one report for each study.", "mixed-patients")
        if not item.finding.in_report:
            raise ReportRefused("The report holds a finding that nobody has accepted.",
                                "Accept or reject it, then write the report again.", "undecided")


def person_name(text: str) -> str:
    """A DICOM person name (PS3.5 6.2.1) for reading: "Yamada^Tarou=山田^太郎" -> "Yamada, Tarou (山田 太郎)"."""
    groups = [group.split("^") for group in text.split("=")]
    first = ", ".join(part for part in (groups[0][0].strip(), " ".join(groups[0][1:]).strip()) if part)
    others = [" ".join(part for part in group if part.strip()) for group in groups[1:]]
    extra = ", ".join(one for one in others if one)
    return f"{first} ({extra})" if first and extra else first or extra


def day(text: str) -> str:
    """A DICOM date (YYYYMMDD) as 2026-03-04; anything else stays as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def moment(text: str) -> str:
    """An ISO 8601 time without fractions: "2026-03-04 10:41:07 +01:00"."""
    date, _, rest = text.partition("T")
    clock, offset = rest[:8], rest[8:].lstrip(".0123456789")
    return " ".join(part for part in (date, clock, "UTC" if offset == "Z" else offset) if part)


def number(value: float) -> str:
    """Three significant digits, never an exponent: 1234 -> "1234", 0.04567 -> "0.0457"."""
    if not value or not math.isfinite(value):
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def size(one: Measurement) -> str:
    """One measurement with its unit and the source of its scale, or why there is none."""
    if one.value is None:
        return f"{one.name}: cannot tell" + (f" ({one.why_not})" if one.why_not else "")
    scale = one.why_not or {"calibrated": "calibrated", "projected": "projected: at the detector",
                            "assumed": "assumed scale"}.get(one.scale_source, "no scale")
    return f"{one.name} {with_unit(number(one.value), one.unit)} ({scale})"


def origin(one: Finding) -> str:
    """Who stands behind a finding: the person, or the model and the person who accepted it."""
    who = one.author or "an unnamed person"
    if one.origin is Origin.PERSON:
        return f"marked by {who}"
    model = one.model.short if one.model else "an unnamed model"
    drawn = " (calibrated on phantoms alone)" if on_phantoms_alone(one.label) else ""
    score = "" if one.score is None else f", score {chance_words(one.score)}{drawn}"
    verb = "edited and accepted" if one.state is State.EDITED else "accepted"
    return f"suggested by {model}{score}; {verb} by {who}"


def label_title(word: str) -> str:
    for label in LABELS:
        if label.word == word:
            return label.title
    return word.replace("_", " ").capitalize()


def _row(position: int, item: ReportItem) -> Row:
    one, box = item.finding, item.finding.region.bounds
    place = f"x {box.x:.1f}, y {box.y:.1f} px"
    extent = "" if one.region.kind is RegionKind.POINT else f", {box.w:.1f} × {box.h:.1f} px"
    series = f"{item.series_description}, " if item.series_description else ""
    return Row(one.id, position, label_title(one.label), one.note,
               f"{series}frame {item.frame_number}: {one.region.kind} at {place}{extent}", item.laterality.words,
               tuple(size(measured) for measured in item.measurements), origin(one),
               moment(one.decided or one.created)[:16])


def _grid(one: GridEntry) -> GridWords:
    told, grid = one.provenance, one.grid
    fields = [(field.name.capitalize(), _um(field.mean_um)) for field in grid.fields]
    volume = "not covered" if grid.volume_mm3 is None else f"{number(grid.volume_mm3)} mm\u00b3"
    notes = (f"{one.device.words}; {told.words}.", f"Centre: {grid.centre_from}.",
             *(f"Note: {note}." for note in told.notes))
    more = (("Centre point", _um(grid.centre_point_um)), ("Volume of the 6 mm circle", volume))
    title = f"{one.series_description}, {told.upper} to {told.lower}, {one.laterality.words}"
    return GridWords(title, (*fields, *more), notes, change_words(one.change) if one.change is not None else None)


def _um(value: float | None) -> str:
    return "not covered" if value is None else f"{value:.0f} \u00b5m"


def _exchange(one: Answer) -> Exchange:
    verdict = one.verdict or ("cannot tell" if one.abstained else one.label and label_title(one.label)) or ""
    if one.confidence is not None and not one.abstained:
        verdict = f"{verdict} (confidence {chance_words(one.confidence)})".strip()
    reason = f" ({one.reason})" if one.reason and one.reason not in one.text else ""
    asked = f"{one.question.text} ({_about(one)})"
    said = one.text + reason + _domain(one)
    return Exchange(asked, said, verdict, tuple(_citation(cited) for cited in one.citations),
                    one.model.short if one.model else "")


def _domain(one: Answer) -> str:
    return {"out": " (Picture outside the model's domain.)",
            "unknown": " (The model was not sure that the picture shows an eye.)"}.get(one.domain or "", "")


def _about(one: Answer) -> str:
    """Which picture and which part of it was asked about."""
    region = one.question.region
    part = "whole frame" if region is None else f"{region.kind} at x {region.bounds.x:.0f}, y {region.bounds.y:.0f}"
    return f"frame {one.question.frame.index + 1}, {part}"


def _citation(one: Citation) -> str:
    words = one.text or one.kind
    if one.value is not None:
        words += f" {with_unit(number(one.value), one.unit or '')}"
    if one.box is not None:
        words += f" at x {one.box.x:.0f}, y {one.box.y:.0f}, {one.box.w:.0f} × {one.box.h:.0f} px"
    return words
