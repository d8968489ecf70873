"""Nodes and parcels: kept across a restart and a kill, upgraded from the schema before, and damage is told."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fineview.core.errors import StorageProblem
from fineview.core.peer import Node, Parcel
from fineview.store import rows, schema
from fineview.store.cellar import Cellar
from fineview.store.opening import FILE
from tests.store.examples import NOW

NODE = Node("clinic", host="pacs.example", port=104, called="PACS")
PARCEL = Parcel("b1/1.2.3", "b1", "clinic", "1.2.3", "1.2", "/somewhere/ä.dcm", at=NOW)

KILLED = """
import os, sys
from pathlib import Path
from fineview.store.cellar import Cellar
from tests.store.test_outbox import PARCEL
from dataclasses import replace
cellar = Cellar(Path(sys.argv[1]))
cellar.outbox.put([replace(PARCEL, state="sending", attempts=1), replace(PARCEL, id="b1/1.2.4", sop_uid="1.2.4")])
os.kill(os.getpid(), 9)
"""


def test_nodes_and_parcels_survive_and_keep_their_order(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    cellar.outbox.keep_node(replace(NODE, name="zebra"))
    cellar.outbox.keep_node(NODE)
    cellar.outbox.keep_node(replace(NODE, port=11112))  # the same name: in its place
    other = replace(PARCEL, id="b1/1.2.9", sop_uid="1.2.9")
    cellar.outbox.put([other, PARCEL])
    cellar.outbox.put([replace(other, state="sent")])
    cellar.close()
    again = Cellar(tmp_path)
    assert again.outbox.nodes() == (replace(NODE, port=11112), replace(NODE, name="zebra"))
    assert again.outbox.parcels() == (replace(other, state="sent"), PARCEL)
    again.outbox.drop_node("zebra")
    again.outbox.drop([other.id])
    assert [one.name for one in again.outbox.nodes()] == ["clinic"] and again.outbox.parcels() == (PARCEL,)
    again.close()


def test_a_killed_program_leaves_what_it_was_sending(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGKILL
    again = Cellar(tmp_path)
    assert [(one.sop_uid, one.state, one.attempts) for one in again.outbox.parcels()] == [
        ("1.2.3", "sending", 1), ("1.2.4", "waiting", 0)]
    again.close()


def test_a_store_of_the_schema_before_is_upgraded_with_its_rows(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    rows.put(connection, "setting", ("theme", "dark"))
    connection.close()
    cellar = Cellar(tmp_path)
    assert cellar.trouble is None and cellar.setting("theme") == "dark"
    assert cellar.outbox.nodes() == () and len(cellar.backups()) == 1
    cellar.outbox.keep_node(NODE)
    cellar.close()


def test_a_changed_row_is_told_and_never_believed(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    cellar.outbox.put([PARCEL])
    other = sqlite3.connect(tmp_path / FILE)
    with other:
        other.execute("UPDATE parcel SET parcel = replace(parcel, 'waiting', 'sent')")
    other.close()
    with pytest.raises(StorageProblem) as caught:
        cellar.outbox.parcels()
    assert caught.value.code == "store-damaged"
    cellar.close()
    again = Cellar(tmp_path)
    assert again.trouble is not None and again.trouble.code == "store-damaged"
    again.close()


def test_a_full_or_read_only_store_changes_nothing(tmp_path: Path) -> None:
    Cellar(tmp_path).close()
    reader = Cellar(tmp_path, read_only=True)
    with pytest.raises(StorageProblem):
        reader.outbox.put([PARCEL])
    assert reader.outbox.parcels() == ()
    reader.close()
