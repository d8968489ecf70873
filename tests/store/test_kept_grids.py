"""Decisions about thickness grids on disk, with maps and comparisons; a process killed after the tick loses nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.core.geometry import Circle
from fineview.core.kept_grid import KeptGrid
from fineview.core.packed_map import PackedMap, pack
from fineview.core.place import Place
from fineview.core.thickness import FundusMap
from fineview.store import schema
from fineview.store.cellar import Cellar
from tests.reports.sample_grids import grid_entry

AT = "2026-03-04T10:00:00+01:00"
MOVED = KeptGrid("1.2", "1.2.3", (4.5, 4.25), author="Dr Reader", changed=AT)

KILLED = """
import os, sys
from pathlib import Path
from fineview.store.cellar import Cellar
from tests.store.test_kept_grids import AT, ticked
Cellar(Path(sys.argv[1])).record_grid("put the grid into the report", None, ticked(), AT)
os.kill(os.getpid(), 9)
"""


def ticked() -> KeptGrid:
    """With everything that a frame may carry."""
    entry = grid_entry()
    frame = replace(entry.frame, scan_line=((1.0, 2.0), (3.0, 4.0)), scan_circle=Circle((1.0, 2.0), (3.0, 4.0)),
                    place=Place((1.0, 2.0, 3.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), stamp="2.25.7")
    return replace(MOVED, in_report=True, entry=replace(entry, frame=frame), frames=27)


def test_steps_are_replayed_to_what_holds_now(tmp_path: Path) -> None:
    store = Cellar(tmp_path)
    store.record_grid("move the grid", None, MOVED, AT)
    store.record_grid("put the grid into the report", MOVED, ticked(), AT)
    store.record_grid("move the grid", None, replace(MOVED, series_uid="1.2.4"), AT)
    store.close()
    again = Cellar(tmp_path)
    assert again.grids("1.2") == (ticked(), replace(MOVED, series_uid="1.2.4")) and again.grids("9") == ()
    again.record_grid("take it away", ticked(), None, AT)
    assert again.grids("1.2") == (replace(MOVED, series_uid="1.2.4"),)
    with pytest.raises(ValueError, match="a step needs"):
        again.record_grid("nothing", None, None, AT)
    again.close()


def test_what_was_ticked_survives_a_kill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=os.environ, check=False)
    assert done.returncode == -9
    store = Cellar(tmp_path)
    assert store.grids("1.2") == (ticked(),) and not store.read_only
    store.close()


def test_a_store_from_before_gains_the_table_and_a_changed_row_is_noticed(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "cellar.sqlite", isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:3])
    connection.close()
    store = Cellar(tmp_path)
    store.record_grid("move the grid", None, MOVED, AT)
    store.close()
    connection = sqlite3.connect(tmp_path / "cellar.sqlite")
    connection.execute("UPDATE grid_step SET after = replace(after, '4.25', '4.75')")
    connection.commit()
    connection.close()
    damaged = Cellar(tmp_path)
    assert damaged.read_only
    damaged.close()


def test_a_packed_map_holds_every_second_cell_where_it_was() -> None:
    values = np.arange(35, dtype=np.float32).reshape(5, 7) * 10 + 0.26
    values[2, 4] = np.nan
    held = pack(FundusMap(values.copy(), (1.0, 2.0), 0.02)).open()
    assert held.values.shape == (3, 4) and np.isnan(held.values[1, 2])
    assert held.values[0, 1] == pytest.approx(20.3) and held.cell_mm == 0.04
    # The middle of cell (row 2, column 2) of the fine map and of (1, 1) of the kept one are one place.
    assert held.corner_mm[0] + 1.5 * 0.04 == pytest.approx(1.0 + 2.5 * 0.02)
    assert held.corner_mm[1] + 1.5 * 0.04 == pytest.approx(2.0 + 2.5 * 0.02)


@pytest.mark.parametrize("size", [(3, 4), (0, 0), (10**5, 10**5)])
def test_a_map_that_is_not_what_it_says_is_refused(size: tuple[int, int]) -> None:
    good = pack(FundusMap(np.zeros((2, 2), np.float32), (0.0, 0.0), 0.02))
    with pytest.raises(ValueError, match="no map"):
        PackedMap(size[0], size[1], good.corner_mm, good.cell_mm, good.packed).open()
    for text in ("AAAA", "eJxnYXJiYWdl", "!"):  # neither zlib, nor whole zlib, nor base64
        with pytest.raises(ValueError):
            PackedMap(1, 1, good.corner_mm, good.cell_mm, text).open()
