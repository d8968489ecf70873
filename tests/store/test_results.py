"""Files of results are untrusted: what fits is read back exactly, anything else is one problem and costs no other."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fineview.core.errors import InputProblem, StorageProblem
from fineview.core.evidence import ModelIdentity
from fineview.core.measured import Figure
from fineview.lab.figures import Figures
from fineview.lab.stored import data_words, keep
from fineview.store.results import FILE_BYTES, read_result, read_results

RETINA = ModelIdentity("retina-s", "0.1.0", "c" * 64)
MOMENT = datetime(2026, 11, 21, 13, 30, 5, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "format": "fineview-result/1", "what": "lesions", "made": "2026-11-21T13:30:05Z", "software": "FineView 0.1.0",
    "encoder": {"name": "retina-s", "version": "0.1.0", "sha256": "c" * 64}, "seed": 3, "machine": "a machine",
    "data": "phantoms", "figures": [
        {"name": "f1_drusen", "value": 0.5, "unit": "fraction", "interval": [0.4, 0.6], "n": 12, "goal": None,
         "met": None, "baselines": {"random": 0.1, "classical": None}, "about": {"task": "lesion"}}]}
FIGURE = Figure("f1_drusen", 0.5, "fraction", 12, (0.4, 0.6), baselines={"random": 0.1, "classical": None},
                about={"task": "lesion"})


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "one.json"
    path.write_text(json.dumps({**GOOD, **changes}), "utf-8")
    return path


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    path = keep("lesions", Figures((FIGURE,), 3, "a machine"), "FineView 0.1.0", RETINA, "phantoms", tmp_path, MOMENT)
    assert path.name == "lesions-20261121-133005.json" and json.loads(path.read_text("utf-8")) == GOOD
    found = read_result(path, own=True)
    assert found.encoder == RETINA and found.figures == (FIGURE,) and found.own
    assert (found.what, found.made, found.seed, found.machine, found.data, found.software) == (
        "lesions", "2026-11-21T13:30:05Z", 3, "a machine", "phantoms", "FineView 0.1.0")


def test_the_calibration_is_kept_with_the_weights(tmp_path: Path) -> None:
    path = keep("lesions", Figures((), 3, ""), "", replace(RETINA, calibration="0123456789abcdef"), "", tmp_path)
    assert json.loads(path.read_text("utf-8"))["encoder"] == {**GOOD["encoder"], "calibration": "0123456789abcdef"}
    found = read_result(path).encoder
    assert found is not None and found.calibration == "0123456789abcdef"
    older = read_result(written(tmp_path)).encoder
    assert older is not None and older.calibration == ""


def test_two_results_of_one_second_are_two_files(tmp_path: Path) -> None:
    kept = [keep("maps", Figures((), 0, ""), "", None, "", tmp_path, MOMENT) for _ in range(2)]
    assert kept[0] != kept[1] and sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageProblem, match="--keep"):
        keep("maps", Figures((), 0, ""), "", None, "", tmp_path / "file" / "results")


@pytest.mark.parametrize(("figures", "flags", "words"), [
    (Figures((), 0, "", "64 phantoms"), (True, True, "boxes"), "64 phantoms"),
    (Figures((), 0, ""), (False, True, "masks"), "photographs kept from training, pixel masks"),
    (Figures((), 0, ""), (False, True, "boxes"), "photographs kept from training, loose boxes"),
    (Figures((), 0, ""), (True, False, "boxes"), "the person's own photographs"),
    (Figures((), 0, ""), (False, False, "boxes"), "phantoms made by this program"),
])
def test_what_was_scored_in_words(figures: Figures, flags: tuple[bool, bool, str], words: str) -> None:
    assert data_words(figures, *flags) == words
    assert data_words(figures, *flags, ("concat", "unfused")) == f"{words}; only concat, unfused"


BAD: dict[str, dict[str, Any]] = {
    "another format": {"format": "fineview-result/9"}, "no date": {"made": "yesterday"}, "date is no text": {"made": 3},
    "two lines": {"machine": "a\nb"}, "escape": {"machine": "\x1b[2J"}, "long": {"machine": "m" * 401},
    "encoder is a list": {"encoder": []}, "figures is an object": {"figures": {}}, "seed is true": {"seed": True},
    "seed below 0": {"seed": -1}, "a figure is a number": {"figures": [1]}, "too many": {"figures": [{}] * 2001},
    "calibration is a number": {"encoder": {**GOOD["encoder"], "calibration": 7}},
    **{f"figure {name}": {"figures": [{**GOOD["figures"][0], name: value}]} for name, value in {
        "value": "0.5", "interval": [1], "n": 1.5, "met": "yes", "baselines": [["random", 1]], "goal": 10**400,
        "about": {"task": 7}, "name": None, "unit": ["ms"]}.items()}}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputProblem, match="no stored result") as caught:
        read_result(written(tmp_path, **changes))
    assert caught.value.code == "result-format" and caught.value.remedy


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 200_000, b"\xff\xfe", b'{"format": NaN}', b"1" * 5000])
def test_bytes_that_are_no_result_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "odd.json").write_bytes(data)
    with pytest.raises(InputProblem, match="no stored result"):
        read_result(tmp_path / "odd.json")


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    for name in GOOD:
        (tmp_path / "short.json").write_text(json.dumps({key: value for key, value in GOOD.items() if key != name}))
        with pytest.raises(InputProblem):
            read_result(tmp_path / "short.json")


def test_words_about_a_figure_that_nobody_knows_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, figures=[{**GOOD["figures"][0], "about": {"task": "lesion", "price": "free"}}])
    assert read_result(path).figures[0].about == {"task": "lesion"}


def test_one_bad_file_costs_no_other(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    written(shipped)
    own.mkdir()
    (own / "large.json").write_bytes(b" " * (FILE_BYTES + 1))
    (own / "folder.json").mkdir()
    os.mkfifo(own / "pipe.json")
    (own / "gone.json").symlink_to(own / "nowhere")
    (own / "note.txt").write_text("not looked at")
    found = read_results(shipped, own)
    assert [one.own for one in found.results] == [False]
    assert {Path(one.path).name: one.code for one in found.problems} == {
        "folder.json": "result-format", "gone.json": "not-found", "large.json": "result-size",
        "pipe.json": "result-format"}


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    found = read_results(tmp_path / "a", tmp_path / "b")
    assert not found.results and not found.problems
