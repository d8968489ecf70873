"""Bad input: one sentence with a remedy and a stable code, exit 1, nothing half-written, never a traceback."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview import paths
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey
from fineview.models.weights import MANIFEST, TENSORS
from fineview.store.cellar import Cellar
from tests.cli.spoken import child, may_mount, speak
from tests.formats.made import as_bytes, image

mounts = pytest.mark.skipif(not may_mount(), reason="no mounts of one's own on this machine (unshare -rm)")
WEIGHTS = paths.weights_dir() / "retina-s"


# -- what is to be opened --------------------------------------------------------------------------------------
def _empty(folder: Path) -> Path:
    return folder


def _text(folder: Path) -> Path:
    (folder / "note.dcm").write_text("This is not a picture.\n" * 20)
    return folder / "note.dcm"


def _nothing(folder: Path) -> Path:
    (folder / "zero.dcm").write_bytes(b"")
    return folder / "zero.dcm"


def _truncated(folder: Path) -> Path:
    whole = (paths.sample_dir() / "photograph.dcm").read_bytes()
    (folder / "half.dcm").write_bytes(whole[:len(whole) // 2])
    return folder / "half.dcm"


def _truncated_picture(folder: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "half.jpg").write_bytes(whole[:len(whole) // 2])
    return folder / "half.jpg"


def _missing(folder: Path) -> Path:
    return folder / "gone.dcm"


OPENED = {"empty": (_empty, {"empty"}), "text": (_text, {"not-an-image"}), "nothing": (_nothing, {"empty"}),
          "truncated": (_truncated, {"truncated"}), "picture": (_truncated_picture, {"truncated", "damaged"}),
          "missing": (_missing, {"not-found"})}


@pytest.mark.parametrize("kind", OPENED)
@pytest.mark.parametrize("command", ["info", "analyze", "ask", "report"])
def test_what_cannot_be_opened(kind: str, command: str, tmp_path: Path) -> None:
    make, codes = OPENED[kind]
    (tmp_path / "in").mkdir()
    path, out = make(tmp_path / "in"), tmp_path / "out"
    rest = {"info": [], "ask": ["What is this?"]}.get(command, ["--out", out])
    spoken = speak(command, path, *rest, "--json")
    assert spoken.error["code"] in codes and spoken.err == ""
    assert not out.exists()


def test_a_file_that_is_gone_between_looking_and_analysing(tmp_path: Path) -> None:
    shutil.copy(paths.sample_dir() / "photograph.dcm", tmp_path / "eye.dcm")
    assert speak("info", tmp_path / "eye.dcm", "--json").code == 0
    (tmp_path / "eye.dcm").unlink()
    assert speak("analyze", tmp_path / "eye.dcm", "--out", tmp_path / "out", "--json").error["code"] == "not-found"
    assert speak("ask", tmp_path / "eye.dcm", "What is this?", "--json").error["code"] == "not-found"


# -- weights and device ----------------------------------------------------------------------------------------
def _no_tensors(folder: Path) -> None:
    (folder / TENSORS).unlink()


def _another_hash(folder: Path) -> None:
    data = bytearray((folder / TENSORS).read_bytes())
    data[-1] ^= 1
    (folder / TENSORS).write_bytes(data)


def _pickle(folder: Path) -> None:
    (folder / TENSORS).write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def _half(folder: Path) -> None:
    data = (folder / TENSORS).read_bytes()
    (folder / TENSORS).write_bytes(data[:len(data) // 2])


def _no_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{}")


BROKEN = {"weights-missing": _no_tensors, "weights-hash": _another_hash, "weights-pickle": _pickle,
          "weights-format": _half}


@pytest.mark.parametrize(("code", "break_it"), [*BROKEN.items(), ("weights-format", _no_manifest)])
def test_weights_that_must_not_be_used(code: str, break_it, tmp_path: Path, pages: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(WEIGHTS, tmp_path / "weights" / "retina-s")
    break_it(tmp_path / "weights" / "retina-s")
    monkeypatch.setenv("FINEVIEW_WEIGHTS", str(tmp_path / "weights"))
    for words in (["analyze", pages, "--out", tmp_path / "out"], ["ask", pages, "What is this?"],
                  ["models", "verify"]):
        assert speak(*words, "--json").error["code"] == code
    assert not (tmp_path / "out").exists()
    listed, checks = speak("models", "list", "--json"), speak("doctor", "--json").json["checks"]
    assert listed.code == 0 and len(listed.json["models"]) + len(listed.json["problems"]) == 1
    (weights,) = [one for one in checks if one["name"] == "weights"]
    assert weights["verdict"] == "problem" and weights["remedy"]


def test_no_weights_at_all(tmp_path: Path, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINEVIEW_WEIGHTS", str(tmp_path / "nowhere"))
    assert speak("ask", pages, "What is this?", "--json").error["code"] == "weights-missing"
    assert speak("models", "list", "--json").json == {"models": [], "problems": []}


def test_no_gpu(pages: Path, tmp_path: Path) -> None:
    """In a child without any GPU: asked for, it is a sentence; "auto" takes the CPU and says so."""
    none = {"CUDA_VISIBLE_DEVICES": ""}
    spoken = child("analyze", pages, "--out", tmp_path / "out", "--device", "cuda", "--json", **none)
    assert spoken.error["code"] == "device-missing" and "--device cpu" in spoken.error["remedy"]
    assert not (tmp_path / "out").exists()
    auto = child("analyze", pages, "--out", tmp_path / "out", "--device", "auto", "--json", **none)
    assert auto.code == 0 and auto.json["device"] == "cpu"


# -- disk ------------------------------------------------------------------------------------------------------
@mounts
def test_a_full_disk_keeps_the_files_that_were_there(tmp_path: Path) -> None:
    """512 x 512 float32 is a megabyte: the first maps fit on a disk of two, the rest does not."""
    Image.fromarray(np.zeros((512, 512), np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "small").mkdir()
    out = tmp_path / "small"
    before = f"mount -t tmpfs -o size=2500k tmpfs {out}\necho old > {out}/raw.npy\n" \
             f"trap 'ls -A {out} > {tmp_path}/left; cat {out}/raw.npy >> {tmp_path}/left' EXIT"
    spoken = child("analyze", tmp_path / "blank.png", "--out", out, "--json", before=_kept(before))
    assert spoken.error["code"] == "disk-full" and str(out) in spoken.error["remedy"]
    assert (tmp_path / "left").read_text().split() == ["raw.npy", "old"]


def _kept(before: str) -> str:
    """``before``, and a shell that stays to look at the mount once the command has ended."""
    return before + '\n"$@"\nexit $?\n'


@mounts
@pytest.mark.parametrize("command", ["analyze", "report"])
def test_a_folder_that_is_read_only(command: str, tmp_path: Path, pages: Path) -> None:
    path, out = (pages, tmp_path / "out") if command == "analyze" else (paths.sample_dir(), tmp_path / "out")
    out.mkdir()
    _mark_sample(Path(os.environ["FINEVIEW_DATA"]))
    before = f"mount --bind {out} {out}\nmount -o remount,ro,bind {out}"
    spoken = child(command, path, "--out", out, "--json", before=before)
    assert spoken.error["code"] == "read-only" and list(out.iterdir()) == []


@mounts
def test_a_full_disk_while_a_report_is_written(tmp_path: Path) -> None:
    _mark_sample(Path(os.environ["FINEVIEW_DATA"]))
    out = tmp_path / "small"
    out.mkdir()
    before = f"mount -t tmpfs -o size=60k tmpfs {out}\necho old > {out}/report.html\n" \
             f"trap 'ls -A {out} > {tmp_path}/left; cat {out}/report.html >> {tmp_path}/left' EXIT"
    spoken = child("report", paths.sample_dir(), "--out", out, "--format", "json,html,pdf", "--json",
                   before=_kept(before))
    assert spoken.error["code"] == "disk-full"
    assert (tmp_path / "left").read_text().split() == ["report.html", "old"]


def test_a_file_where_the_folder_should_be(pages: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    error = speak("analyze", pages, "--out", tmp_path / "out", "--json").error
    assert error["code"] == "not-a-folder" and (tmp_path / "out").read_text() == "mine"


# -- store -----------------------------------------------------------------------------------------------------
def _mark_sample(store: Path) -> None:
    """Three marks in the store: accepted and labelled, accepted without a label, rejected."""
    found = speak("info", paths.sample_dir() / "volume.dcm", "--json").json
    study, series = found["studies"][0]["uid"], found["studies"][0]["series"][0]["uid"]
    journal = Cellar(store)
    for number, (state, label) in enumerate([(State.ACCEPTED, "drusen"), (State.ACCEPTED, ""),
                                             (State.REJECTED, "fluid")]):
        finding = Finding(f"p-{number}", study, FrameKey(series, 3), Region.from_box(Box(10, 10, 30, 20)), label,
                          Origin.PERSON, state, "Dr Reader", created="2026-01-02T03:04:05+00:00",
                          sop_uid=found["files"][0]["sop_uid"], frame_in_file=3)
        journal.record("add", None, finding, "2026-01-02T03:04:05+00:00")
    journal.close()


def test_a_report_from_the_store_holds_what_was_accepted_and_labelled(tmp_path: Path) -> None:
    _mark_sample(Path(os.environ["FINEVIEW_DATA"]))
    spoken = speak("report", paths.sample_dir(), "--out", tmp_path / "out", "--json")
    assert spoken.code == 0, spoken
    names = {Path(path).name for path in spoken.json["files"]}
    assert names == {"report.pdf", "report.html", "report.json", "report.dcm"} and spoken.json["findings"] == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    text = (tmp_path / "out" / "report.json").read_text("utf-8")
    assert "p-0" in text and "p-1" not in text and "p-2" not in text and "Dr Reader" in text


def test_a_report_of_part_of_a_study_is_refused_where_marked_images_are_not_open(tmp_path: Path) -> None:
    _mark_sample(Path(os.environ["FINEVIEW_DATA"]))
    spoken = speak("report", paths.sample_dir() / "photograph.dcm", "--out", tmp_path / "out", "--json")
    assert spoken.error["code"] == "image-not-open" and not (tmp_path / "out").exists()


def test_nothing_accepted_is_no_structured_report(tmp_path: Path) -> None:
    spoken = speak("report", paths.sample_dir(), "--out", tmp_path / "out", "--json")
    assert spoken.error["code"] == "no-findings" and not (tmp_path / "out").exists()


def test_a_damaged_store_is_told_and_hinders_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    _mark_sample(store)
    (store / "cellar.sqlite").write_bytes(b"this is no database " * 500)
    monkeypatch.setenv("FINEVIEW_DATA", str(store))
    spoken = speak("report", paths.sample_dir(), "--out", tmp_path / "out", "--json")
    assert spoken.error["code"] == "store-damaged" and not (tmp_path / "out").exists()
    assert speak("info", paths.sample_dir(), "--json").code == 0
    (check,) = [one for one in speak("doctor", "--json").json["checks"] if one["name"] == "store"]
    assert check["verdict"] == "problem" and check["remedy"]


def test_names_of_files_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    """An archive chooses its members' names."""
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.writestr("a.dcm", as_bytes(image()))
        # The same identification and plainly another image: named in a warning.
        archive.writestr("b\x1b[31m.dcm", as_bytes(image(PatientID="2")))
        archive.writestr("\x1b[2Jcut\nproblem all.dcm", as_bytes(image(sop="1.2.3.5"))[:-9])
    told = speak("info", tmp_path / "study.zip")
    assert told.code == 0 and "b [31m.dcm has the identification" in told.out
    assert " [2Jcut problem all.dcm: The file is incomplete" in told.out and "\x1b" not in told.out
