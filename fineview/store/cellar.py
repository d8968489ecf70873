"""The cellar: one SQLite file, one writer.  When a method returns, its row is on disk.

Findings are a journal of steps that only grows; what holds now is derived from it.  A store that cannot be written,
or must not be believed, still opens: ``read_only`` is true and ``trouble`` says why and what to do.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fineview.core.dialogue import Answer
from fineview.core.errors import StorageProblem
from fineview.core.finding import Finding
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.store import audit as chain
from fineview.store import backups, codec, opening, rows, troubles
from fineview.store.audit import AuditEvent
from fineview.store.outbox import Outbox
from fineview.store.rows import ChainVerdict

T = TypeVar("T")


class Cellar:
    """Usable from any thread; one lock lets one of them in at a time.

    Writing methods raise ``StorageProblem`` and change nothing: ``disk-full``, ``read-only``, ``store-busy`` (another
    FineView writes), ``store-damaged``, ``store-newer``, ``store-closed``, ``disk-error``.  After ``disk-full`` the
    next call may succeed.  Reading a damaged or newer store raises too; settings and recent studies are then empty.
    """

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._closed = False
        self.outbox = Outbox(self._write, self._read)
        self._adopt(opening.open_store(folder, read_only))

    def _adopt(self, opened: opening.Opened) -> None:
        self._connection = opened.connection
        self._held = opened.lock
        self._unsound = opened.unsound
        self.trouble: StorageProblem | None = opened.trouble
        self.read_only = opened.trouble is not None

    def record(self, step: str, before: Finding | None, after: Finding | None, at: str) -> None:
        """Append one step on one finding; ``after`` None means removed.  Raises ``ValueError`` for no finding."""
        named = after or before
        if named is None:
            raise ValueError("a step needs the finding before it or after it")
        values = (named.study_uid, named.id, step, codec.dumps(before) if before else None,
                  codec.dumps(after) if after else None, at)
        self._write(lambda connection: rows.append(connection, "step", values))

    def findings(self, study_uid: str) -> tuple[Finding, ...]:
        """What holds now, in the order in which the findings first appeared.  Raises ``StorageProblem``."""
        def replay(connection: sqlite3.Connection) -> tuple[Finding, ...]:
            now: dict[object, object] = {}
            for row in rows.read_chain(connection, "step", study_uid):
                now[row[2]] = row[5]
            return tuple(codec.loads(Finding, str(text)) for text in now.values() if text is not None)
        return self._read(replay)

    def steps(self, study_uid: str) -> tuple[tuple[str, Finding | None, Finding | None, str], ...]:
        """The whole journal of one study: (step, before, after, at), oldest first.  Raises ``StorageProblem``."""
        def load(text: object) -> Finding | None:
            return codec.loads(Finding, str(text)) if text is not None else None
        return self._read(lambda connection: tuple(
            (str(row[3]), load(row[4]), load(row[5]), str(row[6]))
            for row in rows.read_chain(connection, "step", study_uid)))

    def record_line(self, step: str, before: LayerCopy | None, after: LayerCopy | None, at: str) -> None:
        """Append one step on a person's copy of a boundary; ``after`` None means the original holds again.

        Raises ``ValueError`` for no copy.
        """
        named = after or before
        if named is None:
            raise ValueError("a step needs the copy before it or after it")
        values = (named.study_uid, named.id, step, codec.dumps(before) if before else None,
                  codec.dumps(after) if after else None, at)
        self._write(lambda connection: rows.append(connection, "layer_step", values))

    def layer_copies(self, study_uid: str) -> tuple[LayerCopy, ...]:
        """The boundaries a person has corrected, as they are now.  Raises ``StorageProblem``."""
        def replay(connection: sqlite3.Connection) -> tuple[LayerCopy, ...]:
            now = {row[2]: row[5] for row in rows.read_chain(connection, "layer_step", study_uid)}
            return tuple(codec.loads(LayerCopy, str(text)) for text in now.values() if text is not None)
        return self._read(replay)

    def record_grid(self, step: str, before: KeptGrid | None, after: KeptGrid | None, at: str) -> None:
        """Append one step on a person's decisions about a grid; ``after`` None means there are none any more.

        Raises ``ValueError`` for no grid.
        """
        named = after or before
        if named is None:
            raise ValueError("a step needs the grid before it or after it")
        values = (named.study_uid, named.id, step, codec.dumps(before) if before else None,
                  codec.dumps(after) if after else None, at)
        self._write(lambda connection: rows.append(connection, "grid_step", values))

    def grids(self, study_uid: str) -> tuple[KeptGrid, ...]:
        """What a person decided about the grids of a study's volumes, as it is now.  Raises ``StorageProblem``."""
        def replay(connection: sqlite3.Connection) -> tuple[KeptGrid, ...]:
            now = {row[2]: row[5] for row in rows.read_chain(connection, "grid_step", study_uid)}
            return tuple(codec.loads(KeptGrid, str(text)) for text in now.values() if text is not None)
        return self._read(replay)

    def keep_answer(self, study_uid: str, answer: Answer) -> None:
        text = codec.dumps(answer)
        self._write(lambda connection: rows.append(connection, "answer", (study_uid, text)))

    def answers(self, study_uid: str) -> tuple[Answer, ...]:
        """Kept answers, oldest first; of one question the last one kept.  Raises ``StorageProblem``."""
        def replay(connection: sqlite3.Connection) -> tuple[Answer, ...]:
            found = (codec.loads(Answer, str(row[2])) for row in rows.read_chain(connection, "answer", study_uid))
            # A question without an id was asked by a script: each of its answers stands alone.
            return tuple({one.question.id or number: one for number, one in enumerate(found)}.values())
        return self._read(replay)

    def remember_study(self, study_uid: str, title: str, paths: Sequence[str], at: str) -> None:
        """Put a study at the top of the recent ones.  The order is that of the calls, whatever the clock says."""
        def put(connection: sqlite3.Connection) -> None:
            turn = connection.execute("SELECT coalesce(max(turn), 0) + 1 FROM study").fetchone()[0]
            rows.put(connection, "study", (study_uid, title, json.dumps(list(paths)), at, turn))
        self._write(put)

    def forget_study(self, path: str) -> None:
        """Take what was opened from ``path`` alone out of the recent ones."""
        self._write(lambda connection: connection.execute("DELETE FROM study WHERE paths = ?", (json.dumps([path]),)))

    def recent_studies(self, limit: int = 10) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
        """(study_uid, title, paths, opened_at), newest first."""
        def read(connection: sqlite3.Connection) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
            query = "SELECT study_uid, title, paths, at, turn, hash FROM study ORDER BY turn DESC LIMIT ?"
            found = connection.execute(query, (limit,)).fetchall()
            for row in found:
                rows.check("study", row[:-1], row[-1], row[-2])
            return tuple((uid, title, tuple(json.loads(paths)), at) for uid, title, paths, at, _, _ in found)
        return () if self._unsound else self._read(read)

    def setting(self, name: str) -> str | None:
        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT name, value, hash FROM setting WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            rows.check("setting", row[:-1], row[-1], name)
            return str(row[1])
        return None if self._unsound else self._read(read)

    def set_setting(self, name: str, value: str) -> None:
        self._write(lambda connection: rows.put(connection, "setting", (name, value)))

    def audit(self, event: str, detail: Mapping[str, str], at: str) -> None:
        """Append to the hash chain.  ``detail`` holds UIDs and hashes, never names."""
        self._write(lambda connection: chain.append(connection, event, detail, at))

    def audit_events(self) -> tuple[AuditEvent, ...]:
        return self._read(chain.events)

    def verify_audit(self) -> ChainVerdict:
        """Whether every audit event is still there, unchanged and in order."""
        return self._read(chain.verify)

    def backups(self) -> tuple[Path, ...]:
        """Copies that ``restore`` can put back, oldest first."""
        return backups.all_of(self.folder)

    def close(self) -> None:
        """Let go of file and lock.  Twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._connection.close()
            finally:
                if self._held is not None:
                    os.close(self._held)

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        with self._translated():
            if self.trouble is not None and self.trouble.code == "disk-full":
                # It was full when the store was opened; there may be room by now.
                self._connection.close()
                self._adopt(opening.open_store(self.folder, read_only=False))
            if self.trouble is not None:
                raise self.trouble
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._unsound and self.trouble is not None:
            raise self.trouble
        with self._translated() as connection:
            return work(connection)

    @contextmanager
    def _translated(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise troubles.closed()
            try:
                yield self._connection
            except troubles.FAULTS as error:
                raise troubles.translate(error, self.folder, backups.newest(self.folder)) from error
            except (rows.BrokenRowError, json.JSONDecodeError) as error:
                raise troubles.damaged(self.folder, str(error), backups.newest(self.folder)) from error


def restore(folder: Path, backup: Path) -> Path:
    """Put a backup in the place of a damaged store that is closed; returns where the damaged file is kept.

    Raises ``StorageProblem`` where another FineView holds the store or the disk refuses.
    """
    try:
        held = opening.take_lock(folder)
        if held is None:
            raise troubles.busy(folder)
        try:
            return backups.restore(folder, backup, opening.FILE)
        finally:
            os.close(held)
    except OSError as error:
        raise troubles.translate(error, folder) from error
