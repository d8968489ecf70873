"""What the bench of opening counts; times are never asserted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fineview.app import App
from fineview.lab import bench_memory, bench_open
from fineview.lab.resident import descendants, resident_bytes

GB = 1024**3


def test_a_generated_folder_stands_beside_the_plain_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FILES", 5), ("ROUNDS", 1), ("SIDE", 32)):
        monkeypatch.setattr(bench_open, name, value)
    app = App(data_dir=tmp_path)
    found = {one.name: one for one in bench_open.run(app, None, ("index",))}
    app.close()
    whole = found["index of 5 frames complete, its readers started too"]
    assert whole.goal == 5000 and set(whole.baselines) == {"bytes_alone_ms", "plain_pydicom_loop_ms"}
    assert found["first image decoded, its reader started too"].goal == 1000
    assert found["frames indexed when the first image was decoded"].met


def test_memory_is_counted_over_the_whole_tree_of_processes() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        while not descendants(process.pid):
            assert process.poll() is None
        (child,) = descendants(process.pid)
        assert process.pid in descendants(os.getpid()) and child in descendants(os.getpid())
    finally:
        process.communicate(b"\n")
    assert resident_bytes(child) == 0 and resident_bytes(os.getpid()) > 10 * 1024**2


def test_the_figures_of_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = {"frames": 512, "held_bytes": 1900 * 1024**2, "shown": 300, "at_hand": 297, "seconds": 1.0}
    monkeypatch.setattr(bench_memory, "_watched", lambda *_: (walk, int(2.41 * GB), GB // 8))
    peak, held, hand = bench_memory.run(0.01, 2.0)
    assert (peak.goal, peak.met) == (round(2.4 * 1024), False)  # the cap and a fifth
    assert (held.value, held.goal, held.met) == (1900, 2048, True)
    assert hand.value == 0.99
