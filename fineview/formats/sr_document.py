"""Building the Comprehensive SR's data set with highdicom (TID 1500, 1410, 4019, 1003, 1004)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import highdicom as hd
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from fineview.core.errors import ReportRefused
from fineview.core.finding import Origin, State
from fineview.core.report import Report, ReportItem
from fineview.core.study import FrameInfo
from fineview.formats import sr_codes
from fineview.formats.sr_grid import grid_group
from fineview.formats.sr_region import graphic

_DECISIONS = {State.ACCEPTED: "accepted", State.EDITED: "edited"}


def derived_uid(*words: str) -> str:
    """A UID that the same words always give (PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(chr(0).join(words).encode()).digest()[:16], 'big')}"


def document(report: Report) -> Dataset:
    """The whole document.  Every date comes from the report, so that two writings are equal."""
    created = _created(report.created)
    content = sr.MeasurementReport(
        observation_context=_observers(report), procedure_reported=sr_codes.IMAGING,
        imaging_measurements=[*(_group(report, number, item) for number, item in enumerate(report.items, 1)),
                              *(grid_group(report.study_uid, entry) for entry in report.grids)],
        title=codes.DCM.ImagingMeasurementReport)
    content[0].ContentSequence.append(_remarks(report))
    made = sr.ComprehensiveSR(
        evidence=_evidence(report), content=content, series_instance_uid=derived_uid(report.uid, "series"),
        series_number=9001, sop_instance_uid=_instance_uid(report), instance_number=1, manufacturer="FineView",
        is_complete=True, is_final=False, is_verified=False, series_description="FineView findings (research use)",
        specific_character_set="ISO_IR 192", content_date=created.date(), content_time=created.time())
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    made.SoftwareVersions, made.ManufacturerModelName = report.software or "FineView", "FineView"
    made.StudyDescription = report.study_description[:64]
    for item in made.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = created.strftime("%Y%m%d%H%M%S")
    return made


def _created(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words)
    except ValueError as error:
        raise ReportRefused("The report has no date.", "Export it again.", "report-date") from error


def _instance_uid(report: Report) -> str:
    return report.uid if hd.UID(report.uid).is_valid and report.uid else derived_uid(report.study_uid, report.created)


def _person_name(name: str) -> str:
    """"Dr Ada Müller" -> a PN value; "^" and "=" separate parts of names and must not slip in (PS3.5 6.2.1)."""
    return name.replace("^", " ").replace("=", " ").replace("\\", " ").strip()[:64] + "^" if name else "unknown^"


def _observers(report: Report) -> sr.ObservationContext:
    person = sr.ObserverContext(codes.DCM.Person,
                                sr.PersonObserverIdentifyingAttributes(_person_name(report.author)))
    device = sr.ObserverContext(codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(
        uid=derived_uid("FineView", report.software), name="FineView", manufacturer_name="FineView",
        model_name=report.software or "FineView"))
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _group(report: Report, number: int, item: ReportItem) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """One finding: place, what it is, where, who says so, and its numbers (TID 1410)."""
    finding, model = item.finding, item.finding.model
    algorithm = sr.AlgorithmIdentification(model.name, model.version or "1", [f"sha256={model.sha256}"]) \
        if finding.origin is Origin.MODEL and model is not None else None
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(derived_uid(report.study_uid, finding.id), f"Finding {number}"),
        referenced_region=_region(item), finding_type=sr_codes.finding_code(finding.label), algorithm_id=algorithm,
        finding_sites=_sites(item), measurements=_measurements(item),
        qualitative_evaluations=[_evaluation(item), _scale(item)])
    root = group[0].ContentSequence
    root.extend(_observer(finding.author or report.author))
    root.append(_comment(_story(item)))
    return group


def _region(item: ReportItem) -> sr.ImageRegion:
    kind, points = graphic(item)
    sop_class = item.frame.sop_class_uid or ""
    numbered = item.frame.frame_in_file > 0 or sop_class in sr_codes.MULTIFRAME
    source = sr.SourceImageForRegion(sop_class, item.frame.sop_uid or "",
                                     [item.frame.frame_in_file + 1] if numbered else None)
    return sr.ImageRegion(kind, points, source)


def _sites(item: ReportItem) -> list[sr.FindingSite]:
    side = sr_codes.SIDES.get(item.laterality.value or "")
    if not sr_codes.is_retinal(item.finding.label) and side is None:
        return []
    place = sr_codes.RETINA if sr_codes.is_retinal(item.finding.label) else codes.SCT.Eye
    return [sr.FindingSite(anatomic_location=place, laterality=side)]


def _measurements(item: ReportItem) -> list[sr.Measurement]:
    made = [sr.Measurement(sr_codes.measurement_code(one.name), float(f"{one.value:.6g}"),
                           sr_codes.unit_code(one.unit)) for one in item.measurements if one.value is not None]
    if item.finding.origin is Origin.MODEL and item.finding.score is not None:
        made.append(sr.Measurement(sr_codes.CERTAINTY, round(item.finding.score * 100, 2), sr_codes.PERCENT))
    return made


def _evaluation(item: ReportItem) -> sr.QualitativeEvaluation:
    word = "drawn" if item.finding.origin is Origin.PERSON else _DECISIONS.get(item.finding.state, "accepted")
    return sr.QualitativeEvaluation(sr_codes.DECISION, sr_codes.local(word, f"{word} by the reader"))


def _scale(item: ReportItem) -> sr.QualitativeEvaluation:
    word = item.spacing.source.value
    return sr.QualitativeEvaluation(sr_codes.SCALE, sr_codes.local(word, f"scale: {word}"))


def _observer(name: str) -> Iterable[sr.ContentItem]:
    """The person who drew, accepted or edited this one finding, who need not be the report's author (TID 1002)."""
    relation = sr.RelationshipTypeValues.HAS_OBS_CONTEXT
    return (sr.CodeContentItem(codes.DCM.ObserverType, codes.DCM.Person, relation),
            sr.PnameContentItem(codes.DCM.PersonObserverName, _person_name(name), relation))


def _comment(words: str) -> sr.TextContentItem:
    return sr.TextContentItem(sr_codes.COMMENT, words, sr.RelationshipTypeValues.CONTAINS)


def _story(item: ReportItem) -> str:
    finding = item.finding
    who = finding.author or "the reader"
    if finding.origin is Origin.MODEL and finding.model is not None:
        verb = _DECISIONS.get(finding.state, "accepted")
        words = f"Suggested by {finding.model.short}, {verb} by {who} {finding.decided}."
    else:
        words = f"Drawn by {who} {finding.created}."
    return " ".join((words, finding.note)).strip()


def _remarks(report: Report) -> sr.ContainerContentItem:
    """Intended use, summary and warnings as text of the document's qualitative evaluations (TID 1500 row 12)."""
    relation = sr.RelationshipTypeValues.CONTAINS
    holder = sr.ContainerContentItem(sr_codes.EVALUATIONS, is_content_continuous=False, relationship_type=relation)
    words = [report.intended_use, report.summary, *report.warnings]
    holder.ContentSequence = sr.ContentSequence([_comment(text) for text in words if text])
    return holder


def _evidence(report: Report) -> list[Dataset]:
    """What the document refers to, as small data sets; highdicom takes patient and study from the first."""
    found: dict[str, Dataset] = {}
    for item in report.items:
        found.setdefault(item.frame.sop_uid or "", _reference(report, item.finding.frame.series_uid, item.frame))
    for entry in report.grids:
        if entry.frame.sop_uid:
            found.setdefault(entry.frame.sop_uid, _reference(report, entry.series_uid, entry.frame))
    return list(found.values())


def _reference(report: Report, series_uid: str, frame: FrameInfo) -> Dataset:
    d, patient = Dataset(), report.patient
    d.SpecificCharacterSet = "ISO_IR 192"
    d.PatientName, d.PatientID, d.PatientBirthDate, d.PatientSex = (patient.name, patient.id, patient.birth_date,
                                                                   patient.sex)
    if patient.issuer:
        d.IssuerOfPatientID = patient.issuer
    d.StudyInstanceUID, d.SeriesInstanceUID = report.study_uid, series_uid
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = report.study_date, "", "", report.accession
    d.StudyDescription, d.ReferringPhysicianName = report.study_description, ""
    d.SOPClassUID, d.SOPInstanceUID = frame.sop_class_uid, frame.sop_uid
    d.Rows, d.Columns = frame.rows, frame.cols
    return d
