"""Who is asked about a file: our own reading children first, then those of plugins, each in a child of its own.

A plugin's reader is only offered files that ours do not know.  Whatever it does there, it ends in one typed error, the
plugin is named to ``on_failure``, and its child is replaced; ours and those of other plugins never notice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fineview.core.errors import FineViewError, InputProblem
from fineview.core.recording import GuestReader
from fineview.formats import limits, wire
from fineview.formats.child import Check, Children, reader_died
from fineview.formats.record import FileRecord

Answers = list[tuple[dict[str, Any], bytearray]]
Guests = Callable[[str], Sequence[GuestReader]]
"""Path of a file -> the plugins that may know it.  Raises ``InputProblem`` where one does that may not run."""
T = TypeVar("T")
_UNKNOWN = "not-an-image"
# The reader's own fault, whatever the file: it died, hung, could not be imported, ate memory, let an exception escape.
_FAILURES = frozenset({"reader-died", "time", "guest-load", "guest-memory", "guest-fault"})


def no_guests(path: str) -> tuple[GuestReader, ...]:
    return ()


def nobody(guest: GuestReader, error: FineViewError) -> None:
    """Where nobody keeps count of a plugin's failures."""


class Readers:
    """Safe to use from several threads.

    ``guests``: asked before every use, so that one that is switched off is asked no more.  ``on_failure``: called with
    the guest and its error (one of ``_FAILURES``), from whichever thread asked.
    """

    def __init__(self, children: int, guests: Guests = no_guests,
                 on_failure: Callable[[GuestReader, FineViewError], object] = nobody) -> None:
        self.ours = Children(children)
        self._guests, self._on_failure = guests, on_failure
        self._theirs: dict[GuestReader, Children] = {}
        self._owners: dict[str, GuestReader] = {}
        self._lock = threading.Lock()

    def ask(self, path: str, op: str, args: dict[str, Any], seconds: float, decode: Callable[[Answers], T]) -> T:
        """The decoded answer of who knows the file.  Raises ``FineViewError``; ``decode`` may raise ``ValueError``."""
        owner = self._owners.get(path)
        try:
            if owner is None:
                return _decoded(list(self.ours.ask(op, args, seconds)), decode)
        except InputProblem as error:
            if error.code != _UNKNOWN:
                raise
            unknown = error
        else:
            unknown = _switched_off(owner)
        for guest in self._guests(path):
            if owner in (None, guest):
                try:
                    return self._ask_guest(guest, op, args, seconds, decode, _never)
                except InputProblem as error:
                    if error.code != _UNKNOWN:
                        raise
        raise unknown

    def records_by_guests(self, path: str, check: Check) -> tuple[FileRecord, ...]:
        """What the first plugin that knows the file tells of it; () where none does.  Raises ``FineViewError``."""
        for guest in self._guests(path):
            found = self._ask_guest(guest, "records", {"paths": [path]}, limits.CALL_SECONDS,
                                    lambda answers: _unbroken(records_from(answers[0][0], path)), check)
            if not is_unknown(found):
                self._owners[path] = guest
                return found
        return ()

    def pids(self) -> tuple[int, ...]:
        return tuple(pid for one in (self.ours, *self._theirs.values()) for pid in one.pids())

    def close(self) -> None:
        for children in (self.ours, *self._theirs.values()):
            children.close()

    def _ask_guest(self, guest: GuestReader, op: str, args: dict[str, Any], seconds: float,
                   decode: Callable[[Answers], T], check: Check) -> T:
        with self._lock:
            children = self._theirs.setdefault(guest, Children(1, guest))
        try:
            return _decoded(list(children.ask(op, args, seconds, check)), decode)
        except FineViewError as error:
            if error.code in _FAILURES:
                error = type(error)(f"Plugin {guest.name}: {error.what}", error.remedy, error.code)
                self._on_failure(guest, error)
            raise error from None


def records_from(answer: dict[str, Any], path: str) -> tuple[FileRecord, ...]:
    """Raises ``ValueError`` where the answer is none, or speaks of another file."""
    found: tuple[FileRecord, ...] = tuple(wire.from_plain(FileRecord, one) for one in answer["records"])
    if not found or any(one.path != path or any(frame.path != path for frame in one.frames) for one in found):
        raise ValueError("records of another file")
    return found


def is_unknown(found: tuple[FileRecord, ...]) -> bool:
    """Whether nobody has recognised the file yet."""
    return found[0].problem is not None and found[0].problem.code == _UNKNOWN


def _unbroken(found: tuple[FileRecord, ...]) -> tuple[FileRecord, ...]:
    """Raises ``InputProblem`` where the guest told that it broke."""
    problem = found[0].problem
    if problem is not None and problem.code in _FAILURES:
        raise InputProblem(problem.what, problem.remedy, problem.code)
    return found


def _decoded(answers: Answers, decode: Callable[[Answers], T]) -> T:
    try:
        if len(answers) != 1:
            raise ValueError("one answer was asked for")
        return decode(answers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise reader_died() from error


def _switched_off(owner: GuestReader | None) -> InputProblem:
    name = owner.name if owner is not None else ""
    return InputProblem(f"The plugin {name}, which reads this file, is switched off.", "Switch it on again.",
                        "guest-off")


def _never() -> None:
    """Nobody can cancel this question."""
