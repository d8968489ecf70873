"""Layer lines: the classical finder against brute force, truth read from pictures drawn here, scores by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import InputProblem, WrongWords
from fineview.lab import evaluate_layers as layers
from fineview.lab import layer_scores as scores
from fineview.lab.evaluate import Request
from fineview.lab.layer_truth import diagnosed_scans, drawn_scans, spectralis_scans, zeiss_scans
from fineview.lab.line_finder import best_path, find_lines
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY
from tests.shared_data import SHARED, needs_shared


def test_the_best_path_is_the_best_of_all_paths() -> None:
    score = np.random.default_rng(3).normal(size=(5, 6))
    allowed = [path for path in product(range(5), repeat=6) if max(abs(np.diff(path))) <= 1]
    best = max(allowed, key=lambda path: score[list(path), range(6)].sum())
    assert best_path(score).tolist() == list(best)


BANDS = ((0, 45, 130), (45, 70, 60), (70, 74, 170), (74, 77, 140), (77, 82, 225), (82, 160, 90))


def _banded(height: int = 496, width: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A retina of plain bands: bright from row r, dark, a bright ellipsoid zone, a brighter RPE, a grey choroid."""
    top = 150 + np.round(12 * np.sin(np.arange(width) / 40)).astype(int)
    picture = np.full((height, width), 12, np.uint8)
    for column, row in enumerate(top):
        for first, last, grey in BANDS:
            picture[row + first: row + last, column] = grey
    return picture, top


def test_the_classical_finder_draws_bands_where_they_are() -> None:
    picture, top = _banded()
    found = find_lines(picture)
    # edges are the borders of bands; the ridge of rows 77 to 81 has its middle at 79.5
    for name, row, within in (("ILM", 0, 1.5), ("RPE", 79.5, 1.5), ("BM", 82, 1.5)):
        assert np.abs(found[name] - (top + row)).mean() < within, name


def test_white_padding_is_no_retina() -> None:
    picture, top = _banded()
    picture[:60] = 255
    assert np.abs(find_lines(picture)["RPE"] - (top + 79.5)).mean() < 1.5


def test_drawn_lines_are_read_at_the_middle_of_their_pixels(tmp_path: Path) -> None:
    drawn = np.zeros((20, 4), np.uint8)
    drawn[5, :3] = 255, 170, 255
    drawn[[8, 9], 1] = 127
    for name, picture in (("images/1-Input.png", np.full((20, 4), 90, np.uint8)), ("labels/1-layers.png", drawn)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    (scan,) = drawn_scans(tmp_path / "images", tmp_path / "labels")
    assert scan.lines["RPE"][:3].tolist() == [5.5, 5.5, 5.5]
    assert np.isnan(scan.lines["RPE"][3])
    assert scan.lines["BM"][1] == 9.0
    Image.fromarray(drawn[:10]).save(tmp_path / "labels/1-layers.png")
    with pytest.raises(InputProblem, match="size"):
        drawn_scans(tmp_path / "images", tmp_path / "labels")
    with pytest.raises(InputProblem, match="no B-scan"):
        drawn_scans(tmp_path / "labels", tmp_path / "images")


@needs_shared
def test_the_lines_of_real_scans_lie_where_their_pixels_say() -> None:
    assert SHARED is not None
    (zeiss,) = zeiss_scans(SHARED)
    above, below = [], []
    for column in range(0, 200, 5):
        row = int(zeiss.lines["ILM"][column])
        above += zeiss.grey[row - 15: row - 3, column].tolist()
        below += zeiss.grey[row + 3: row + 15, column].tolist()
    assert np.mean(below) > 1.5 * np.mean(above)
    profile = []
    for scan in spectralis_scans(SHARED)[::6]:
        for column in range(5, 505, 10):
            row = int(scan.lines["RPE"][column])
            profile.append(scan.grey[row - 4: row + 5, column].astype(float))
    assert int(np.mean(profile, 0).argmax()) == 4
    names = {name: diseased for name, _, diseased in diagnosed_scans(SHARED)}
    assert len(names) == 27
    assert sum(names.values()) == 23


def _pair(found: list[float], drawn: list[float]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """RPE at 0, so that BM is the distance."""
    return ({"RPE": np.zeros(len(found)), "BM": np.array(found)}, {"RPE": np.zeros(len(drawn)), "BM": np.array(drawn)})


def test_errors_and_drusen_columns_by_hand() -> None:
    pairs = [_pair([4, 12, 12, np.nan], [5, 11, 9, 10]), _pair([6, 6], [4, 14])]
    every = np.array([0, 1])
    apart = scores.differences(pairs, scores.thickness)
    assert scores.mean_error(apart)(every) == pytest.approx((1 + 1 + 3 + 2 + 8) / 5)
    assert scores.constant_offset(apart)(every) == 1.0  # the median of -1, 1, 3, 2, -8
    assert scores.mean_error(apart, centred=True)(every) == pytest.approx((2 + 0 + 2 + 1 + 9) / 5)
    # found: columns 1, 2 of the first; drawn: 1, 3 of the first and 1 of the second; one in common
    assert scores.drusen_f1(pairs)(every) == pytest.approx(2 * 1 / (2 + 3))
    assert scores.drusen_f1(pairs, 1)(every) == pytest.approx(1 / 2)
    assert scores.drusen_f1(pairs, 2)(every) == pytest.approx(1 / 3)
    assert scores.drusen_f1(pairs, everywhere=True)(every) == pytest.approx(2 * 3 / (6 + 3))
    assert scores.constant_guess(pairs, scores.thickness)(every) == pytest.approx(
        np.abs(np.array([5, 11, 9, 10, 4, 14]) - 9.5).mean())
    assert scores.dice([(2, 4, 4), (0, 0, 2)])(every) == pytest.approx(2 * 2 / (4 + 6))
    assert scores.mean_error([np.zeros(0)])(np.array([0])) is None


def test_perfect_lines_meet_every_goal_and_far_ones_none() -> None:
    drawn = [{"RPE": np.full(40, 100.0), "BM": np.linspace(104, 116, 40)} for _ in range(3)]
    far = [{name: rows + (30 if name == "BM" else 9) for name, rows in lines.items()} for lines in drawn]
    right = layers.line_figures(layers.Scored([(one, one) for one in drawn], list(zip(far, drawn, strict=True))), 0)
    assert all(figure.met for figure in right if figure.goal is not None)
    wrong = {figure.name: figure for figure in layers.line_figures(
        layers.Scored(list(zip(far, drawn, strict=True)), [(one, one) for one in drawn]), 0)}
    assert not any(figure.met for figure in wrong.values() if figure.goal is not None)
    assert wrong["error_bm"].value == pytest.approx(30)
    assert wrong["error_bm_without_offset"].value == pytest.approx(0)
    assert wrong["offset_rpe"].value == pytest.approx(9)
    assert wrong["error_bm"].baselines == {"classical": 0.0}


def test_an_encoder_is_scored_on_own_scans_and_on_phantoms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "PHANTOMS", 2)
    picture, top = _banded(width=120)
    drawn = np.zeros_like(picture)
    drawn[top[:120] + 79, np.arange(120)] = 255
    drawn[top[:120] + 82, np.arange(120)] = 127
    for name, one in (("images/a.png", picture), ("labels/a.png", drawn)):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(one).save(tmp_path / name)
    engine = Predictor.untrained(TINY)
    app = SimpleNamespace(engine=lambda: engine)

    def request(**words: object) -> Request:
        return Request(app, 1, lambda *_: None, **words)  # type: ignore[arg-type]

    found = layers.run(request(images=tmp_path / "images", labels=tmp_path / "labels"))
    assert found.named("error_rpe").baselines["classical"] < 1.5
    assert found.named("dice_fluid_unseen_maker").goal == 0.85
    assert found.named("dice_fluid_unseen_maker").n == 2
    assert "own" in found.data
    with pytest.raises(WrongWords):
        layers.run(request(images=tmp_path / "images"))
    with pytest.raises(WrongWords):
        layers.run(request(only=("choroid",)))
