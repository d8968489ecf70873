"""Advice and the modality gap on the command line: shapes, exit codes, the person's own results, broken files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fineview import paths
from fineview.core.evidence import ModelIdentity
from fineview.core.measured import Figure
from fineview.lab.figures import Figures
from fineview.lab.stored import keep
from fineview.models.weights import read_manifest
from tests.cli.spoken import speak

FUTURE = datetime(2126, 1, 1, tzinfo=UTC)


def ours() -> ModelIdentity:
    found = read_manifest(paths.weights_dir() / "retina-s")
    return ModelIdentity(found.name, found.version, found.sha256)


def test_nothing_measured_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fineview.paths.resources_dir", lambda: Path("nowhere"))
    spoken = speak("models", "advise", "--task", "scene", "--json")
    assert spoken.code == 0 and spoken.err == ""
    assert set(spoken.json) == {"task", "measured", "encoder", "scale", "figures", "comparisons", "caveats",
                                "problems"}
    assert spoken.json["measured"] is False and spoken.json["figures"] == []
    for choice in (spoken.json["encoder"], spoken.json["scale"]):
        assert set(choice) == {"recommended", "verdict", "words", "reasons"}
        assert choice["recommended"] is None and choice["verdict"] == "not measured"
    assert "Not measured" in speak("models", "advise", "--task", "scene").out


def test_a_kept_result_is_the_advice() -> None:
    figure = Figure("f1_haemorrhage", 0.4, "fraction", 50, (0.3, 0.5), baselines={"random": 0.1},
                    about={"task": "scene"})
    keep("maps", Figures((figure,), 7, "a machine"), "FineView 0.1.0", ours(), "twelve phantoms", made=FUTURE)
    found = speak("models", "advise", "--task", "scene", "--json").json
    row, = (one for one in found["figures"] if one["source"] == "own")
    assert row["encoder"] == {"name": "retina-s", "sha256": ours().sha256, "at_hand": True}
    assert (row["name"], row["value"], row["interval"], row["n"]) == ("f1_haemorrhage", 0.4, [0.3, 0.5], 50)
    assert row["baseline"] == {"name": "random", "value": 0.1} and row["better_than_baseline"] is True
    assert (row["made"], row["machine"], row["seed"]) == ("2126-01-01T00:00:00Z", "a machine", 7)
    words = speak("models", "advise", "--task", "scene").out
    assert "2126-01-01" in words and "a machine" in words and "n 50" in words


def test_a_broken_result_is_a_problem_beside_the_advice() -> None:
    folder = paths.data_dir() / "results"
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    spoken = speak("models", "advise", "--task", "scene", "--json")
    assert spoken.code == 0
    problem, = spoken.json["problems"]
    assert set(problem) == {"path", "code", "what", "remedy"} and problem["path"].endswith("broken.json")


def test_the_gap_object_is_the_documented_arithmetic() -> None:
    found = speak("models", "explain-gap", "image", "text", "--json").json
    assert [one["name"] for one in found["modalities"]] == ["image", "text"]
    assert found["differences"] == {"continuity": 1.0, "dimensions": 0.5, "structure": 1.0, "density": 1.0,
                                    "redundancy": 1.0, "level": 1.0}
    assert found["gap"] == round(5.5 / 6, 6) and found["alignment_difficulty"] == round(5.5 / 6, 6)
    assert found["meaning"].endswith(".") and found["meaning"] in speak("models", "explain-gap", "text", "image").out
    assert "gap 0.250" in speak("models", "explain-gap", "image", "OCT volume").out


@pytest.mark.parametrize("words", [
    ("advise",), ("advise", "--json"), ("advise", "--task", "everything"), ("advise", "retina-s", "--task", "scene"),
    ("explain-gap",), ("explain-gap", "image"), ("explain-gap", "image", "smell", "--json")])
def test_wrong_words(words: tuple[str, ...]) -> None:
    spoken = speak("models", *words)
    assert spoken.code == 2 and spoken.out == "" and "Traceback" not in spoken.err and spoken.err.strip()


def test_evaluate_keeps_a_result_that_names_its_weights(tmp_path: Path) -> None:
    """One small photograph with boxes: the stored file is what was printed, with the weights that were scored."""
    from PIL import Image

    from fineview.lab.phantom_fundus import fundus

    Image.fromarray(fundus(5, (256, 256)).rgb).save(tmp_path / "eye.png")
    (tmp_path / "eye.txt").write_text("2 0.5 0.5 0.1 0.1\n")
    spoken = speak("evaluate", "lesions", "--images", tmp_path, "--labels", tmp_path, "--keep", tmp_path / "kept",
                   "--json")
    assert spoken.code == 0, spoken
    path, = (tmp_path / "kept").glob("*.json")
    held = json.loads(path.read_text("utf-8"))
    assert held["encoder"]["sha256"] == ours().sha256 and held["data"] == "the person's own photographs"
    assert held["figures"] == spoken.json["figures"] and held["what"] == "lesions"
    assert held["machine"].startswith(spoken.json["machine"]) and held["machine"].split("; ")[-1].startswith("cpu ")


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for words in (("evaluate", "lesions", "--images", tmp_path, "--labels", tmp_path), ("bench", "view")):
        spoken = speak(*words, "--keep", tmp_path / "file", "--json")
        assert spoken.error["code"] == "read-only" and "--keep" in spoken.error["remedy"]


@pytest.mark.parametrize("extra", [("--only", "fluid"), ("--steps", "3")])
def test_words_that_an_evaluation_does_not_take_are_wrong(tmp_path: Path, extra: tuple[str, ...]) -> None:
    spoken = speak("evaluate", "lesions", "--images", tmp_path, "--labels", tmp_path, *extra)
    assert spoken.code == 2 and extra[0] in spoken.err and spoken.out == ""
