"""From accepted findings to files on disk.  Figures are recomputed from pixels and evidence, never grabbed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fineview.core.dialogue import Answer, Answered
from fineview.core.errors import FineViewError, ReportRefused, StorageProblem
from fineview.core.evidence import Analysis
from fineview.core.finding import Finding
from fineview.core.report import Figure, GridEntry, Report, ReportItem
from fineview.core.study import Laterality, Study
from fineview.services.clock import now_iso
from fineview.services.deliver import deliver_together
from fineview.services.figures import finding_figure, overlay_figure
from fineview.services.grid_entry import entries_of
from fineview.services.grid_figures import grid_figures
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.measuring import measure_region
from fineview.services.ports import Archive, Journal, ReportWriter, TokenPort
from fineview.services.scale_lock import locked
from fineview.services.session import Session
from fineview.services.whereabouts import NOT_OPEN, frame_of, relocated, relocated_answers

Writers = Mapping[str, ReportWriter]
Done = Callable[[tuple[Path, ...]], None]
# The files, and why the audit trail does not know of them, if so: they are there all the same.
Written = tuple[tuple[Path, ...], StorageProblem | None]
# Writes the pictures without a SOP instance as Secondary Capture; gives the report that refers to them, and the files.
Capture = Callable[[Report, Archive], tuple[Report, tuple[tuple[str, bytes], ...]]]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Everything a report depends on; the same request gives the same bytes."""

    study: Study
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]
    analyses: tuple[Analysis, ...]
    author: str
    created: str
    software: str
    summary: str = ""
    grids: tuple[GridEntry, ...] = ()


def compose(request: ReportRequest, archive: Archive, token: TokenPort) -> Report:
    """Build the frozen report of one study.

    Raises ``ReportRefused``: ``mixed-patients`` where findings of another study slipped in, ``image-not-open``.
    """
    if any(finding.study_uid != request.study.uid for finding in request.findings):
        raise ReportRefused("The findings belong to more than one study.", "Open one study and export again.",
                            "mixed-patients")
    kept = _kept(request)
    items, figures = [], list[Figure]()
    for number, finding in enumerate(kept, start=1):
        token.raise_if_cancelled()
        token.report(number, len(kept), f"figure {number} of {len(kept)}")
        series = request.study.series_by_uid(finding.frame.series_uid)
        frame = series.frames[finding.frame.index]
        figures.append(finding_figure(number, finding, archive.read_frame(frame), frame.spacing.aspect))
        items.append(ReportItem(finding, measure_region(finding.region, frame.spacing), frame, series.laterality,
                                frame.spacing, finding.frame.index + 1, series.description or series.modality))
    grids = tuple(replace(one, author=one.author or request.author) for one in _grids(request))
    for number, entry in enumerate(grids, start=1):
        token.raise_if_cancelled()
        figures += grid_figures(number, entry, request.study, archive)
    figures += _evidence(request, kept, archive, token)
    shown = _shown(request)
    models = {m.sha256: m for m in (*(f.model for f in kept), *(a.model for a in shown)) if m is not None}
    return Report(
        patient=request.study.patient, study_uid=request.study.uid, study_date=request.study.date,
        study_description=request.study.description, accession=request.study.accession,
        laterality=_one_eye(items, request.study), author=request.author, created=request.created, items=tuple(items),
        figures=tuple(figures), dialogue=shown, summary=request.summary, models=tuple(models.values()),
        software=request.software, uid=report_uid(request), warnings=_warnings(request, items),
        grids=grids)


def _evidence(request: ReportRequest, kept: Sequence[Finding], archive: Archive, token: TokenPort) -> list[Figure]:
    """The probability map of the labels that were accepted from the model, one picture a frame; nothing else of it."""
    figures = []
    for analysis in request.analyses:
        token.raise_if_cancelled()
        words = tuple(dict.fromkeys(f.label for f in kept if f.frame == analysis.frame and f.model == analysis.model))
        if words:
            frame = request.study.series_by_uid(analysis.frame.series_uid).frames[analysis.frame.index]
            figures.append(overlay_figure(analysis, archive.read_frame(frame), words, frame.spacing.aspect))
    return figures


def _kept(request: ReportRequest) -> list[Finding]:
    """Accepted and labelled findings, on the frames of the study as it is open.  Raises ``ReportRefused``."""
    # Who signs stands behind marks that were made before anybody gave a name: in every format the same.
    chosen = tuple(replace(f, author=f.author or request.author) for f in request.findings if f.in_report and f.label)
    kept = sorted(relocated(chosen, request.study), key=lambda f: (f.frame.index, f.id))
    absent = sum(frame_of(finding, request.study) is None for finding in kept)
    if absent:
        raise ReportRefused(f"{absent} of {len(kept)} accepted findings lie on images that are not open.",
                            "Open the whole study and export again.", "image-not-open")
    return kept


def _shown(request: ReportRequest) -> tuple[Answer, ...]:
    """Answers that a person took in, about images of the study as it is open."""
    chosen = tuple(a for a in request.answers if a.in_report and a.question.study_uid == request.study.uid)
    here = (a for a in relocated_answers(chosen, request.study) if a.question.frame.index != NOT_OPEN)
    return tuple(_under_lock(a, request.study) for a in here)


def _under_lock(answer: Answer, study: Study) -> Answer:
    """Kept answers may be older than the rule that a model states no length without a scale."""
    if not answer.in_free_words:
        return answer
    key = answer.question.frame
    return locked(Answered(answer), study.series_by_uid(key.series_uid).frames[key.index].spacing).answer


def _grids(request: ReportRequest) -> tuple[GridEntry, ...]:
    """Grids of volumes that are open: whose they are must be seen before they are signed."""
    known = {series.uid for series in request.study.series}
    return tuple(one for one in request.grids if one.series_uid in known)


def _one_eye(items: Sequence[ReportItem], study: Study) -> Laterality:
    """The eye all items (or all series, where there is no item) agree on; unknown where they do not."""
    eyes = {item.laterality for item in items} or {series.laterality for series in study.series}
    return eyes.pop() if len(eyes) == 1 else Laterality()


def _warnings(request: ReportRequest, items: Sequence[ReportItem]) -> tuple[str, ...]:
    told = []
    nameless = sum(finding.in_report and not finding.label for finding in request.findings)
    if nameless:
        told.append(f"{nameless} mark{'s' if nameless > 1 else ''} without a label {'are' if nameless > 1 else 'is'} "
                    "not part of this report.")
    absent = sum(answer.in_report for answer in request.answers) - len(_shown(request))
    if absent:
        told.append(f"Answers about images that are not open are not part of this report: {absent}.")
    silent = {item.laterality.organ for item in items if item.laterality.missing}
    if silent:
        told.append(f"Side unknown: the file does not say which {'eye' if 'eye' in silent else 'side'} this is.")
    if any(not item.spacing.known for item in items):
        told.append("Some sizes are in pixels because the spacing of the file is unknown or only assumed.")
    gone = len(request.grids) - len(_grids(request))
    if gone:
        told.append(f"Thickness grids of volumes that are not open are not part of this report: {gone}.")
    if len({(entry.provenance.source, entry.provenance.by) for entry in request.grids}) > 1:
        told.append("The thickness grids rest on lines of different makers or models: they must not be compared.")
    return (*told, *_outside(request, items))


def _outside(request: ReportRequest, items: Sequence[ReportItem]) -> Iterable[str]:
    """Frames the encoder was not made for, or was not sure about, where something of them is in the report."""
    spoken = {(a.question.frame, a.domain) for a in _shown(request)}
    used = {item.finding.frame for item in items}
    verdicts = spoken | {(a.frame, a.domain) for a in request.analyses if a.frame in used and a.model.heads_trained}
    for verdict, words in (("out", "outside what the model was trained on"),
                           ("unknown", "the model was not sure that this is an eye")):
        frames = sorted({frame.index + 1 for frame, judged in verdicts if judged == verdict})
        if frames:
            yield f"Frame {', '.join(map(str, frames))}: {words}; read its suggestions and answers with care."


def report_uid(request: ReportRequest) -> str:
    """2.25.<number from the content>: the same request gives the same UID (PS3.5 B.2 form, hash-derived)."""
    kept = tuple(answer for answer in request.answers if answer.in_report)
    words = repr((request.study.uid, request.findings, kept, request.created, request.author, request.summary,
                  *request.grids))
    return f"2.25.{int.from_bytes(hashlib.sha256(words.encode()).digest()[:15], 'big')}"


def _person(study: Study) -> tuple[str, ...]:
    return (study.uid, *study.patient.key)


def write_report(report: Report, writers: Writers, formats: Sequence[str], folder: Path,
                 captures: Sequence[tuple[str, bytes]] = (), token: TokenPort | None = None) -> tuple[Path, ...]:
    """Render all formats first, then write them: a refused format leaves nothing half done.

    ``captures``: (name, bytes) of pictures that the report refers to, written with it.  ``token`` is asked a last
    time before anything is written: what was cancelled leaves no file.
    Raises ``ReportRefused`` for an unknown format or one that cannot carry this report, ``StorageProblem``.
    """
    for name in formats:
        if name not in writers:
            raise ReportRefused(f"There is no report format \"{name}\".", f"Choose from {', '.join(writers)}.",
                                "unknown-format")
    rendered = [(writers[name], writers[name].render(report)) for name in formats]
    if token is not None:
        token.raise_if_cancelled()
    reports = [(folder / f"report{writer.suffix}", data, partial(_verify, writer, report)) for writer, data in rendered]
    return deliver_together([*reports, *((folder / name, data, None) for name, data in captures)])


def _verify(writer: ReportWriter, report: Report, data: bytes) -> None:
    writer.verify(data, report)


class ComposeReport:
    """Exporting from the window: lane "report"; the files are announced after they were read back."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, journal: Journal, writers: Callable[[], Writers],
                 capture: Capture, software: str) -> None:
        self._session, self._jobs, self._archive, self._journal = session, jobs, archive, journal
        self._writers, self._capture, self._software, self._summary = writers, capture, software, ""
        self._exported: dict[str, tuple[Path, ...]] = {}

    def exported(self, study_uid: str) -> tuple[Path, ...]:
        """DICOM files that were written of a study since the program began, the newest last."""
        return self._exported.get(study_uid, ())

    def summary(self, text: str) -> None:
        self._summary = text.strip()

    def export(self, folder: Path, formats: tuple[str, ...], as_secondary_capture: bool = False,
               done: Done | None = None, study: Study | None = None) -> None:
        """Write the report of the open study's accepted findings into ``folder``.

        ``study``: the one the person was told about; nothing is written where another one has been opened meanwhile.
        """
        session = self._session
        if study is not None and (session.study is None or _person(session.study) != _person(study)):
            session.tell("error", "The report was not written: another study has been opened meanwhile.",
                         "Go back to the study and export again.", "another-study")
            session.pulse()
            return
        if session.study is None:
            return
        accepted = {f.frame for f in session.findings if f.in_report and f.label}
        analyses = tuple(a for _, a in session.analyses.items() if a.frame in accepted)
        request = ReportRequest(session.study, session.findings, session.answers, analyses,
                                session.author or "unnamed reader", now_iso(), self._software, self._summary,
                                entries_of(session.kept_grids))
        session.advance("report", "writing the report")
        self._jobs.submit(Job("report", lambda token: self._work(request, folder, formats, as_secondary_capture, token),
                              lambda written: self._written(request.study.uid, written, done), self._failed,
                              self._moved, self._idle))

    def _work(self, request: ReportRequest, folder: Path, formats: tuple[str, ...], as_capture: bool,
              token: Token) -> Written:
        report = compose(request, self._archive, token)
        token.raise_if_cancelled()
        captures: tuple[tuple[str, bytes], ...] = ()
        if as_capture:
            report, captures = self._capture(report, self._archive)
        paths = write_report(report, self._writers(), formats, folder, captures, token)
        try:
            if not self._journal.read_only:
                self._journal.audit("export", {"study": report.study_uid, "report": report.uid}, now_iso())
        except StorageProblem as error:
            return paths, error
        return paths, None

    def _written(self, study_uid: str, written: Written, done: Done | None) -> None:
        paths, unlogged = written
        made = (*self.exported(study_uid), *(path for path in paths if path.suffix == ".dcm"))
        self._exported[study_uid] = tuple(dict.fromkeys(made))
        if unlogged is not None:
            self._session.tell("warning", f"The export is not in the audit trail: {unlogged.what}", unlogged.remedy,
                               unlogged.code)
        names = ", ".join(path.name for path in paths)
        self._session.tell("info", f"Report written and read back: {names}.", f"In {paths[0].parent}." if paths else "")
        self._session.pulse()
        if done is not None:
            done(paths)

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    def _moved(self, done: float, total: float, words: str) -> None:
        self._session.advance("report", words, done, total)

    def _idle(self) -> None:
        if not self._jobs.busy("report"):
            self._session.progress.pop("report", None)
            self._session.pulse()
