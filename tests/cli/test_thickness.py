"""``fineview thickness``: words, refusals, and the grid of an instrument's own file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fineview import paths
from tests.cli.spoken import speak


@pytest.mark.parametrize("words", [("--layers", "ILM"), ("--layers", "ILM-ILM"), ("--centre", "3"),
                                   ("--centre", "-1,4"), ("--lines", "mine")])
def test_words_that_do_not_fit(words: tuple[str, str], tmp_path: Path) -> None:
    assert speak("thickness", tmp_path, *words).code == 2


def test_a_photograph_is_no_volume(tmp_path: Path) -> None:
    Image.new("L", (40, 30), 90).save(tmp_path / "a.png")
    assert speak("thickness", tmp_path / "a.png", "--json").error["code"] == "no-series"


def test_a_file_without_lines_is_named() -> None:
    assert speak("thickness", paths.sample_dir(), "--lines", "file", "--json").error["code"] == "no-lines"
