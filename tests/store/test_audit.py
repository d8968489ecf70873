"""The audit chain notices edits, deletions, insertions and truncation."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fineview.store.cellar import Cellar
from fineview.store.opening import FILE

EVENTS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cellar = Cellar(tmp_path)
    for number in range(EVENTS):
        cellar.audit("open", {"study": f"1.2.{number}"}, f"2026-03-04T10:00:0{number}Z")
    assert cellar.verify_audit().sound and cellar.verify_audit().rows == EVENTS
    cellar.close()
    return tmp_path


def test_the_chain_can_be_checked_by_hand(folder: Path) -> None:
    """Follow the chain with nothing but sqlite3, json and hashlib."""
    with sqlite3.connect(folder / FILE) as connection:
        previous = "0" * 64
        for seq, event, detail, at, before, stored in connection.execute("SELECT * FROM audit ORDER BY seq"):
            text = json.dumps(["audit", seq, event, detail, at, previous], separators=(",", ":"))
            assert before == previous and stored == hashlib.sha256(text.encode()).hexdigest()
            previous = stored
    connection.close()
    cellar = Cellar(folder)
    assert cellar.verify_audit().tip == previous
    assert [one.detail["study"] for one in cellar.audit_events()] == [f"1.2.{n}" for n in range(EVENTS)]
    cellar.close()


EDITS: dict[str, Callable[[sqlite3.Connection, int], object]] = {
    "event": lambda c, n: c.execute("UPDATE audit SET event = 'export' WHERE seq = ?", (n,)),
    "detail": lambda c, n: c.execute("UPDATE audit SET detail = '{}' WHERE seq = ?", (n,)),
    "time": lambda c, n: c.execute("UPDATE audit SET at = '' WHERE seq = ?", (n,)),
    "hash": lambda c, n: c.execute("UPDATE audit SET hash = replace(hash, 'a', 'b') || 'x' WHERE seq = ?", (n,)),
    "delete": lambda c, n: c.execute("DELETE FROM audit WHERE seq = ?", (n,)),
    "truncate": lambda c, n: c.execute("DELETE FROM audit WHERE seq >= ?", (n,)),
}


@pytest.mark.parametrize("number", range(1, EVENTS + 1))
@pytest.mark.parametrize("edit", EDITS)
def test_a_change_behind_our_back_is_found(folder: Path, edit: str, number: int) -> None:
    connection = sqlite3.connect(folder / FILE)
    with connection:
        EDITS[edit](connection, number)
    connection.close()
    cellar = Cellar(folder)
    assert cellar.read_only and cellar.trouble is not None
    assert cellar.trouble.code == "store-damaged" and "audit" in cellar.trouble.what
    cellar.close()


def test_a_change_while_open_is_found_by_verify(folder: Path) -> None:
    cellar = Cellar(folder)
    other = sqlite3.connect(folder / FILE)
    with other:
        other.execute("UPDATE audit SET event = 'export' WHERE seq = 3")
    other.close()
    verdict = cellar.verify_audit()
    assert not verdict.sound and verdict.first_bad == 3
    cellar.close()
