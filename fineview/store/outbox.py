"""Nodes of the PACS and what is on its way to them: rows that survive a kill between any two objects.

Secrets of a node are not here: see ``store.vault``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from fineview.core.peer import Node, Parcel
from fineview.store import codec, rows

T = TypeVar("T")


class Write(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], object]) -> None: ...


class Read(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> T: ...


class Outbox:
    """Fits ``services.ports.OutboxPort``.  When a method returns, its rows are on disk; raises ``StorageProblem``."""

    def __init__(self, write: Write, read: Read) -> None:
        self._write, self._read = write, read

    def nodes(self) -> tuple[Node, ...]:
        """By name."""
        def load(connection: sqlite3.Connection) -> tuple[Node, ...]:
            found = connection.execute("SELECT name, node, hash FROM node ORDER BY name").fetchall()
            for row in found:
                rows.check("node", row[:-1], row[-1], row[0])
            return tuple(codec.loads(Node, str(row[1])) for row in found)
        return self._read(load)

    def keep_node(self, node: Node) -> None:
        """Add it, or put it in the place of one of the same name."""
        self._write(lambda connection: rows.put(connection, "node", (node.name, codec.dumps(node))))

    def drop_node(self, name: str) -> None:
        self._write(lambda connection: connection.execute("DELETE FROM node WHERE name = ?", (name,)))

    def put(self, parcels: Sequence[Parcel]) -> None:
        """Add or change: all of them or, after an error, none.  New ones go to the end."""
        def work(connection: sqlite3.Connection) -> None:
            for one in parcels:
                known = connection.execute("SELECT turn FROM parcel WHERE id = ?", (one.id,)).fetchone()
                turn = known[0] if known is not None else connection.execute(
                    "SELECT coalesce(max(turn), 0) + 1 FROM parcel").fetchone()[0]
                rows.put(connection, "parcel", (one.id, codec.dumps(one), turn))
        self._write(work)

    def parcels(self) -> tuple[Parcel, ...]:
        """In the order in which they were put in."""
        def load(connection: sqlite3.Connection) -> tuple[Parcel, ...]:
            found = connection.execute("SELECT id, parcel, turn, hash FROM parcel ORDER BY turn").fetchall()
            for row in found:
                rows.check("parcel", row[:-1], row[-1], row[0])
            return tuple(codec.loads(Parcel, str(row[1])) for row in found)
        return self._read(load)

    def drop(self, ids: Sequence[str]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM parcel WHERE id = ?", [(one,) for one in ids])
        self._write(work)
