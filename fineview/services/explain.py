"""Overlays: wish one, and the encoder works behind the window until it is there.  Newest wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from fineview.core.errors import FineViewError
from fineview.core.evidence import TASK_SCALES, Analysis, HeatMap, Method, Proposal, Task
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo, FrameKey
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.encodings import Encodings
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.picture import heat_key, overlay_picture
from fineview.services.ports import Engine
from fineview.services.session import Session
from fineview.services.wishes import OverlayKind, OverlayWishes

EngineSource = Callable[[], Engine]
_SCALES = (4, 8, 16)
_MODES = {"raw": Method.RAW, "dar": Method.DAR}


class Explain:
    """Lane "model" (one worker, newest wins)."""

    def __init__(self, session: Session, jobs: Jobs, engine: EngineSource, encodings: Encodings) -> None:
        self._session, self._jobs, self._engine, self._encodings = session, jobs, engine, encodings
        self.enabled = True

    # -- gestures ----------------------------------------------------------------------------------------------
    def overlay(self, kind: OverlayKind) -> None:
        self.set(kind=kind)

    def toggle(self, kind: OverlayKind) -> None:
        """The same key again switches the overlay off."""
        self.set(kind="none" if self._session.overlay.kind == kind else kind)

    def next_scale(self) -> None:
        """First press shows the pyramid at the task's scale, the next ones go through 1/4, 1/8, 1/16."""
        now = self._session.overlay
        if now.kind != "mfp":
            self.set(kind="mfp")
            return
        self.set(mfp_scale=_SCALES[(_SCALES.index(now.mfp_scale) + 1) % len(_SCALES)])

    def set(self, **changes: object) -> None:
        """Change any field of ``OverlayWishes``.  A new task brings its own scale unless one is given."""
        if "task" in changes and "mfp_scale" not in changes:
            changes["mfp_scale"] = TASK_SCALES[Task(str(changes["task"]))][0]
        self._session.overlay = replace(self._session.overlay, **changes)  # type: ignore[arg-type]
        self._session.pulse()
        self.refresh()

    def step_opacity(self, delta: float) -> None:
        self.set(opacity=round(min(1.0, max(0.0, self._session.overlay.opacity + delta)), 2))

    def hold(self, hidden: bool) -> None:
        self._session.overlays_hidden = hidden
        self._session.pulse()

    def follow(self, word: str | None) -> None:
        """Show the attention row of these words; None: the general row."""
        kind = self._session.overlay.kind
        self.set(text=word, kind=kind if kind in ("raw", "dar") else "raw")

    def analyse(self) -> None:
        """Encode the shown frame now, whatever the overlay."""
        self.refresh(force=True)

    def cancel(self) -> None:
        """Stop encoding.  An overlay that is not there yet is given up, so that nothing is waited for in vain."""
        self._jobs.cancel("model")
        if overlay_picture(self._session) is None:
            self._session.overlay = replace(self._session.overlay, kind="none")
        self._session.progress.pop("model", None)
        self._session.pulse()

    # -- work --------------------------------------------------------------------------------------------------
    def refresh(self, force: bool = False) -> None:
        """Compute what the wishes need for the shown frame and is not known yet."""
        session, key = self._session, self._session.frame_key
        raster, series, frame = session.raster, session.series, session.frame
        if key is None or raster is None or series is None or frame is None or not self.enabled:
            return
        wishes = session.overlay
        known = session.analyses.get(key)
        heat = heat_key(key, wishes) if wishes.kind in ("raw", "dar") else None
        if known is not None and (heat is None or heat in session.heat):
            return
        if wishes.kind == "none" and not force:
            return
        request = FrameRequest(key, raster, frame.spacing, series.modality)
        self._progress("preparing the model", 0, 0)
        self._jobs.submit(Job("model", lambda token: self._work(request, known, wishes, token),
                              lambda result: self._done(frame, heat, result), self._failed,
                              lambda done, total, words: self._progress(words, done, total), self._idle))

    def _work(self, request: FrameRequest, known: Analysis | None, wishes: OverlayWishes,
              token: Token) -> tuple[Analysis, HeatMap | None]:
        engine = self._engine()
        token.raise_if_cancelled()
        token.report(0, 0, f"encoding frame {request.key.index + 1}")
        analysis = known or analyse(request, engine, self._encodings, token)
        heat = None
        if wishes.kind in _MODES:
            heat = heat_map(request, analysis, engine, self._encodings, token, _MODES[wishes.kind], wishes.text,
                            wishes.dar)
        return analysis, heat

    def _done(self, frame: FrameInfo, heat: tuple[object, ...] | None,
              result: tuple[Analysis, HeatMap | None]) -> None:
        session, (analysis, values) = self._session, result
        if session.study is None or session.frame_at(analysis.frame) != frame:
            return  # another study, or more files of this one: the number means another picture by now
        fresh = analysis.frame not in session.analyses
        session.analyses[analysis.frame] = analysis
        if heat is not None and values is not None:
            session.heat[heat] = values
        for note in analysis.notes if fresh else ():
            session.tell("info", note)
        if fresh:
            session.findings = merge_suggestions(session.findings, analysis, frame, session.study.uid)
        session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.overlay = replace(self._session.overlay, kind="none")
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    def _progress(self, words: str, done: float, total: float) -> None:
        self._session.advance("model", words, done, total)

    def _idle(self) -> None:
        if not self._jobs.busy("model"):
            self._session.progress.pop("model", None)
            self._session.pulse()


def suggestion_id(key: FrameKey, frame: FrameInfo, label: str, box: Box, sha256: str) -> str:
    """The same pixels, weights and place give the same id, so a decision made once is recognised again."""
    where = f"{frame.sop_uid or key.series_uid}|{frame.frame_in_file}|{label}|{box}|{sha256}"
    return "s-" + hashlib.sha256(where.encode()).hexdigest()[:16]


def merge_suggestions(findings: tuple[Finding, ...], analysis: Analysis, frame: FrameInfo,
                      study_uid: str) -> tuple[Finding, ...]:
    """Add the model's proposals as suggestions; what a person already decided stays as it is."""
    known = {finding.id for finding in findings}
    added = tuple(as_suggestion(proposal, analysis, frame, study_uid) for proposal in analysis.proposals)
    return findings + tuple(one for one in added if one.id not in known)


def outline(proposal: Proposal) -> Region:
    """The lesion's own outline, so that its size is that of the lesion; the box where there is no outline."""
    if len(proposal.contour) < 3:
        return Region.from_box(proposal.box)
    return Region(RegionKind.POLYGON, proposal.contour)


def as_suggestion(proposal: Proposal, analysis: Analysis, frame: FrameInfo, study_uid: str) -> Finding:
    return Finding(
        id=suggestion_id(analysis.frame, frame, proposal.label, proposal.box, analysis.model.sha256),
        study_uid=study_uid,
        frame=analysis.frame, region=outline(proposal), label=proposal.label, origin=Origin.MODEL,
        state=State.SUGGESTED, score=proposal.score, model=analysis.model, sop_uid=frame.sop_uid,
        frame_in_file=frame.frame_in_file)
