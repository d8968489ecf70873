"""Objects beside images: shown on the frames they belong to, switched, read, and documents saved on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from fineview.core.companion import DRAWN, Companion, Drawing
from fineview.core.errors import FineViewError
from fineview.core.orientation import ViewTransform
from fineview.core.study import FrameInfo, FrameKey
from fineview.services.companion_index import CompanionWishes
from fineview.services.companion_view import is_on
from fineview.services.deliver import deliver
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.open_study import OpenStudy
from fineview.services.ports import Archive
from fineview.services.session import Session


class Companions:
    """Lanes "companions" (drawings of the shown frame, newest wins) and "document"."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, opening: OpenStudy,
                 then: Callable[[], None] = lambda: None) -> None:
        """Hears of every frame that ``opening`` shows, before ``then`` does."""
        self._session, self._jobs, self._archive, self._opening, self._then = session, jobs, archive, opening, then
        self._presented: FrameKey | None = None
        opening.frames.on_frame = self._on_frame

    def _on_frame(self) -> None:
        self.refresh()
        self._then()

    def refresh(self) -> None:
        """Ask for what the objects of the shown frame lay over it, where that is not known yet."""
        session, key, frame = self._session, self._session.frame_key, self._session.frame
        if key is None or frame is None:
            return
        self._present()
        wanted = [one for one in session.companion_index.by_frame.get(key, ())
                  if is_on(one, session.companions) and (one.path, key) not in session.drawings]
        if not wanted:
            self._jobs.cancel("companions")
            return

        def work(token: Token) -> None:
            for one in wanted:
                token.raise_if_cancelled()
                made = self._drawn(one, frame)
                self._jobs.post(partial(self._keep, one, key, frame, made, token))

        self._jobs.submit(Job("companions", work, lambda _: None, self._failed))

    def _drawn(self, companion: Companion, frame: FrameInfo) -> Drawing:
        """One object that cannot be read must not keep the others away."""
        try:
            return self._archive.draw(companion, frame)
        except FineViewError as error:
            return Drawing(why=f"{error.what} {error.remedy}".strip())

    def _keep(self, companion: Companion, key: FrameKey, frame: FrameInfo, made: Drawing, token: Token) -> None:
        if not token.cancelled and self._session.is_still(key, frame):
            self._session.drawings[companion.path, key] = made
            self._present()
            self._session.pulse()

    # -- wishes --------------------------------------------------------------------------------------------------
    def switch(self, path: str) -> None:
        """Show or hide an object; of presentations at most one is in force."""
        companion, wishes = self._companion(path), self._session.companions
        if companion is None or companion.kind not in DRAWN:
            return
        if companion.kind == "presentation":
            wishes = replace(wishes, presentation="" if wishes.presentation == path else path)
        else:
            wishes = replace(wishes, off=wishes.off ^ {path})
        self._wish(replace(wishes, all_off=False))

    def switch_part(self, path: str, number: int) -> None:
        """Show or hide one segment, region or layer."""
        wishes = self._session.companions
        self._wish(replace(wishes, hidden=wishes.hidden ^ {(path, number)}))

    def switch_all(self) -> None:
        """Everything of other sources off the picture, and back."""
        wishes = self._session.companions
        self._wish(replace(wishes, all_off=not wishes.all_off))

    def select(self, path: str) -> None:
        """Read an object's text, and go to the first frame it belongs to unless one is shown."""
        session = self._session
        session.companions = replace(session.companions, selected=path)
        session.pulse()
        frames = next((one.frames for one in session.companion_index.belongings if one.companion.path == path), ())
        if frames and session.frame_key not in frames:
            self._opening.show(frames[len(frames) // 2] if len(frames) > 2 else frames[0])

    def save_document(self, path: str, target: Path) -> None:
        """Write an encapsulated document to ``target``.  It is never opened here."""
        companion = self._companion(path)
        if companion is None or not companion.suffix:
            return

        def work(_: Token) -> None:
            deliver(self._archive.document(companion), target)

        self._jobs.submit(Job("document", work, lambda _: self._saved(target), self._failed))

    def _saved(self, target: Path) -> None:
        self._session.tell("info", f"Saved as {target.name}.", "", "document-saved")
        self._session.pulse()

    def _wish(self, wishes: CompanionWishes) -> None:
        self._session.companions = wishes
        self._present()
        self._session.pulse()
        self.refresh()

    def _companion(self, path: str) -> Companion | None:
        return next((one for one in self._session.catalogue.companions if one.path == path), None)

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    # -- presentation --------------------------------------------------------------------------------------------
    def _present(self) -> None:
        """Turn and mirror the view as the presentation in force says, once a frame; back where it holds no more."""
        session, key = self._session, self._session.frame_key
        path = session.companions.presentation
        made = session.drawings.get((path, key)) if path and key is not None else None
        state = made.presentation if made is not None else None
        if state is None:
            if self._presented is not None and (not path or key != self._presented):
                if not path or key is None or key.series_uid == self._presented.series_uid:
                    session.view = replace(session.view, transform=ViewTransform(), window=None, inverted=False)
                self._presented = None  # another series, or another pane, has come with a look of its own
        elif self._presented != key:
            session.view = replace(session.view, transform=state.transform, window=None, inverted=False)
            self._presented = key
