"""The bench of the viewer measures what it says: both sides show the same frames; times are never asserted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fineview.app import App
from fineview.gui.frame_change import FrameChange
from fineview.lab import bench_view

NAMES = ("frame change with overlay, 64^2, p95", "frame change with overlay, 64^2, against a plain ImageView",
         "pan with overlay, 64^2, p95", "pan with overlay, 64^2, against a plain ImageView",
         "frame not in memory, read and decoded, 64^2 x 16 bit", "6 frames of 512^2 played at 20 a second, shown")


def test_both_viewers_show_the_frame_they_were_asked_for(qtbot: QtBot, qapp: object, tmp_path: Path) -> None:
    app = App(data_dir=tmp_path)
    frames = [np.full((32, 32), value, np.uint16) for value in (0, 4095)]
    change = FrameChange(app.workbench, frames, [np.zeros((32, 32), np.float32)] * 2)
    seen = []
    for _ in range(2):
        change.show_ours()
        change._turn -= 1
        change.show_peer()
        ours, theirs = (widget.grab().toImage() for widget in (change.canvas, change.peer.ui.graphicsView))
        seen.append(tuple(image.pixelColor(image.rect().center()).red() for image in (ours, theirs)))
    assert np.abs(np.array(seen) - [(255, 255), (0, 0)]).max() <= 1
    change.close()
    app.close()


def test_every_figure_stands_beside_the_plain_viewer_and_its_goal(
        qtbot: QtBot, qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SIDES", (64,)), ("ROUNDS", 3), ("STACK", 6), ("RATES", (20.0,)), ("PLAYED_S", 0.5)):
        monkeypatch.setattr(bench_view, name, value)
    app = App(data_dir=tmp_path)
    found = bench_view.run(app)
    app.close()
    assert tuple(one.name for one in found) == NAMES
    assert [one.goal for one in found] == [16.0, 1.0, 16.0, 1.0, None, 20.0]
    assert all(one.value is not None and one.value > 0 for one in found)
    assert all(one.baselines for one in found[:4])
