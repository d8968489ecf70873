"""A plugin that breaks harms nothing: it is taken out, named, and stays out; everything else is read as before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import FineViewError
from fineview.core.study import Catalogue
from fineview.formats import limits
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from tests.cli.spoken import Spoken, speak
from tests.extend.conftest import Write

CODE = Path(__file__).with_name("acme.py").read_text("utf-8")
Put = Callable[[str, str], Path]


@pytest.fixture
def study(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a photograph; the plugin lies in the person's folder and is enabled."""
    monkeypatch.setenv("FINEVIEW_DATA", str(tmp_path / "data"))
    write("data/plugins", code=CODE)
    assert speak("plugins", "enable", "acme_reader").code == 0
    (tmp_path / "study").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "study" / "z.png")
    return tmp_path / "study"


def put(folder: Path, name: str, letter: str) -> Path:
    (folder / name).write_bytes(b"..ACM\0" + letter.encode() + bytes(range(6)))
    return folder / name


def told(spoken: Spoken) -> dict[str, tuple[str, str]]:
    assert spoken.code == 0, spoken
    return {Path(one["path"]).name: (one["code"], one["what"]) for one in spoken.json["problems"]}


def state() -> str:
    rows = {row["name"]: row["state"] for row in speak("plugins", "list", "--json").json["plugins"]}
    return str(rows["acme_reader"])


def test_it_reads_while_it_behaves(study: Path) -> None:
    put(study, "a.acme", "G")
    found = speak("info", study, "--json").json
    assert {series["modality"] for one in found["studies"] for series in one["series"]} >= {"OP"}
    (eye,) = [series for one in found["studies"] for series in one["series"] if series["modality"] == "OP"]
    assert eye["laterality"] == {"value": "L", "source": "header"} and eye["spacing_mm"]["source"] == "assumed"
    assert found["problems"] == []
    assert "acme" not in sys.modules  # nothing of it ever runs here


@pytest.mark.parametrize(("letter", "code", "why"), [
    ("C", "reader-died", "crashed"), ("M", "guest-memory", "needed too much memory"),
    ("N", "guest-fault", "failed on a file")])
def test_one_that_breaks_is_out_and_named(study: Path, letter: str, code: str, why: str) -> None:
    put(study, "a.acme", letter)
    put(study, "b.acme", "G")
    first = speak("info", study, "--json")
    problems = told(first)
    assert problems["a.acme"][0] == code and "acme_reader" in problems["a.acme"][1]
    assert problems["b.acme"][0] == "no-reader" and f"it {why}" in problems["b.acme"][1]
    assert first.err.count("\n") == 1 and f"The plugin acme_reader was taken out: it {why}." in first.err
    assert "fineview plugins enable acme_reader" in first.err
    assert [one["path"] for one in first.json["files"] if one["verdict"] == "image"] == [str(study / "z.png")]
    again = speak("info", study, "--json")  # another start: out, and not told once more
    assert told(again)["b.acme"][0] == "no-reader" and again.err == "" and state() == "failed"
    (study / "a.acme").unlink()
    speak("plugins", "enable", "acme_reader")
    assert told(speak("info", study, "--json")) == {}


def test_one_that_hangs_is_out_too(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fineview.app import App

    def scanned(path: Path) -> Catalogue:
        return scan_all(app.archive, [path], Token())

    app = App()
    try:
        scanned(put(study, "a.acme", "G"))  # the child is there: its start has time of its own
        monkeypatch.setattr(limits, "CALL_SECONDS", 0.5)
        with pytest.raises(FineViewError) as caught:
            scanned(put(study, "b.acme", "H"))
        assert caught.value.code == "time"
        assert {one.name: one.reason for one in app.plugins.entries()}["acme_reader"].endswith("it took too long.")
    finally:
        app.close()
    assert state() == "failed"


def test_a_damaged_file_is_the_files_fault(study: Path) -> None:
    put(study, "a.acme", "D")
    spoken = speak("info", study, "--json")
    assert told(spoken) == {"a.acme": ("damaged", "The Acme file is damaged.")}
    assert spoken.err == "" and state() == "on"


def test_safe_mode_runs_no_plugin(study: Path) -> None:
    put(study, "a.acme", "C")
    for words in (("--safe-mode", "info", study), ("info", study, "--safe-mode")):
        spoken = speak(*words, "--json")
        assert told(spoken)["a.acme"][0] == "no-reader" and "safe mode" in told(spoken)["a.acme"][1]
        assert spoken.err == ""
    assert state() == "on"


def test_the_commands(study: Path) -> None:
    assert speak("plugins", "disable", "acme_reader", "--json").json["state"] == "off"
    assert state() == "off"
    listed = speak("plugins", "list").out
    assert "acme_reader 1.2.0  off  your own  Reads Acme files" in listed and "It was switched off." in listed
    assert speak("plugins", "enable", "nobody", "--json").error["code"] == "plugin-unknown"
    assert speak("plugins", "enable").code == speak("plugins", "list", "acme_reader").code == 2
    row = speak("plugins", "enable", "acme_reader", "--json").json
    assert set(row) == {"name", "state", "bundled", "path", "chosen", "version", "licence", "summary", "hooks",
                        "reads", "reason", "remedy"}
