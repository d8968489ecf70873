"""The bench of planes on small volumes: its figures, their goals, and that what is timed is cut; never a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.app import App
from fineview.lab import bench_planes


def test_every_figure_has_its_size_and_goal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FRAMES", 5), ("SIDE", 16), ("LARGE", (6, 20, 20)), ("BUILDS", 1), ("CUTS", 3)):
        monkeypatch.setattr(bench_planes, name, value)
    cut: list[tuple[int, ...]] = []
    real = bench_planes.cut_planes

    def counted(volume, *args):  # type: ignore[no-untyped-def]
        made = real(volume, *args)
        cut.append((*volume.voxels.shape, len(made)))
        return made

    monkeypatch.setattr(bench_planes, "cut_planes", counted)
    app = App(data_dir=tmp_path)
    found = bench_planes.run(app)
    app.close()
    assert cut == [(5, 16, 16, 3)] * 3 + [(6, 20, 20, 3)] * 3
    assert [one.name for one in found] == [
        "volume of 5 x 16 x 16 read from its files", "three planes of 5 x 16 x 16 cut and windowed, p95",
        "three planes of 6 x 20 x 20, oblique cut and windowed, p95"]
    assert [one.goal for one in found] == [None, 48.0, 48.0] and all(one.value is not None for one in found)
