"""Work is a value: lanes of background jobs where the newest request wins, and nothing runs on the caller's thread.

A lane is a named queue with its own single worker (the model lane) or a few (I/O).  Submitting to a lane that says
"newest wins" cancels what runs there; a result that arrives late is dropped.  Results come home through ``post``:
a mailbox of the GUI thread, or a plain call in scripts and tests.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from fineview.core.errors import Cancelled, FineViewError

Post = Callable[[Callable[[], None]], None]
Progress = Callable[[float, float, str], None]
T = TypeVar("T")
log = logging.getLogger(__name__)


class Token:
    """Cancellation and progress of one job.  Checked between stages, so stages stay short."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._event = threading.Event()
        self._progress = progress

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raises ``Cancelled`` once somebody called ``cancel``."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Do nothing for so long.  Raises ``Cancelled`` as soon as somebody called ``cancel``."""
        if self._event.wait(seconds):
            raise Cancelled

    def report(self, done: float, total: float, words: str = "") -> None:
        if self._progress is not None and not self.cancelled:
            self._progress(done, total, words)


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """A background action: what to do, and what to say on the caller's thread afterwards.

    ``work`` runs on a worker and sees only the token; the others run through ``post``.  ``failure`` is given a
    sentence whatever went wrong: see ``spoken``.  ``finished`` always runs, also after cancel and failure, so that
    "busy" is cleared on every exit.
    """

    lane: str
    work: Callable[[Token], T]
    success: Callable[[T], None]
    failure: Callable[[FineViewError], None]
    progress: Progress | None = None
    finished: Callable[[], None] | None = None
    newest_wins: bool = True


class Jobs:
    """The lanes.  ``close`` cancels what a newer request could have replaced, and finishes what it could not."""

    def __init__(self, post: Post, workers: dict[str, int] | None = None) -> None:
        self.post = post
        self._workers = workers or {}
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[str, set[Token]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._ordered: set[str] = set()

    def submit(self, job: Job[T]) -> Token:
        """Queue ``job``; returns its token.  A newer job of a newest-wins lane cancels the older ones."""
        token = Token(self._forward(job.progress, lambda: token.cancelled) if job.progress else None)
        with self._lock:
            if self._closed:
                token.cancel()
                return token
            running = self._running.setdefault(job.lane, set())
            if job.newest_wins:
                for other in running:
                    other.cancel()
            else:
                self._ordered.add(job.lane)
            running.add(token)
            lane = self._lanes.get(job.lane)
            if lane is None:
                lane = ThreadPoolExecutor(self._workers.get(job.lane, 1), thread_name_prefix=f"fineview-{job.lane}")
                self._lanes[job.lane] = lane
        lane.submit(self._run, job, token)
        return token

    def cancel(self, lane: str) -> None:
        with self._lock:
            for token in self._running.get(lane, ()):
                token.cancel()

    def busy(self, lane: str) -> bool:
        with self._lock:
            return any(not token.cancelled for token in self._running.get(lane, ()))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            lanes = dict(self._lanes)
            for name, tokens in self._running.items():
                for token in tokens if name not in self._ordered else ():
                    token.cancel()
        for name, lane in lanes.items():
            # A mark drawn a moment before leaving is in an ordered lane: it is written before the worker ends.
            lane.shutdown(wait=True, cancel_futures=name not in self._ordered)

    def _forward(self, progress: Progress, cancelled: Callable[[], bool]) -> Progress:
        def tell(done: float, total: float, words: str) -> None:
            # Asked again on arrival: a bar that Cancel has taken away must not come back with a letter on its way.
            self.post(lambda: None if cancelled() else progress(done, total, words))

        return tell

    def _run(self, job: Job[T], token: Token) -> None:
        future: Future[T] = Future()
        try:
            token.raise_if_cancelled()
            future.set_result(job.work(token))
        except Exception as error:  # every exception comes home: a job must never die silently
            future.set_exception(error)
        finally:
            with self._lock:
                self._running[job.lane].discard(token)
                closed = self._closed
        if not closed:
            self.post(lambda: _deliver(job, token, future))


def _deliver(job: Job[T], token: Token, future: Future[T]) -> None:
    """On the caller's thread: hand over the result unless a newer request has taken the lane."""
    try:
        error = future.exception()
        if token.cancelled or isinstance(error, Cancelled):
            return
        if isinstance(error, Exception):
            job.failure(spoken(error))
        elif error is None:
            job.success(future.result())
    finally:
        if job.finished is not None:
            job.finished()


def spoken(error: Exception) -> FineViewError:
    """What people are told about any failure; a bug is logged with its traceback and told in one sentence too.

    Raising it on the caller's thread instead would leave a window that waits for ever and says nothing.
    """
    if isinstance(error, FineViewError):
        return error
    if isinstance(error, MemoryError):
        return FineViewError("There is not enough memory for this.", "Close other programs and try again.",
                             "out-of-memory")
    log.error("a job failed", exc_info=error)
    return FineViewError(f"Something unexpected went wrong ({type(error).__name__}).",
                         "Run again with --debug and report what it prints.", "unexpected")
