"""The table of a run is never behind its checkpoint, survives a cut line, and is drawn as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fineview.lab.curves_picture import LEFT, PANELS, RIGHT, _running, _ticks, draw_curves, stages
from fineview.lab.train_curves import COLUMNS, TABLE, Curves, read

FIGURES = {"dense": 2.0, "row": 0.5, "rate": 1e-3, "norm": 1.0, "per_s": 9.0, "unheard": 3.0}


def filled(folder: Path, last: int, done: int = 0) -> Path:
    curves = Curves(folder, done)
    for step in range(done + 1, last + 1):
        curves.add(step, "fusion" if step > 3 else "contrastive", FIGURES, (0.1, -0.2))
    curves.settle()
    return folder / TABLE


def test_rows_are_as_told_and_unknown_figures_are_left(tmp_path: Path) -> None:
    rows = read(filled(tmp_path, 5))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5] and tuple(rows[0]) == COLUMNS
    assert rows[0]["dense"] == "2" and rows[0]["pair"] == "" and rows[0]["gate_2"] == "-0.2" and rows[0]["gate_3"] == ""


def test_a_resumed_run_drops_what_lies_behind_its_checkpoint(tmp_path: Path) -> None:
    filled(tmp_path, 7)
    path = filled(tmp_path, 6, done=4)
    assert [int(row["step"]) for row in read(path)] == [1, 2, 3, 4, 5, 6]
    filled(tmp_path, 2, done=0)
    assert [int(row["step"]) for row in read(path)] == [1, 2], "a run from nothing begins its own table"


def test_a_line_that_was_cut_anywhere_is_left(tmp_path: Path) -> None:
    path = filled(tmp_path, 3)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        assert [int(row["step"]) for row in read(path)] == [1, 2], whole[last:cut]
    path.write_bytes(whole[:last] + b"\xff\x00,broken\n")
    assert len(read(path)) == 2
    assert read(tmp_path / "none.csv") == [] and draw_curves(tmp_path / "nowhere") is None


def test_the_picture_shows_a_falling_loss_falling(tmp_path: Path) -> None:
    curves = Curves(tmp_path, 0)
    for step in range(1, 201):
        curves.add(step, "together", {"dense": 4.0 / step, "rate": 1e-3}, ())
    path = draw_curves(tmp_path)
    assert path is not None and path.name == "curves.png"
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    panel = PANELS[0]
    blue = (np.abs(pixels - (0, 114, 178)).sum(2) < 12)[panel.top:panel.bottom, LEFT:RIGHT]
    heights = [float(np.nonzero(blue[:, column])[0].mean()) for column in (5, 400, 1000)]
    assert heights[0] < heights[1] < heights[2], "rows count downwards"


def test_parts_of_the_picture_by_hand() -> None:
    assert stages(["a", "a", "b"]) == ((0, 2, "a"), (2, 3, "b"))
    assert _running(np.array([1.0, 3.0, 5.0]), 2).tolist() == [1.0, 2.0, 4.0]
    assert np.allclose(_ticks(0.0, 1.0, False), [0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert np.allclose(10 ** _ticks(-0.5, 1.0, True), [0.5, 1, 2, 5, 10])
