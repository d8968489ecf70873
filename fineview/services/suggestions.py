"""The model's proposals as findings: suggested, with score and weights, until a person decides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fineview.core.evidence import Analysis, Proposal
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo, FrameKey


def suggestion_id(key: FrameKey, frame: FrameInfo, label: str, box: Box, sha256: str) -> str:
    """The same pixels, weights and place give the same id, so a decision made once is recognised again."""
    return _id(frame.stamp or _numbered(key, frame), label, box, sha256)


def _numbered(key: FrameKey, frame: FrameInfo) -> str:
    """A DICOM frame; also what named instruments' frames before they had stamps."""
    return f"{frame.sop_uid or key.series_uid}|{frame.frame_in_file}"


def _id(image: str, label: str, box: Box, sha256: str) -> str:
    return "s-" + hashlib.sha256(f"{image}|{label}|{box}|{sha256}".encode()).hexdigest()[:16]


def merge_suggestions(findings: tuple[Finding, ...], analysis: Analysis, frame: FrameInfo,
                      study_uid: str) -> tuple[Finding, ...]:
    """Add the model's proposals as suggestions; what a person already decided stays as it is."""
    known, numbered = {finding.id for finding in findings}, _numbered(analysis.frame, frame)
    added = tuple(as_suggestion(proposal, analysis, frame, study_uid) for proposal in analysis.proposals
                  if _id(numbered, proposal.label, proposal.box, analysis.model.sha256) not in known)
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
        frame_in_file=frame.frame_in_file, stamp=frame.stamp)


def of_encoder(findings: Sequence[Finding], sha256: str | None, selected: str | None) -> tuple[Finding, ...]:
    """What is shown while one encoder is in force: its own suggestions, and everything a person had a hand in.

    ``sha256`` None: it was not loaded yet, so nothing is known to be another's.  The selected one always shows.
    """
    def ours(f: Finding) -> bool:
        touched = f.origin is not Origin.MODEL or f.state is not State.SUGGESTED or bool(f.note)
        return touched or f.id == selected or f.model is None or f.model.sha256 == sha256

    return tuple(findings) if sha256 is None else tuple(f for f in findings if ours(f))
