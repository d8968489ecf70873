"""The README beside the weights is what facts, figures and words say; figures of other weights never enter it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fineview import paths
from fineview.lab.model_card import current
from fineview.models.card_words import FILE_BYTES, read_card_words

RETINA = paths.weights_dir() / "retina-s"


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """The shipped card without its weights, and the shipped results."""
    folder = tmp_path / "weights" / "retina-s"
    folder.mkdir(parents=True)
    for name in ("model.json", "card.toml"):
        shutil.copy(RETINA / name, folder / name)
    (folder / "model.safetensors").write_bytes(b"\0" * 1_500_000)
    shutil.copytree(paths.resources_dir() / "results", tmp_path / "results")
    return tmp_path


@pytest.mark.parametrize("path", sorted(paths.weights_dir().glob("*/card.toml")), ids=lambda path: path.parent.name)
def test_the_card_is_what_is_stored(path: Path) -> None:
    assert (path.parent / "README.md").read_text("utf-8") == current(path.parent.name, paths.resources_dir()), (
        "make it again: python -m fineview.lab.model_card")


def test_new_weights_take_no_figure_and_no_note_of_the_old_ones(resources: Path) -> None:
    old = current("retina-s", resources)
    manifest = resources / "weights" / "retina-s" / "model.json"
    held = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**held, "sha256": "e" * 64, "trained_steps": 9000}))
    new = current("retina-s", resources)
    assert f"sha256 `{'e' * 64}`, 2 MB" in new and "Steps of training: 9000" in new
    assert held["sha256"] not in new and "Nothing was measured on these weights yet." in new
    assert "how well lesions are found (fineview evaluate lesions --keep)" in new
    for words in read_card_words(RETINA).limits:
        assert words in new
    for sha256, note in read_card_words(RETINA).notes:
        assert note not in new and (note in old) == (sha256 == held["sha256"])


def test_every_figure_of_the_card_stands_in_a_stored_result(resources: Path) -> None:
    held = json.loads((RETINA / "model.json").read_text())
    rows = [line.split(" | ") for line in current("retina-s", resources).splitlines() if line.startswith("| f1_")]
    stored: dict[str, set[str]] = {}
    for path in (resources / "results").glob("*.json"):
        one = json.loads(path.read_text())
        if one["encoder"] is not None and one["encoder"]["sha256"] == held["sha256"]:
            for figure in one["figures"]:
                if figure["value"] is not None:
                    stored.setdefault(figure["name"], set()).add(f"{figure['value']:.3f}")
    for name, value, *_ in rows:
        assert value in stored[name.removeprefix("| ")]


@pytest.mark.parametrize("text", [
    "", "what = 3", "[[", "what = 'a'\nrecipe = 'b'\nlimits = 'c'\n[[trained_on]]\ndata = 'd'",
    'what = "a"\nrecipe = "b"\nlimits = ["\\u001b[2J"]\ntrained_on = []', "x = 1\n" + "#" * FILE_BYTES])
def test_words_that_do_not_fit_are_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.toml").write_text(text)
    words = read_card_words(tmp_path)
    assert not words.what and not words.trained_on and not words.limits
