"""The audit chain: who did what to which object, in an order that cannot be rewritten unnoticed (PS3.15 A.5).

``detail`` holds UIDs and hashes, never names: the chain may be handed to an administrator.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from fineview.store import rows
from fineview.store.rows import ChainVerdict


@dataclass(frozen=True, slots=True)
class AuditEvent:
    seq: int
    event: str
    detail: Mapping[str, str]
    at: str


def append(connection: sqlite3.Connection, event: str, detail: Mapping[str, str], at: str) -> int:
    """Add one event inside the caller's transaction; returns its sequence number."""
    return rows.append(connection, "audit", (event, json.dumps(dict(detail), sort_keys=True), at))


def events(connection: sqlite3.Connection) -> tuple[AuditEvent, ...]:
    """All events in order.  Raises ``rows.BrokenRowError`` at the first one that was changed."""
    return tuple(AuditEvent(int(str(seq)), str(event), json.loads(str(detail)), str(at))
                 for seq, event, detail, at in rows.read_chain(connection, "audit"))


def verify(connection: sqlite3.Connection) -> ChainVerdict:
    """Walk the chain from its first event.  ``tip`` of the verdict is what an administrator may write down."""
    return rows.verify_chain(connection, "audit")
