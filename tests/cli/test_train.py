"""Training on the command line: words that do not fit, and two processes by the words of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.spoken import child, speak

pytest.importorskip("accelerate", reason="training needs the extra \"train\"")


@pytest.mark.parametrize(("words", "told"), [
    (("embedded", "--stage", "fusion"), "--from"),
    (("multi-scale", "--stage", "contrastive"), "no fusion"),
    (("reader", "--stage", "fusion"), "reader"),
    (("chat", "--processes", "2"), "chat"),
    (("embedded", "--stage", "nobody"), "invalid choice"),
])
def test_words_that_do_not_fit(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    spoken = speak("train", *words, "--steps", "2", "--out", tmp_path / "run")
    assert spoken.code == 2 and told in spoken.err and not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_speak_once(tmp_path: Path) -> None:
    spoken = child("train", "embedded", "--steps", "0", "--out", tmp_path, "--processes", "2", "--json")
    assert spoken.code == 0, spoken.err
    made = Path(spoken.json["weights"])
    assert made.is_file() and made.parent == tmp_path / "export" and (tmp_path / "curves.csv").is_file()
