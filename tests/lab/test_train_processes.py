"""Two processes see the same samples and end with the same weights as one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("accelerate", reason="training needs the extra \"train\"")

from fineview.core.errors import FineViewError
from fineview.lab.train_data import _Slices
from fineview.lab.train_launch import launch
from fineview.lab.train_processes import Processes
from fineview.lab.train_step import start
from fineview.models.vision.build import TINY
from tests.small_stages import average, train

ROOT = Path(__file__).parents[2]
STEPS = 6


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All stages on gloo.  Equal but for rounding: sums are taken in another order, in bf16.

    The keys' biases of a softmax attention are left out of the largest difference: their true gradient is 0, so they
    move by rounding alone.
    """
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cache = tmp_path / "cache"
    train(tmp_path / "one", STEPS, cache=cache)
    code = launch([sys.executable, "-m", "tests.small_stages", str(tmp_path / "two"), str(STEPS), str(cache)], 2)
    assert code == 0
    one, two = average(tmp_path / "one"), average(tmp_path / "two")
    names = [name for name in one if one[name].is_floating_point() and not name.endswith("k_proj.bias")]
    moved = _mean([one[name] - start(TINY).model.state_dict()[name] for name in names])
    apart = [two[name] - one[name] for name in names]
    assert moved > 2e-6 and _mean(apart) < 0.02 * moved
    assert max(float(difference.abs().max()) for difference in apart) < 1e-4
    rows = [(tmp_path / name / "curves.csv").read_text().splitlines() for name in ("one", "two")]
    losses = [[[float(value or 0) for value in row.split(",")[2:8]] for row in table[1:]] for table in rows]
    assert len(losses[0]) == STEPS and torch.allclose(torch.tensor(losses[0]), torch.tensor(losses[1]), 0.01, 0.01)


def _mean(values: list[torch.Tensor]) -> float:
    return float(torch.cat([value.float().abs().flatten() for value in values]).mean())


def test_a_process_that_fails_ends_the_others(tmp_path: Path) -> None:
    code = launch([sys.executable, "-c", "import os, sys, time\n"
                   "sys.exit(3) if os.environ['RANK'] == '1' else time.sleep(600)"], 2)
    assert code == 3


def test_processes_share_every_batch_without_gap_or_overlap() -> None:
    parts = [list(_Slices(2, 5, 6, number, 3)) for number in range(3)]
    steps = [sorted(sum((part[2 * at: 2 * at + 2] for part in parts), [])) for at in range(3)]
    assert steps == [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23], [24, 25, 26, 27, 28, 29]]
    assert list(_Slices(2, 5, 6, 0, 1)) == list(range(12, 30)) and len(_Slices(2, 5, 6, 0, 3)) == 6


def test_one_process_needs_no_group() -> None:
    alone = Processes()
    value = torch.ones(2, requires_grad=True)
    assert alone.count == 1 and alone.first and alone.batch_size(5) == 5 and alone.whole(value) is value
    module = torch.nn.Linear(1, 1)
    assert alone.spread(module) is module


def test_without_accelerate_training_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(FineViewError, match="fineview\\[train\\]") as told:
        Processes()
    assert told.value.code == "not-installed"


def test_accelerate_is_not_imported_when_the_app_starts() -> None:
    code = ("import sys\nfrom fineview.cli.main import run\nimport fineview.app\nassert run(['--version']) == 0\n"
            "assert 'accelerate' not in sys.modules")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
