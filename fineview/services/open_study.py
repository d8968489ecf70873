"""Opening: the first image at once, the rest behind it with progress and Cancel, one bad file never in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fineview.core.errors import FineViewError, InputProblem
from fineview.core.study import Catalogue, FrameKey, Series, Study
from fineview.services.at_study import AtStudy
from fineview.services.clock import now_iso
from fineview.services.file_lines import FileLines
from fineview.services.frames import Frames
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.lane_bar import LaneBar
from fineview.services.ports import Archive, Journal
from fineview.services.renumbered import moved_panes, number_of, renumbered, renumbered_series
from fineview.services.session import Session
from fineview.services.whereabouts import relocated, relocated_answers
from fineview.services.wishes import ViewWishes

Rows = tuple[tuple[str, str, str], ...]


def scan_all(archive: Archive, paths: Sequence[Path], token: Token) -> Catalogue:
    """The complete catalogue of ``paths``, for scripts.  Raises ``InputProblem`` where nothing can be opened."""
    last = Catalogue()
    for found in archive.scan(paths, token):
        token.raise_if_cancelled()
        last = found
    return last


def first_image_series(catalogue: Catalogue) -> tuple[Study, Series]:
    """First series with frames in study, series-number, instance order.  Raises ``InputProblem`` where none is."""
    for study in catalogue.studies:
        for series in study.series:
            if series.frames:
                return study, series
    if catalogue.problems:
        first = catalogue.problems[0]
        raise InputProblem(first.what, first.remedy, first.code)
    raise InputProblem("No image was found there.", "Choose a folder, ZIP or file that holds images.", "not-an-image")


class OpenStudy:
    """Catalogue and series on the session.  Lanes "open" (scan), "header" and "journal"; ``frames`` has its own."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, journal: Journal, sample: Path) -> None:
        self._session, self._jobs, self._archive, self._journal = session, jobs, archive, journal
        self._sample = sample
        self._opened: tuple[str, ...] = ()
        self._touched = self._known = False
        self.lines = FileLines(session, jobs, archive)
        self.frames = Frames(session, jobs, archive)
        self._at = AtStudy(session, jobs, journal)
        self._bar = LaneBar(session, jobs, "open")

    def paths(self, paths: Sequence[Path]) -> None:
        """Open files, folders, ZIPs or a DICOMDIR in place of what is open."""
        self._opened, self._touched, self._known = tuple(str(path) for path in paths), False, False
        self._scan(paths, [])

    def again(self, folder: Path) -> None:
        """More has arrived in a folder that was opened: what is shown stays.  Nothing where another one is open."""
        if self._opened == (str(folder),):
            self._touched = True
            self._scan([folder], [True] if self._session.study is not None else [])

    def _scan(self, paths: Sequence[Path], shown: list[bool]) -> None:
        """``shown`` is empty until the first image is."""
        self._bar.moved(0, 0, "looking for images")

        def work(token: Token) -> Catalogue:
            last = Catalogue()
            try:
                for last in self._archive.scan(list(paths), token):
                    token.raise_if_cancelled()
                    if not shown and any(series.frames for study in last.studies for series in study.series):
                        shown.append(True)
                        self._jobs.post(partial(self._show_first, last, token))
            except InputProblem:
                if not last.companions:
                    raise  # a report without its image can still be read
            return last

        self._jobs.submit(Job("open", work, self._scanned, self._bar.failed, self._bar.moved, self._bar.idle))

    @property
    def touched(self) -> bool:
        """Whether the person has gone anywhere in what is open."""
        return self._touched

    def sample(self) -> None:
        self.paths([self._sample])

    def recent(self) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
        return self._journal.recent_studies()

    def reopen(self, paths: Sequence[str]) -> None:
        self.paths([Path(path) for path in paths])

    def show_series(self, uid: str) -> None:
        """At its first frame to show, through the file's window."""
        self.turn_to(uid)

    def turn_to(self, uid: str, index: int | None = None, view: ViewWishes | None = None) -> None:
        """Show a series, where it was looked at before: at that frame and in that look."""
        self._touched = True
        study, series = self._session.catalogue.find_series(uid)
        self._at.enter(study, series, index, view)
        self._session.pulse()
        self.frames.load()
        self.frames.preload(series)

    def show_frame(self, index: int) -> None:
        series = self._session.series
        if series is None or not series.frames:
            return
        self._touched = True
        self._session.index = min(max(index, 0), len(series.frames) - 1)
        self._session.pulse()
        self.frames.load()

    def show(self, key: FrameKey) -> None:
        """Go to a frame of any series of the open study; says so where it is not there."""
        session = self._session
        if session.frame_at(key) is None:
            session.tell("info", "This image is not open.", "Open the whole study.", "image-not-open")
            session.pulse()
            return
        if session.series is None or session.series.uid != key.series_uid:
            self.show_series(key.series_uid)
        self.show_frame(key.index)

    def beside(self, uid: str) -> None:
        """Another picture of the same eye beside the shown volume."""
        if self._session.series is not None:
            self._session.localizers[self._session.series.uid] = uid
            self._session.pulse()
            self.frames.load()

    def step(self, delta: int) -> None:
        self.show_frame(self._session.index + delta)

    def close_study(self) -> None:
        self._opened = ()
        for lane in ("open", "frame"):
            self._jobs.cancel(lane)
        session = self._session
        session.catalogue = Catalogue()
        self.frames.clear_thumbnails()
        self._at.forget()
        session.pulse()

    def load_header(self, done: Callable[[Rows], None]) -> None:
        """Read the shown file's header and hand its (tag, keyword, text) rows to ``done``."""
        frame = self._session.frame
        if frame is not None:
            self._jobs.submit(Job("header", lambda _: self._archive.header(frame), done, self._bar.failed))

    # -- catalogue ---------------------------------------------------------------------------------------------
    def _show_first(self, catalogue: Catalogue, token: Token) -> None:
        if token.cancelled:
            return
        self._session.catalogue = catalogue
        self.frames.clear_thumbnails()
        study, series = first_image_series(catalogue)
        self._at.forget()
        self._at.enter(study, series)
        self._session.pulse()
        self.frames.load()

    def _scanned(self, catalogue: Catalogue) -> None:
        session = self._session
        before, session.catalogue = session.catalogue, catalogue
        if not any(series.frames for study in catalogue.studies for series in study.series):
            self._at.forget()
            self._tell_no_image(catalogue)
            session.pulse()
            return
        if renumbered(before, catalogue):
            session.clear_frames()
            session.panes = moved_panes(session.panes, before, catalogue)
        self._refresh_open_series(catalogue)
        if catalogue.problems:
            count = len(catalogue.problems)
            session.tell("warning", f"{count} file{'s' if count > 1 else ''} could not be opened.",
                         "See the list under the studies.", "some-problems")
        self._remember()
        session.pulse()
        self.frames.load()
        self.frames.thumbnails(catalogue)
        if session.series is not None:
            self.frames.preload(session.series)

    def _tell_no_image(self, catalogue: Catalogue) -> None:
        """Objects without their images can be read; the first one's text is shown at once."""
        session = self._session
        if catalogue.companions:
            session.companions = replace(session.companions, selected=catalogue.companions[0].path)
            session.tell("info", "There is no image, only objects that belong to images.",
                         "Read them under Objects, or open their images too.", "objects-only")
            return
        try:
            first_image_series(catalogue)
        except FineViewError as error:
            session.tell("error", error.what, error.remedy, error.code)

    def _refresh_open_series(self, catalogue: Catalogue) -> None:
        """The first catalogue knew a part: keep the person's frame, not its number.

        Where the person has not touched anything yet, the first series of the whole takes the place of the first found.
        """
        session, old = self._session, self._session.frame
        try:
            study, series = catalogue.find_series(session.series.uid if session.series else "")
        except KeyError:
            study, series = first_image_series(catalogue)
        if not self._touched and session.view == replace(ViewWishes(), true_aspect=session.view.true_aspect):
            study, series = first_image_series(catalogue)
        if session.series is None or series.uid != session.series.uid:
            self._at.enter(study, series)
            return
        grown = renumbered_series(session.series, series)
        session.study, session.series = study, series
        session.findings = relocated(session.findings, study)
        session.answers = relocated_answers(session.answers, study)
        if grown:
            kept = number_of(old, series) if self._touched else None
            session.index = series.default_frame if kept is None else kept

    def _remember(self) -> None:
        study = self._session.study
        if study is None or self._known or self._journal.read_only:
            return
        self._known = True
        title = f"{study.patient.name or study.description or 'Study'}  {study.date}".strip()
        opened = self._opened

        def work(_: Token) -> None:
            self._journal.remember_study(study.uid, title, opened, now_iso())
            self._journal.audit("open", {"study": study.uid}, now_iso())

        self._jobs.submit(Job("journal", work, lambda _: None, self._not_remembered, newest_wins=False))

    def _not_remembered(self, error: FineViewError) -> None:
        self._session.tell("warning", error.what, error.remedy, error.code)
        self._session.pulse()
