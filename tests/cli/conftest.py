"""Analyses and answers that many tests look at, made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fineview import paths
from tests.cli.spoken import speak


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the session, with a store of its own: session fixtures run before the one of each test."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("once")
        patch.setenv("FINEVIEW_DATA", str(folder / "store"))
        yield folder


@pytest.fixture(scope="session")
def volume() -> Path:
    return paths.sample_dir() / "volume.dcm"


@pytest.fixture(scope="session")
def pages(once: Path) -> Path:
    """Two small pages of noise in one TIFF: a volume that is cheap to encode."""
    rng = np.random.default_rng(1)
    first, second = (Image.fromarray(rng.integers(0, 255, (48, 64), dtype=np.uint8)) for _ in range(2))
    first.save(once / "pages.tif", save_all=True, append_images=[second])
    return once / "pages.tif"


@pytest.fixture(scope="session")
def analysed(once: Path, volume: Path) -> tuple[dict[str, Any], Path]:
    """The middle B-scan of the sample: the analyze object and its folder."""
    spoken = speak("analyze", volume, "--out", once / "plain", "--json")
    assert spoken.code == 0 and spoken.err == "", spoken
    return spoken.json, once / "plain"


@pytest.fixture(scope="session")
def questioned(once: Path, volume: Path) -> tuple[dict[str, Any], Path]:
    """The same frame with a question, another method and a region."""
    spoken = speak("analyze", volume, "--out", once / "asked", "--question", "Is there fluid?", "--method", "raw",
                   "--region", "100,100,80,60", "--json")
    assert spoken.code == 0, spoken
    return spoken.json, once / "asked"


QUESTIONS: tuple[dict[str, Any], ...] = (
    {"question": "Is there fluid here?", "region": [200, 200, 60, 40]},
    {"question": "What is this?", "region": [200, 200, 60, 40]},
    {"question": "How large is it?", "region": [100, 100, 50, 20]},
    {"question": "How long is it?", "region": [100, 100, 50, 20]},
    {"question": "How bright is it?", "region": [100, 100, 50, 20]},
    {"question": "Is it brighter than around it?", "region": [100, 100, 50, 20]},
    {"question": "How many lesions are there?", "region": None},
    {"question": "How far is it from the fovea?", "region": [100, 100, 50, 20]},
    {"question": "Which eye is this?", "region": None},
    {"question": "Is there fluid here?", "region": [9000, 9000, 60, 40]},
    {"question": "Sing me a song", "region": None},
)


@pytest.fixture(scope="session")
def answers(once: Path, volume: Path) -> list[dict[str, Any]]:
    """One answer a question, and three lines that cannot be answered: not JSON, no such frame, no such file."""
    lines = [json.dumps({"path": str(volume), "frame": 12, **asked}) for asked in QUESTIONS]
    lines += ["not a question", json.dumps({"path": str(volume), "frame": 99, "question": "What is this?"}),
              json.dumps({"path": str(once / "gone.dcm"), "question": "What is this?"}),
              json.dumps({"path": str(volume), "frame": "12", "question": "What is this?"})]
    (once / "questions.jsonl").write_text("\n".join(lines) + "\n\n", "utf-8")
    spoken = speak("ask", "--questions", once / "questions.jsonl")
    assert spoken.code == 0, spoken
    return [json.loads(line) for line in spoken.out.splitlines()]
