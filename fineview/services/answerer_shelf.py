"""Who answers in the window: FineView's own answers, or a language model from a folder of the person's.

A model is loaded behind the window and one at a time; the newest choice wins.  Until a chosen one is there the old
choice stays, and where it cannot be used the person is told why and who answers instead.  The choice is kept; one
from an earlier day is loaded with its first question.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fineview.core.dialogue import Speaker
from fineview.core.errors import FineViewError
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.ports import Answerer, TokenPort
from fineview.services.session import Session

LANE = "answerer"
CHOSEN, KNOWN = "answerer", "answerer-folders"
MOST_KNOWN = 5
OWN_ANSWERS = "FineView's own"


class Kept(Protocol):
    """Small settings that outlive the window (``services.settings`` fits)."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class Library(Protocol):
    """Where language models come from; each call reads files and runs on a worker only."""

    def speakers(self) -> tuple[Speaker, ...]:
        """Those in the program's own places."""
        ...

    def speaker(self, path: Path) -> Speaker:
        """What a folder says it is.  Raises ``FineViewError``."""
        ...

    def language_model(self, path: Path, token: TokenPort) -> Answerer:
        """Load it.  Raises ``FineViewError``, ``Cancelled``."""
        ...


Then = Callable[[Answerer | None], None]


class AnswererShelf:
    """Lane "answerer".  ``need`` is how a question gets hold of who answers it."""

    def __init__(self, session: Session, jobs: Jobs, library: Library, kept: Kept) -> None:
        self._session, self._jobs, self._library, self._kept = session, jobs, library, kept
        self._held: tuple[str, Answerer] | None = None
        self._waiting: tuple[Then, Callable[[], None]] | None = None
        session.answerer = kept.setting(CHOSEN) or ""

    # -- gestures ----------------------------------------------------------------------------------------------
    def list(self) -> None:
        """Fill ``Session.speakers``; a choice that is not there any more is told and given up."""
        chosen, folders = self._session.answerer, _paths(self._kept.setting(KNOWN))

        def work(_: Token) -> tuple[tuple[Speaker, ...], FineViewError | None]:
            found, wrong = {one.path: one for one in self._library.speakers()}, None
            for path in dict.fromkeys((*folders, *((chosen,) if chosen else ()))):
                try:
                    found.setdefault(path, self._library.speaker(Path(path)))
                except FineViewError as error:
                    wrong = error if path == chosen else wrong
            return tuple(found.values()), wrong

        def listed(done: tuple[tuple[Speaker, ...], FineViewError | None]) -> None:
            self._session.speakers, wrong = done
            if wrong is not None and self._session.answerer == chosen:
                self._fall_back(chosen, wrong)
            self._session.pulse()

        self._jobs.submit(Job("speakers", work, listed, self._tell))

    def choose(self, path: str) -> None:
        """Choose who answers from now on: a folder, or "" for our own answers."""
        session = self._session
        if path == session.answerer_wanted:
            return
        if path and path != session.answerer:
            self._load(path)
        else:
            self._jobs.cancel(LANE)
            session.answerer_wanted = None
            if not path:
                self._settle("")
                self._release()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self.need(*waiting)
            self._idle()
        session.pulse()

    def need(self, then: Then, given_up: Callable[[], None]) -> None:
        """``then`` gets who answers, None for our own answers, at once or when it is loaded; else ``given_up``."""
        path = self._session.next_answerer
        if not path:
            then(None)
        elif self._held is not None and self._held[0] == path:
            then(self._held[1])
        else:
            self._waiting = (then, given_up)
            if self._session.answerer_wanted is None:
                self._load(path)

    def waiting_words(self) -> str:
        """What a question asked now waits for; "" where nothing has to be loaded."""
        path = self._session.next_answerer
        ready = not path or (self._held is not None and self._held[0] == path)
        return "" if ready else f"waiting for {self.name_of(path)} to be loaded"

    def cancel(self) -> None:
        """Stop loading; the old choice stays."""
        self._jobs.cancel(LANE)
        self._session.answerer_wanted = None
        self._give_up()
        self._idle()

    def name_of(self, path: str) -> str:
        known = next((one.name for one in self._session.speakers if one.path == path), None)
        return known or (Path(path).name if path else OWN_ANSWERS)

    # -- work --------------------------------------------------------------------------------------------------
    def _load(self, path: str) -> None:
        session, name = self._session, self.name_of(path)
        session.answerer_wanted = path

        def work(token: Token) -> tuple[Speaker, Answerer]:
            found = self._library.speaker(Path(path))
            token.raise_if_cancelled()
            self._held = None  # two large models need not fit beside each other
            return found, self._library.language_model(Path(path), token)

        def done(made: tuple[Speaker, Answerer]) -> None:
            self._arrived(path, *made)

        session.advance(LANE, f"loading {name}")
        self._jobs.submit(Job(LANE, work, done, lambda error: self._failed(path, error),
                              lambda count, total, _: session.advance(LANE, f"loading {name}", count, total),
                              self._idle))

    def _arrived(self, path: str, found: Speaker, answerer: Answerer) -> None:
        session = self._session
        self._held, session.answerer_wanted = (path, answerer), None
        if all(one.path != path for one in session.speakers):
            session.speakers = (*session.speakers, found)
        known = dict.fromkeys((path, *_paths(self._kept.setting(KNOWN))))
        self._kept.set_setting(KNOWN, json.dumps(tuple(known)[:MOST_KNOWN]))
        self._settle(path)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting[0](answerer)
        session.pulse()

    def _failed(self, path: str, error: FineViewError) -> None:
        self._session.answerer_wanted = None
        self._fall_back(path, error)
        self._give_up()
        self._session.pulse()

    def _fall_back(self, path: str, error: FineViewError) -> None:
        """To the choice before, or to our own answers where it was the choice that failed."""
        session = self._session
        if session.answerer == path:
            self._settle("")
        by = f"Questions are answered by {self.name_of(session.answerer)}" + ("" if session.answerer else " answers")
        session.tell("error", error.what, f"{error.remedy} {by}.".strip(), error.code)

    def _give_up(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting[1]()

    def _settle(self, path: str) -> None:
        self._session.answerer = path
        self._kept.set_setting(CHOSEN, path)

    def _release(self) -> None:
        """Give the memory back on a worker: gigabytes take their time."""
        held, self._held = [self._held], None
        self._jobs.submit(Job("speakers", lambda _: held.clear(), lambda _: None, self._tell, newest_wins=False))

    def _idle(self) -> None:
        if not self._jobs.busy(LANE):
            self._session.progress.pop(LANE, None)
            self._session.pulse()

    def _tell(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()


def _paths(kept: str | None) -> tuple[str, ...]:
    """Folders from a setting; a setting that cannot be read holds none."""
    try:
        held = json.loads(kept or "[]")
    except ValueError:
        return ()
    return tuple(one for one in held if isinstance(one, str))[:MOST_KNOWN] if isinstance(held, list) else ()
