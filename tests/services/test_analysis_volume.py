"""A whole volume to files: what each frame alone gives, in order, with progress, stopped between frames."""

from __future__ import annotations

import _thread
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview import paths
from fineview.core.errors import Cancelled
from fineview.core.evidence import Method
from fineview.core.study import FrameKey, Series
from fineview.formats.archive import FileArchive
from fineview.models import volume
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY
from fineview.services.analysis_files import AnalysisWish, analyse_to_files
from fineview.services.analysis_volume import analyse_volume_to_files
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all

Stage = tuple[FileArchive, Series, Predictor]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    archive = FileArchive()
    studies = scan_all(archive, [paths.sample_dir()], Token()).studies
    longest = max((one for study in studies for one in study.series), key=lambda one: len(one.frames))
    yield archive, longest, Predictor.untrained(TINY, seed=3)
    archive.close()


class Watch(Token):
    def __init__(self, stop_after: int = 99) -> None:
        super().__init__()
        self.told: list[tuple[float, float]] = []
        self._stop_after = stop_after

    def report(self, done: float, total: float, words: str = "") -> None:
        self.told.append((done, total))
        if done >= self._stop_after:
            self.cancel()


def test_each_frame_is_what_it_is_alone(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "cpu_lanes", lambda: 2)
    archive, series, engine = stage
    keys = [FrameKey(series.uid, number) for number in (0, 1, 2)]
    watch = Watch()
    made = analyse_volume_to_files(series, keys, AnalysisWish(), archive, engine, tmp_path / "all", watch)
    assert [one["frame"]["index"] for one in made] == [0, 1, 2]
    assert watch.told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    alone = analyse_to_files(series, keys[1], AnalysisWish(), archive, engine, Encodings(), tmp_path / "one", Token())
    together = made[1]
    assert together["maps"]["raw"] == "frame_0001/raw.npy" and together["maps"].keys() == alone["maps"].keys()
    assert together["seconds"].keys() == alone["seconds"].keys() and together["seconds"]["encode"] > 0
    assert together["domain_scores"] == pytest.approx(alone["domain_scores"], abs=1e-2)
    for name in ("raw", "dar", "mfp_4"):
        ours = np.load(tmp_path / "all" / together["maps"][name]).astype(np.float32)
        theirs = np.load(tmp_path / "one" / alone["maps"][name]).astype(np.float32)
        assert ours.shape == theirs.shape and np.abs(ours - theirs).max() < 0.05
    assert (tmp_path / "all" / together["overlay"]).is_file()


def test_cancelled_between_frames_and_what_was_written_is_whole(stage: Stage, tmp_path: Path) -> None:
    archive, series, engine = stage
    count = len(series.frames)
    assert count > 8
    with pytest.raises(Cancelled):
        analyse_volume_to_files(series, [FrameKey(series.uid, number) for number in range(count)], AnalysisWish(),
                                archive, engine, tmp_path, Watch(stop_after=1))
    written = sorted(folder.name for folder in tmp_path.iterdir())
    assert 1 <= len(written) < count
    assert all((tmp_path / name / "overlay.png").is_file() for name in written)


def test_an_interrupt_reaches_the_frames_under_way(stage: Stage, tmp_path: Path) -> None:
    """Ctrl-C is raised in the waiting thread alone; those at work are told through their token."""
    archive, series, engine = stage
    at_work: list[bool] = []
    in_vain: list[bool] = []

    class Patient:
        """The real engine, whose maps take until somebody says stop."""

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def method_map(self, *asked: Any) -> None:
            if not at_work:
                at_work.append(True)
                _thread.interrupt_main()
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                asked[-1].raise_if_cancelled()
                time.sleep(0.005)
            in_vain.append(True)

    keys = [FrameKey(series.uid, number) for number in range(3)]
    with pytest.raises(KeyboardInterrupt):
        analyse_volume_to_files(series, keys, AnalysisWish(method=Method.PURE_GRAD), archive, Patient(),  # type: ignore
                                tmp_path, Token())
    assert at_work and not in_vain and not list(tmp_path.rglob("overlay.png"))
