"""The deployment table: drift by hand, phantoms as files, the ways there are; never a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview import paths
from fineview.core.errors import WrongWords
from fineview.lab import evaluate_deployment as deployment
from fineview.models.openvino_convert import installed


def test_drift_is_what_a_hand_finds() -> None:
    raw = np.zeros((16, 32), np.float32)
    raw[0, ::8] = [0.1, 0.2, 0.3, 0.4]
    raw[8, ::8] = [0.5, 0.6, 0.7, 0.8]
    moved = raw.copy()
    moved[8, 24] = 0.75  # still the largest: ranks stay
    lesion = np.full((16, 32), 0.5, np.float16)
    found = deployment.drift({"raw": raw, "drusen": lesion}, {"raw": moved, "drusen": lesion + np.float16(0.25)})
    assert found["largest"] == pytest.approx(0.25)
    assert found["mean"] == pytest.approx((0.05 / 512 + 0.25) / 2, abs=1e-6)
    assert found["rank"] == pytest.approx(1.0)
    turned = deployment.drift({"raw": raw}, {"raw": 1 - raw})
    assert turned["rank"] == pytest.approx(-1.0)
    assert deployment.drift({"raw": raw * 0}, {"raw": raw * 0})["rank"] == 1.0


def test_ties_share_their_rank() -> None:
    assert deployment._ranks(np.array([3.0, 1.0, 1.0, 2.0])).tolist() == [4.0, 1.5, 1.5, 3.0]


def test_the_worst_of_many_pictures_is_told() -> None:
    made = deployment.joined([{"largest": 0.1, "mean": 0.01, "rank": 0.9},
                              {"largest": 0.3, "mean": 0.03, "rank": 0.99}])
    assert made == pytest.approx({"largest": 0.3, "mean": 0.02, "rank": 0.9})


def test_phantoms_are_files_with_masks(tmp_path: Path) -> None:
    folder = deployment.phantoms(tmp_path / "p", 3, count=1, side=256)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(["p00.png", *(f"p00_{word}.png" for word in deployment.FUNDUS)])
    mask = np.asarray(Image.open(folder / "p00_optic_disc.png"))
    assert mask.shape == (256, 256) and set(np.unique(mask)) == {0, 255}


def test_the_ways_there_are_on_this_machine(tmp_path: Path) -> None:
    source = paths.weights_dir() / "retina-s"
    table = deployment.variants(source, tmp_path)
    assert list(table)[0] == "fp32" and table["fp32"].engine.dtype == "fp32" and "int8" in table
    assert table["int8"].megabytes < 0.55 * table["fp32"].megabytes
    assert ("openvino" in table) == installed()
    assert list(deployment.variants(source, tmp_path / "b", ("int8",))) == ["fp32", "int8"]
    with pytest.raises(WrongWords, match="int4"):
        deployment.variants(source, tmp_path / "c", ("int4",))
