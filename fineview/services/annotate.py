"""Marks: add, edit, accept, reject, undo.  A change shows once it is on disk, and every step has a name.

A person's corrections of layer lines and of thickness grids are steps among the others: one history, one undo.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from fineview.core.errors import FineViewError
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Point
from fineview.core.labels import LABELS
from fineview.core.region import Region, RegionKind
from fineview.services.clock import now_iso
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Journal
from fineview.services.session import Session
from fineview.services.steps import Step, apply, record

FOVEA = "fovea"
Change = tuple[str, Finding | None]


class Annotate:
    """The session changes when the journal has acknowledged; a gesture made before that waits for it."""

    def __init__(self, session: Session, jobs: Jobs, journal: Journal) -> None:
        self._session, self._jobs, self._journal = session, jobs, journal
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._study, self._opening = "", 0
        self._histories: dict[str, tuple[list[Step], list[Step]]] = {}
        self._waiting: deque[Callable[[], None]] = deque()
        self._writing = False
        self._labels: tuple[str, ...] | None = None

    # -- gestures ----------------------------------------------------------------------------------------------
    def add(self, kind: RegionKind, points: tuple[Point, ...], label: str = "") -> str | None:
        """Draw a region on the shown frame; it is selected at once.  None where no image is shown."""
        session, frame = self._session, self._session.frame
        if session.study is None or session.frame_key is None or frame is None:
            return None
        finding = Finding(
            id="p-" + uuid.uuid4().hex[:16], study_uid=session.study.uid, frame=session.frame_key,
            region=Region(kind, points), label=label, origin=Origin.PERSON, state=State.ACCEPTED,
            author=session.author, created=now_iso(), sop_uid=frame.sop_uid, frame_in_file=frame.frame_in_file,
            stamp=frame.stamp)
        step = Step(_named(f"add {label or kind}", finding), None, finding)
        self._then(lambda: self._do(step, select=finding.id))
        return finding.id

    def mark_fovea(self, x: float, y: float) -> str | None:
        """One fovea a frame: a second mark moves the first."""
        here = self._session.frame_key
        old = next((f for f in self._session.findings
                    if f.label == FOVEA and f.frame == here and f.region.kind is RegionKind.POINT), None)
        if old is None:
            return self.add(RegionKind.POINT, ((x, y),), FOVEA)
        self.reshape(old.id, Region(RegionKind.POINT, ((x, y),)))
        return old.id

    def select(self, finding_id: str | None) -> None:
        self._session.selected = finding_id
        self._session.pulse()

    def reshape(self, finding_id: str, region: Region) -> None:
        self._change(finding_id, lambda old: (f"move {old.label or region.kind}", self._edited(old, region=region))
                     if old.region != region else None)

    def label(self, finding_id: str, label: str) -> None:
        self._change(finding_id, lambda old: (f"label {label or 'cleared'}", self._edited(old, label=label))
                     if old.label != label else None)

    def note(self, finding_id: str, text: str) -> None:
        self._change(finding_id, lambda old: ("note", replace(old, note=text)) if old.note != text else None)

    def accept(self, finding_id: str) -> None:
        self._decide(finding_id, State.ACCEPTED, "accept")

    def reject(self, finding_id: str) -> None:
        self._decide(finding_id, State.REJECTED, "reject")

    def delete(self, finding_id: str) -> None:
        """Remove a person's mark.  A model's suggestion is not removed but rejected, so that the decision is kept."""
        old = self._find(finding_id)
        if old is not None and old.origin is Origin.MODEL:
            self.reject(finding_id)
        else:
            self._change(finding_id, lambda old: (f"delete {old.label or old.region.kind}", None))

    def step(self, make: Callable[[], Step | None]) -> None:
        """A step of another kind, made when the steps before it are on disk; None: nothing changes."""
        def gesture() -> None:
            step = make()
            if step is not None:
                self._do(step)

        self._then(gesture)

    def follow(self, make: Callable[[], Step | None]) -> None:
        """The same for what follows from a step by itself: it is kept and shown, but no step to be undone."""
        def gesture() -> None:
            self._check_study()
            step = make()
            if step is not None:
                self._write(step, lambda: None)

        self._then(gesture)

    def undo(self) -> None:
        self._then(self._undo)

    def redo(self) -> None:
        self._then(self._redo)

    def labels(self) -> tuple[str, ...]:
        """The words a mark may carry: the person's own list, or the model's words and two more."""
        if self._labels is None:  # once: the findings panel asks for every mark that is selected
            own = self._journal.setting("labels")
            self._labels = tuple(str(word) for word in json.loads(own)) if own else ()
        return self._labels or (*(label.word for label in LABELS), FOVEA, "other")

    def set_labels(self, labels: tuple[str, ...]) -> None:
        clean = tuple(dict.fromkeys(word.strip() for word in labels if word.strip()))

        def saved(_: None) -> None:
            self._labels = clean
            self._session.pulse()

        self._jobs.submit(Job("journal", lambda _: self._journal.set_setting("labels", json.dumps(clean)), saved,
                              self._failed, newest_wins=False))

    # -- steps -------------------------------------------------------------------------------------------------
    def _then(self, gesture: Callable[[], None]) -> None:
        """One step at a time, so that a second undo or edit starts from what the first one left."""
        self._waiting.append(gesture)
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._writing:
            self._waiting.popleft()()

    def _undo(self) -> None:
        self._check_study()
        if self._done:
            step = self._done[-1]
            self._write(Step(f"Undo: {step.name}", step.after, step.before),
                        lambda: self._moved(self._done, self._undone))

    def _redo(self) -> None:
        self._check_study()
        if self._undone:
            step = self._undone[-1]
            self._write(Step(f"Redo: {step.name}", step.before, step.after),
                        lambda: self._moved(self._undone, self._done))

    def _change(self, finding_id: str, change: Callable[[Finding], Change | None]) -> None:
        """``change`` gives the step's words and what comes after, or None where nothing changes."""
        def gesture() -> None:
            old = self._find(finding_id)
            made = change(old) if old is not None else None
            if old is not None and made is not None:
                self._do(Step(_named(made[0], old), old, made[1]))

        self._then(gesture)

    def _find(self, finding_id: str) -> Finding | None:
        return next((f for f in self._session.findings if f.id == finding_id), None)

    def _edited(self, old: Finding, **changes: object) -> Finding:
        """A person's edit of a suggestion keeps what the model said beside it."""
        if old.origin is Origin.MODEL:
            changes.update(state=State.EDITED, author=self._session.author, decided=now_iso(),
                           original=old.original or old.region)
        return replace(old, **changes)  # type: ignore[arg-type]

    def _decide(self, finding_id: str, state: State, word: str) -> None:
        self._change(finding_id, lambda old: (
            f"{word} {old.label}", replace(old, state=state, author=self._session.author, decided=now_iso()))
            if old.state is not state else None)

    def _do(self, step: Step, select: str | None = None) -> None:
        self._check_study()

        def done() -> None:
            self._done.append(step)
            self._undone.clear()
            if select is not None:
                self._session.selected = select

        self._write(step, done)

    def _moved(self, source: list[Step], target: list[Step]) -> None:
        target.append(source.pop())

    def _write(self, step: Step, done: Callable[[], None]) -> None:
        at = now_iso()
        self._writing = True

        def acknowledged(_: None) -> None:
            # On disk under its own study; where another one is open by now, nothing of it may show there.
            open_now = self._session.study
            if open_now is not None and step.target.study_uid == open_now.uid == self._study:
                done()
                self._apply(step, at)

        self._jobs.submit(Job("journal", lambda _: record(self._journal, step, at), acknowledged, self._failed,
                              finished=self._written, newest_wins=False))

    def _written(self) -> None:
        self._writing = False
        self._next()

    def _apply(self, step: Step, at: str) -> None:
        session = self._session
        apply(session, step)
        session.saved_at = at[11:19]
        session.undo_name = f"Undo: {self._done[-1].name}" if self._done else ""
        session.redo_name = f"Redo: {self._undone[-1].name}" if self._undone else ""
        session.pulse()

    def _check_study(self) -> None:
        """Steps of another study are not undone here; they wait while its catalogue is open."""
        uid = self._session.study.uid if self._session.study else ""
        if self._session.openings != self._opening:
            self._opening, self._study = self._session.openings, ""
            self._histories.clear()
        if uid != self._study:
            self._study = uid
            self._done, self._undone = self._histories.setdefault(uid, ([], []))

    def _failed(self, error: FineViewError) -> None:
        said = error.what if error.what.startswith("Not saved") else f"Not saved: {error.what}"
        self._session.tell("error", said, error.remedy, error.code)
        self._session.pulse()


def _named(words: str, finding: Finding) -> str:
    return f"{words} on frame {finding.frame.index + 1}"
