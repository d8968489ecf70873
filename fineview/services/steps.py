"""One change a person made: of a mark, a layer line or a thickness grid; how it is kept, and how it shows."""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.finding import Finding
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.services.ports import Journal
from fineview.services.session import Session
from fineview.services.whereabouts import relocated

Target = Finding | LayerCopy | KeptGrid


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one thing; ``None`` before: it was added, ``None`` after: it was removed."""

    name: str
    before: Target | None
    after: Target | None

    @property
    def target(self) -> Target:
        """Raises ``ValueError`` for a step of nothing."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a step needs what was before or what is after")
        return found


def record(journal: Journal, step: Step, at: str) -> None:
    """Raises ``StorageProblem``."""
    before, after = step.before, step.after
    if isinstance(before, LayerCopy | None) and isinstance(after, LayerCopy | None):
        journal.record_line(step.name, before, after, at)
    elif isinstance(before, KeptGrid | None) and isinstance(after, KeptGrid | None):
        journal.record_grid(step.name, before, after, at)
    else:
        assert isinstance(before, Finding | None) and isinstance(after, Finding | None)
        journal.record(step.name, before, after, at)


def apply(session: Session, step: Step) -> None:
    """What holds once the step is on disk."""
    target, after = step.target, step.after
    assert session.study is not None
    if isinstance(target, LayerCopy):
        copies = tuple(one for one in session.layer_copies if one.id != target.id)
        session.layer_copies = (*copies, after) if isinstance(after, LayerCopy) else copies
    elif isinstance(target, KeptGrid):
        grids = tuple(one for one in session.kept_grids if one.id != target.id)
        session.kept_grids = (*grids, after) if isinstance(after, KeptGrid) else grids
    else:
        if after is None and session.selected == target.id:
            session.selected = None
        # More files of the series may have come since the step was made.
        kept = _with(session.findings, target, after if isinstance(after, Finding) else None)
        session.findings = relocated(kept, session.study)


def _with(kept: tuple[Finding, ...], target: Finding, after: Finding | None) -> tuple[Finding, ...]:
    """``after`` in the place of ``target``, or at the end, or no more."""
    if after is None:
        return tuple(one for one in kept if one.id != target.id)
    if any(one.id == target.id for one in kept):
        return tuple(after if one.id == target.id else one for one in kept)
    return (*kept, after)
