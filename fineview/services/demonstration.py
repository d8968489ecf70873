"""The main job on the sample study, played by a scripted reviewer who is named in every output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import Method
from fineview.core.finding import Finding, State
from fineview.imaging.window import to_rgb
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.analysis_files import overlay_png
from fineview.services.answering import answer
from fineview.services.clock import now_iso
from fineview.services.compose_report import ReportRequest, Writers, compose, write_report
from fineview.services.deliver import deliver
from fineview.services.encodings import Encodings
from fineview.services.frame_choice import choose_frame, choose_series
from fineview.services.ground import Ground
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.services.ports import Archive, Engine, Journal
from fineview.services.suggestions import as_suggestion

REVIEWER = "demonstration reviewer"
QUESTION = "Is there fluid here?"


def demonstrate(sample: Path, out: Path, archive: Archive, engine: Engine, journal: Journal, writers: Writers,
                as_object: Callable[[Answer], dict[str, Any]], token: Token) -> dict[str, Any]:
    """Open, analyse, ask, accept two suggestions, report.  Returns what was done and the names of the files."""
    study, series = choose_series(scan_all(archive, [sample], token), None)
    key = choose_frame(series, None)
    frame, encodings = series.frames[key.index], Encodings()
    request = FrameRequest(key, archive.read_frame(frame), frame.spacing, series.modality)
    seen = analyse(request, engine, encodings, token)
    heat = heat_map(request, seen, engine, encodings, token, Method.DAR)
    suggested = [as_suggestion(proposal, seen, frame, study.uid) for proposal in seen.proposals[:2]]
    accepted = tuple(_accept(one, journal) for one in suggested)
    region = accepted[0].region if accepted else None
    # The same id at every run: the journal then keeps one answer, the last.
    question = Question(QUESTION, study.uid, key, region, accepted[0].id if accepted else None, id="demonstration",
                        sop_uid=frame.sop_uid, frame_in_file=frame.frame_in_file)
    told = replace(answer(Ground(question, request, series.laterality, lambda: engine, encodings, token)),
                   asked_at=now_iso(), in_report=True)
    journal.keep_answer(study.uid, told)
    report = compose(ReportRequest(study, accepted, (told,), (seen,), REVIEWER, now_iso(), "FineView",
                                   "Demonstration on a synthetic sample study."), archive, token)
    deliver(overlay_png(to_rgb(request.raster), heat, seen, region), out / "overlay.png")
    deliver((json.dumps(as_object(told), indent=1, ensure_ascii=False) + "\n").encode(), out / "answer.json")
    # A structured report of nothing is refused; the other three say that nothing was accepted.
    formats = ("pdf", "html", "json", *(("sr",) if accepted else ()))
    written = write_report(report, writers, formats, out)
    files = ["overlay.png", "answer.json", *(path.name for path in written)]
    summary = (f"Frame {key.index} of the sample study, {seen.model.short} on {seen.device}: "
               f"{len(seen.proposals)} lesions suggested, {len(accepted)} accepted by the {REVIEWER}.\n"
               f"{QUESTION} {told.text}")
    return {"summary": summary, "files": files, "proposals": len(seen.proposals), "accepted": len(accepted),
            "answer": as_object(told), "out": str(out)}


def _accept(suggestion: Finding, journal: Journal) -> Finding:
    at = now_iso()
    accepted = replace(suggestion, state=State.ACCEPTED, author=REVIEWER, decided=at)
    known = {finding.id: finding for finding in journal.findings(suggestion.study_uid)}
    if suggestion.id not in known:
        journal.record(f"accept {suggestion.label}", suggestion, accepted, at)
    return accepted
