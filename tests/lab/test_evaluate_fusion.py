"""The small table on a tiny budget: all rows are there, a rerun is the same, a stopped table goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview.core.errors import InputProblem, WrongWords
from fineview.lab import small_table, small_training
from fineview.lab.evaluate import Request
from fineview.lab.evaluate_encoders import ENCODERS
from fineview.lab.evaluate_fusion import ORDERS, VARIANTS
from fineview.lab.small_crops import CropPlan, Crops, kept_phantoms, training_crops
from fineview.lab.small_training import SCORES, precision_area
from fineview.models.vision.build import TINY, RetinaConfig, build_encoder

KINDS = {"concat-deep": "fila", "unfused": "unfused", "cross-deep": "fila-cross", "add-deep": "fila-add",
         "concat-last": "fila-last", "concat-merged": "fila-merged"}
ROWS: dict[str, RetinaConfig] = {name: TINY.with_encoder(kind=kind) for name, kind in KINDS.items()}


def plan(folder: Path) -> CropPlan:
    return CropPlan(folder, None, train=8, size_px=64, fundus=0, bscans=4, mix={"other": 1.0})


def request(steps: int = 2, only: tuple[str, ...] = ()) -> Request:
    return Request(None, 0, lambda done, total, words: None, steps=steps, only=only)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_the_table_has_every_row_and_a_second_run_trains_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROWS.keys() == VARIANTS.keys()
    table = small_table.scores(ROWS, request(), plan(folder), seeds=2)
    figures = small_table.figures(table, ORDERS)
    names = {figure.name for figure in figures}
    assert {f"phantoms.{score}.{row}" for score in SCORES for row in ROWS} <= names
    assert {f"phantoms.tokens_ap.{better}-minus-{worse}" for better, worse in ORDERS} <= names
    assert not any(name.startswith("photographs") for name in names)
    assert all(figure.value is not None and figure.n == 2 for figure in figures if figure.name.startswith("phantoms"))

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(small_training, "train_step", never)
    again = small_table.scores(ROWS, request(), plan(folder), seeds=2)
    assert again == table


def test_another_folder_gives_the_same_numbers_and_a_stopped_table_goes_on(folder: Path, tmp_path: Path) -> None:
    first = small_table.scores(ROWS, request(only=("concat-deep",)), plan(folder), seeds=1)

    def stop(done: float, total: float, words: str) -> None:
        if "scored" in words and "unfused" in words:
            raise KeyboardInterrupt

    cut = Request(None, 0, stop, steps=2, only=("concat-deep", "unfused"))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        small_table.scores(ROWS, cut, plan(tmp_path), seeds=2)
    held = sorted(path.parent.name.rsplit("-", 2)[0] for path in (tmp_path / "small").glob("*/scores.json"))
    assert held == ["concat-deep-0", "unfused-0"]
    again = small_table.scores(ROWS, request(only=("concat-deep",)), plan(tmp_path), seeds=1)
    assert again == first
    with pytest.raises(WrongWords):
        small_table.scores(ROWS, request(only=("nobody",)), plan(tmp_path))


def test_crops_of_a_seed_do_not_depend_on_when_they_are_drawn(folder: Path, tmp_path: Path) -> None:
    for draw in (lambda one: training_crops(one, 3), kept_phantoms):
        here, there = draw(plan(folder)), draw(plan(tmp_path))
        assert np.array_equal(here.rgb, there.rgb) and np.array_equal(here.target, there.target)
    assert not np.array_equal(training_crops(plan(folder), 3).rgb, training_crops(plan(folder), 4).rgb)


def test_mirrored_crops_are_mirrored_together() -> None:
    rng = np.random.default_rng(0)
    crops = Crops(rng.integers(0, 255, (2, 64, 64, 3)).astype(np.uint8), rng.random((2, 2, 64, 64)).astype(np.float16),
                  rng.random((2, 8, 16, 16)).astype(np.float16), np.ones((2, 8, 16, 16), np.float16),
                  rng.random((2, 3, 16)).astype(np.float32), np.array([0, 1]), np.ones(2, np.float32))
    plain = crops.batch(np.array([0, 1]), np.array([False, False]))
    turned = crops.batch(np.array([0, 1]), np.array([False, True]))
    assert turned.rgb.shape == (2, 3, 64, 64) and float(plain.rgb.max()) <= 1.0
    for name in ("rgb", "extra", "target", "lines"):
        before, after = getattr(plain, name), getattr(turned, name)
        assert bool((before[0] == after[0]).all()) and bool((before[1].flip(-1) == after[1]).all())
    assert turned.domain.tolist() == [0, 1]


def test_average_precision_by_hand() -> None:
    """Ranked hit, miss, hit: 1/2 * 1 + 1/2 * 2/3; the best F1 takes all three: 2 * 2/3 / (2/3 + 1)."""
    area, best, share = precision_area(np.array([0.9, 0.1, 0.5]), np.array([True, True, False]))
    assert area == pytest.approx(0.5 + 1 / 3) and best == pytest.approx(0.8) and share == pytest.approx(2 / 3)
    tied, _, _ = precision_area(np.zeros(4), np.array([True, False, False, False]))
    assert tied == pytest.approx(0.25)


def test_students_interval_by_hand() -> None:
    """1, 2, 3: mean 2, deviation 1, t(2) 4.303: half width 4.303 / sqrt 3."""
    low, high = small_table.student([1.0, 2.0, 3.0]) or (0.0, 0.0)
    assert low == pytest.approx(2 - 4.303 / 3 ** 0.5) and high == pytest.approx(2 + 4.303 / 3 ** 0.5)
    assert small_table.student([1.0]) is None


def test_an_order_is_met_only_where_the_whole_interval_is_clear() -> None:
    def rows(*values: float) -> list[dict[str, float]]:
        names = (*SCORES, "tokens_chance", "dense_chance")
        return [{f"phantoms.{name}": value for name in names} | {"parameters": 1.0} for value in values]

    table = {"a": rows(0.5, 0.6, 0.7), "b": rows(0.1, 0.21, 0.29), "c": rows(0.9, 0.1, 0.5)}
    found = {figure.name: figure for figure in small_table.figures(table, (("a", "b"), ("b", "a"), ("a", "c")))}
    assert found["phantoms.tokens_ap.a-minus-b"].met is True
    assert found["phantoms.tokens_ap.b-minus-a"].met is False
    assert found["phantoms.tokens_ap.a-minus-c"].met is None


def test_the_encoders_table_is_fair_in_parameters() -> None:
    counts = {name: sum(value.numel() for value in build_encoder(config.encoder).parameters())
              for name, config in ENCODERS.items()}
    assert all(abs(count / counts["concat-deep"] - 1) < 0.05 for count in counts.values()), counts


def test_a_folder_without_photographs_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(InputProblem):
        small_table.plan_of(Request(None, 0, lambda done, total, words: None, data=tmp_path))  # type: ignore[arg-type]
