"""Received studies in the window: listed with their size, opened, and deleted for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fineview.core.errors import FineViewError, RequestProblem
from fineview.core.received import ReceivedStudy
from fineview.services.jobs import Token
from fineview.services.open_study import OpenStudy
from fineview.services.pacs_work import BOOK, GET, PacsWork
from fineview.services.received import Received

_LANE = "pacs-received"


class PacsReceived:
    """``received`` is built when it is first needed."""

    def __init__(self, work: PacsWork, received: Callable[[], Received], opening: OpenStudy) -> None:
        self._work, self._received, self._opening = work, received, opening

    def list(self) -> None:
        def told(found: tuple[ReceivedStudy, ...]) -> str:
            self._work.change(received=found)
            return ""
        self._work.do(_LANE, "", lambda token: self._received().studies(token), told)

    def open(self, one: ReceivedStudy) -> None:
        self._opening.paths([self._received().root / one.folder])

    def free(self, one: ReceivedStudy) -> bool:
        """Whether it may be deleted: not while it is open, nor while anything is being retrieved; says why not."""
        why = self._in_use(one)
        if why is not None:
            self._work.change(said="", problem=why)
        return why is None

    def delete(self, one: ReceivedStudy) -> None:
        """Where it is free."""
        if not self.free(one):
            return

        def work(token: Token) -> int:
            gone = self._received().remove(one.folder)
            found = self._received().studies(token)
            self._work.jobs.post(lambda: self._work.change(received=found))
            return gone
        # Not to be left in the middle by a click on "list": a lane whose work is done to its end.
        self._work.do(BOOK, "", work, lambda gone: f"{gone} files of the study are deleted.",
                      failed=lambda _: self.list())

    def _in_use(self, one: ReceivedStudy) -> FineViewError | None:
        folder = self._received().root / one.folder
        shown = self._work.session.catalogue
        if any(Path(file.path).parent == folder for file in shown.files):
            return RequestProblem("This study is open.", "Open another one first.", "study-open")
        if self._work.jobs.busy(GET):
            return RequestProblem("Something is still being retrieved.", "Wait for it, or cancel it.", "busy")
        return None
