"""Migrations: killed at any statement, the file has the old schema or the new one."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fineview.store import schema

NEXT: schema.Migration = ("ALTER TABLE setting ADD COLUMN scope TEXT", "CREATE TABLE extra (a TEXT)",
                          "INSERT INTO extra VALUES ('x')")

KILLED = """
import os, sqlite3, sys
from fineview.store import schema
from tests.store.test_schema import NEXT
left = int(sys.argv[2])

class Dying(sqlite3.Connection):
    def execute(self, *words):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return super().execute(*words)

connection = sqlite3.connect(sys.argv[1], isolation_level=None, factory=Dying)
schema.migrate(connection, (*schema.MIGRATIONS, NEXT))
"""


def shape(path: Path) -> tuple[int, list[tuple[str]]]:
    connection = sqlite3.connect(path, isolation_level=None)
    tables = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    version = schema.version_of(connection)
    connection.close()
    return version, tables


@pytest.fixture
def known(tmp_path: Path) -> dict[int, list[tuple[str]]]:
    shapes: dict[int, list[tuple[str]]] = {0: []}
    connection = sqlite3.connect(tmp_path / "known", isolation_level=None)
    for count in range(1, schema.VERSION + 2):
        schema.migrate(connection, (*schema.MIGRATIONS, NEXT)[:count])
        shapes[count] = shape(tmp_path / "known")[1]
    connection.close()
    return shapes


def test_killed_at_every_second_statement(tmp_path: Path, known: dict[int, list[tuple[str]]]) -> None:
    statements = 1 + sum(3 + len(one) for one in (*schema.MIGRATIONS, NEXT))
    seen = set()
    for number in range(1, statements, 2):
        path = tmp_path / f"{number}.sqlite"
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(number)], check=False,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert done.returncode == -9
        version, tables = shape(path)
        assert tables == known[version]
        seen.add(version)
    assert seen == set(range(schema.VERSION + 1))


def test_a_failing_statement_leaves_the_version_before(tmp_path: Path, known: dict[int, list[tuple[str]]]) -> None:
    path = tmp_path / "fails.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, (*schema.MIGRATIONS, (*NEXT, "CREATE TABLE extra (twice TEXT)")))
    connection.close()
    assert shape(path) == (schema.VERSION, known[schema.VERSION])
