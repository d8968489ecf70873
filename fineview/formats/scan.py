"""Scanning: what a person chose -> growing catalogues.  Every header is read in the reading child."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from fineview.core.errors import FineViewError, InputProblem, LimitExceeded
from fineview.core.study import Catalogue, Problem
from fineview.formats import limits, wire
from fineview.formats.faults import not_an_image
from fineview.formats.grouping import build
from fineview.formats.places import check_exists, file_above, files_below, resolve_references
from fineview.formats.readers import Readers, is_unknown, records_from
from fineview.formats.record import FileRecord
from fineview.formats.seen_files import SeenFiles, state_of
from fineview.formats.unpacked import Unpacked

_BATCH = 64
_YIELD_SECONDS = 0.3
_SELDOM = 10.0
_UNZIP_SECONDS = 60.0
_LIMIT_CODES = frozenset({"limit", "nesting", "elements", "time"})


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...
    def report(self, done: float, total: float, words: str = "") -> None: ...


class Scan:
    """One scan; used once.  ``records`` and ``problems`` grow while it runs."""

    def __init__(self, readers: Readers, unpacked: Unpacked, seen: SeenFiles, token: Token) -> None:
        self._readers, self._unpacked, self._seen, self._token = readers, unpacked, seen, token
        self._records: list[FileRecord] = []
        self._problems: list[Problem] = []

    def run(self, paths: Sequence[Path]) -> Iterator[Catalogue]:
        """Yield at the first image, then every 0.3 s or more seldom, then the complete catalogue.

        Raises ``InputProblem`` at its end where nothing can be shown: ``not-found``, ``empty``, ``not-an-image``, or
        the only file's own reason.
        """
        files = self._files(paths)
        if not files and not self._problems:
            raise InputProblem("The folder is empty.", "Choose a folder or file with images.", "empty")
        shown = False
        due = 0.0
        for count, records in enumerate(self._read(files), 1):
            self._records += self._unpacked.named(records)
            self._token.report(count, len(files), f"reading {count} of {len(files)} files")
            shown = shown or records[0].kind == "image"
            if shown and count < len(files) and time.monotonic() >= due:
                began = time.monotonic()
                known = build(self._records, self._problems)
                # All that is known is put together anew each time: of many files more seldom, or it would be all work.
                pause = max(_YIELD_SECONDS, _SELDOM * (time.monotonic() - began))
                yield known
                due = time.monotonic() + pause
        last = build(self._records, self._problems)
        yield last
        if not last.studies:
            raise _nothing_to_show(last)

    def _files(self, paths: Sequence[Path]) -> list[str]:
        files: list[str] = []
        for path in paths:
            self._token.raise_if_cancelled()
            outer = file_above(path)
            if outer is not None and self._kind(outer) == "zip":
                files += self._members(outer, path)
                continue
            check_exists(path)
            if path.is_dir():
                files += self._below(path)
            else:
                files += self._chosen(path)
        # Files that name others come first: what they name is then not shown as pictures of its own in between.
        return sorted(dict.fromkeys(files), key=lambda path: not path.lower().endswith(".xml"))

    def _below(self, folder: Path) -> list[str]:
        found, problems = files_below(folder)
        self._problems += problems
        return found

    def _chosen(self, path: Path) -> list[str]:
        """A file chosen by name: archives and disc directories open into what they hold."""
        kind = self._kind(path)
        if kind == "zip":
            return self._unzip(path)
        if kind == "directory":
            references = self._ask_one("directory", {"path": str(path)})["references"]
            found, problems = resolve_references(path, references)
            self._problems += problems
            return [str(path), *found]
        return [str(path)]

    def _kind(self, path: Path) -> str:
        return str(self._ask_one("kinds", {"paths": [str(path)]})["kind"])

    def _members(self, archive: Path, path: Path) -> list[str]:
        """What ``study.zip/member`` names, or a folder in there.  Raises ``InputProblem`` ``not-found``."""
        found = [file for file in self._unzip(archive) if Path(self._unpacked.shown(file)).is_relative_to(path)]
        if not found:
            check_exists(path)
        return found

    def _unzip(self, path: Path) -> list[str]:
        target = self._unpacked.known(path)
        if target is None:
            target = self._unpacked.fresh()
            args = {"path": str(path), "target": str(target)}
            for answer, _ in self._readers.ours.ask("archive", args, _UNZIP_SECONDS, self._token.raise_if_cancelled):
                if answer["problem"] is not None:
                    self._problems.append(_of_member(path, wire.from_plain(Problem, answer["problem"])))
                self._token.report(0, 0, "unpacking")
        self._unpacked.remember(path, target)
        return self._below(target)

    def _ask_one(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        return list(self._readers.ours.ask(op, args, check=self._token.raise_if_cancelled))[0][0]

    def _read(self, files: list[str]) -> Iterator[tuple[FileRecord, ...]]:
        """The records of one file after the other, in order, whatever the files do to the child.

        Files that only a plugin may know are asked for after their batch: our child must not wait for a plugin's.
        """
        at = 0
        while at < len(files):
            self._token.raise_if_cancelled()
            # The first call is for one file, so that a picture is on screen before a thousand headers are read.
            batch = files[at:at + (_BATCH if at else 1)]
            done, unknown = 0, []
            for found in self._read_batch(batch):
                done += 1
                if is_unknown(found):
                    unknown.append(found)
                else:
                    yield found
            for found in unknown:
                yield self._by_guests(found)
            at += done

    def _read_batch(self, batch: list[str]) -> Iterator[tuple[FileRecord, ...]]:
        """By our own child; ends early, with a problem, at the file that broke it."""
        done, states = 0, [state_of(path) for path in batch]
        try:
            for answer, _ in self._readers.ours.ask("records", {"paths": batch}, limits.CALL_SECONDS,
                                                    self._token.raise_if_cancelled):
                self._seen.remember(batch[done], states[done])
                yield records_from(answer, batch[done])
                done += 1
        except (FineViewError, ValueError, KeyError, TypeError, IndexError) as error:
            path = batch[min(done, len(batch) - 1)]
            yield (FileRecord(path, "problem", problem=_problem(path, error)),)

    def _by_guests(self, unknown: tuple[FileRecord, ...]) -> tuple[FileRecord, ...]:
        path = unknown[0].path
        try:
            return self._readers.records_by_guests(path, self._token.raise_if_cancelled) or unknown
        except FineViewError as error:
            return (FileRecord(path, "problem", problem=_problem(path, error)),)


def _of_member(archive: Path, problem: Problem) -> Problem:
    """Named as its other members are; a name that leads outside is only told, never used."""
    return replace(problem, path=f"{archive}{os.sep}{problem.path}")


def _problem(path: str, error: Exception) -> Problem:
    if isinstance(error, FineViewError):
        return Problem(path, error.code, error.what, error.remedy)
    return Problem(path, "reader-died", "The file confused the reader.", "Ask its sender for another copy.")


def _nothing_to_show(catalogue: Catalogue) -> InputProblem:
    if len(catalogue.problems) == 1 and len(catalogue.files) <= 1:
        only = catalogue.problems[0]
        family = LimitExceeded if only.code in _LIMIT_CODES else InputProblem
        return family(only.what, only.remedy, only.code)
    objects = sum(verdict.verdict == "object" for verdict in catalogue.files)
    if objects and not catalogue.problems:
        if len(catalogue.files) == 1 and catalogue.files[0].frames:  # frames, and no picture to point at
            return not_an_image(next((one.note for one in catalogue.companions if one.note), "Nothing to show."))
        return InputProblem(f"Nothing to show: {objects} DICOM files without pixels.",
                            "Open the images that belong to them.", "not-an-image")
    reason = f" The first one: {catalogue.problems[0].what}" if catalogue.problems else ""
    return not_an_image(f"None of the {len(catalogue.files)} files is an image.{reason}")
