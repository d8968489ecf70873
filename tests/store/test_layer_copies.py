"""A person's corrected lines on disk: what was acknowledged is there, in order, checked by its hash."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fineview.core.errors import StorageProblem
from fineview.core.layer_copy import LayerCopy
from fineview.core.study import FrameKey
from fineview.store import schema
from fineview.store.cellar import Cellar

AT = "2026-03-04T10:00:00+01:00"
FIRST = LayerCopy("l-1", "1.2", FrameKey("1.2.3", 4), "ILM", (10.25, None, 11.0), "Spectralis 6.0", "Dr Reader", AT, AT,
                  "1.2.3.4", 4)


def test_steps_are_replayed_to_what_holds_now(tmp_path: Path) -> None:
    store = Cellar(tmp_path)
    second, other = replace(FIRST, row_px=(9.0, None, 11.0)), replace(FIRST, id="l-2", name="BM")
    store.record_line("move ILM", None, FIRST, AT)
    store.record_line("move BM", None, other, AT)
    store.record_line("move ILM", FIRST, second, AT)
    store.record_line("move BM elsewhere", None, replace(other, id="l-3", study_uid="9"), AT)
    store.close()
    again = Cellar(tmp_path)
    assert again.layer_copies("1.2") == (second, other)
    again.record_line("restore BM", other, None, AT)
    assert again.layer_copies("1.2") == (second,) and again.layer_copies("7") == ()
    again.close()


def test_a_changed_row_is_noticed(tmp_path: Path) -> None:
    store = Cellar(tmp_path)
    store.record_line("move ILM", None, FIRST, AT)
    store.close()
    connection = sqlite3.connect(tmp_path / "cellar.sqlite")
    connection.execute("UPDATE layer_step SET after = replace(after, '10.25', '90.25')")
    connection.commit()
    connection.close()
    damaged = Cellar(tmp_path)
    assert damaged.read_only
    with pytest.raises(StorageProblem) as told:
        damaged.layer_copies("1.2")
    assert told.value.code == "store-damaged"
    damaged.close()


def test_a_store_from_before_gains_the_table(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "cellar.sqlite", isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:2])
    connection.close()
    store = Cellar(tmp_path)
    store.record_line("move ILM", None, FIRST, AT)
    assert store.layer_copies("1.2") == (FIRST,)
    store.close()


def test_a_step_needs_a_line(tmp_path: Path) -> None:
    store = Cellar(tmp_path)
    with pytest.raises(ValueError, match="before"):
        store.record_line("nothing", None, None, AT)
    store.close()
