"""``fineview enface``: a bright layer at a known depth, in the slab that holds it and not beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.cli.enface_words import parse_edge
from fineview.services.slab import Edge
from tests.cli.spoken import speak
from tests.formats import made_opt

ROWS, BRIGHT = 100, slice(60, 65)  # rows of 0.004 mm: 240 to 260 um deep


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """B-scans of 64 A-scans, 0.06 mm apart, bright on their left half in five rows; no layer lines in the file."""
    monkeypatch.setattr(made_opt, "ROWS", ROWS)
    monkeypatch.setattr(made_opt, "COLS", 64)
    return made_opt.save(made_opt.volume(pixels=pixels()), tmp_path / "v.dcm")


def pixels() -> np.ndarray:
    made = np.full((made_opt.FRAMES, ROWS, 64), 20, np.uint8)
    made[:, BRIGHT, :32] = 220
    return made


def looked(path: Path, upper: str, lower: str, *more: str) -> tuple[dict, np.ndarray]:
    out = path.with_suffix(".png")
    told = speak("enface", path, "--from", upper, "--to", lower, "--out", out, "--json", *more).json
    return told, np.asarray(Image.open(out))


def test_between_two_depths(bright: Path) -> None:
    told, shown = looked(bright, "240um", "260um")
    assert told["slab"]["words"] == "240 \u00b5m deep to 260 \u00b5m deep" and told["lines"] is None
    assert told["scale"] == {"axial": "calibrated", "lateral": "calibrated"} and told["cell_mm"] == pytest.approx(0.02)
    # 63 steps of 0.012 mm by 4 of 0.06 mm, whole cells of 0.02 mm.
    assert shown.shape == (told["rows"], told["cols"]) == (12, 37)
    assert shown[:, :17].min() == 255 and shown[:, 20:].max() == 0
    assert np.ptp(looked(bright, "100um", "230um")[1]) == 0
    assert np.array_equal(looked(bright, "60px", "65px")[1], shown)


def test_without_any_scale_in_pixels_of_the_scan(tmp_path: Path, bright: Path) -> None:
    plain = made_opt.save(made_opt.volume("1.2.3.11", pixels=pixels(), spacing=None, placed=False), tmp_path / "p.dcm")
    told, shown = looked(plain, "60px", "65px", "--mode", "max")
    assert told["cell_mm"] is None and told["scale"] == {"axial": "none", "lateral": "none"}
    assert shown.shape == (made_opt.FRAMES, 64) and shown[:, :32].min() == 255 and shown[:, 32:].max() == 0
    refused = speak("enface", plain, "--from", "240um", "--to", "260um", "--out", tmp_path / "x.png", "--json")
    assert refused.error["code"] == "no-scale" and not (tmp_path / "x.png").exists()


def test_what_cannot_be_seen_is_said(bright: Path, tmp_path: Path) -> None:
    def code(*words: str) -> str:
        return speak("enface", bright, *words, "--out", tmp_path / "x.png", "--json").error["code"]

    assert code("--from", "260um", "--to", "240um") == "empty-slab"
    assert code("--from", "ILM", "--to", "100um", "--lines", "file") == "no-lines"


@pytest.mark.parametrize("edge", ["", "300", "20mm", "+", "ILM+20", "-20um"])
def test_words_that_are_no_edge(edge: str, tmp_path: Path) -> None:
    assert speak("enface", tmp_path, "--from", edge, "--to", "ILM", "--out", tmp_path / "x.png").code == 2


def test_edges_as_they_are_written() -> None:
    assert parse_edge("PR1-12.5um") == Edge("PR1", -12.5) and parse_edge("ILM") == Edge("ILM")
    assert parse_edge("80px") == Edge(away=80, unit="px") and parse_edge("RPE+3px") == Edge("RPE", 3, "px")
