"""The command line's contract, to the letter: keys, types, units, exit codes."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from fineview import paths
from fineview.core.labels import LABELS
from tests.cli.conftest import QUESTIONS
from tests.cli.spoken import ROOT, child, speak
from tests.formats.made import as_bytes, image

OCT_WORDS = {"drusen", "fluid", "hyperreflective_focus"}
FUNDUS_WORDS = {"microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate", "optic_disc"}


# -- info ------------------------------------------------------------------------------------------------------
def test_info_object() -> None:
    spoken = speak("info", paths.sample_dir(), "--json")
    assert spoken.code == 0 and spoken.err == ""
    found = spoken.json
    assert {"studies", "files", "problems"} <= set(found)
    (study,) = found["studies"]
    assert {"uid", "date", "series"} <= set(study)
    volume = study["series"][0]
    assert {"uid", "modality", "sop_class", "description", "frames", "rows", "cols", "bits", "photometric",
            "transfer_syntax", "laterality", "spacing_mm"} <= set(volume)
    assert (volume["modality"], volume["frames"], volume["rows"], volume["cols"], volume["bits"]) == (
        "OPT", 25, 496, 512, 8)
    assert volume["laterality"] == {"value": "R", "source": "header"}
    assert volume["spacing_mm"] == {"row": 0.00387, "col": 0.0117, "slice": 0.24, "source": "calibrated"}
    assert all({"path", "sop_uid", "rows", "cols", "frames", "verdict", "same_as"} <= set(one)
               for one in found["files"])


def test_info_gives_a_verdict_on_every_file(tmp_path: Path) -> None:
    (tmp_path / "good.dcm").write_bytes(as_bytes(image()))
    (tmp_path / "copy.dcm").write_bytes(as_bytes(image()))
    (tmp_path / "note.txt").write_text("no picture")
    found = speak("info", tmp_path, "--json").json
    verdicts = {Path(one["path"]).name: one["verdict"] for one in found["files"]}
    assert sorted(verdicts.values()) == ["duplicate", "image", "problem"] and verdicts["note.txt"] == "problem"
    copy = next(one for one in found["files"] if one["verdict"] == "duplicate")
    assert Path(copy["same_as"]).parent == tmp_path
    (problem,) = found["problems"]
    assert set(problem) == {"path", "code", "what", "remedy"} and problem["path"].endswith("note.txt")


def test_info_lists_verdicts_also_where_no_file_is_an_image(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("no picture")
    spoken = speak("info", tmp_path, "--json")
    assert spoken.code == 0 and spoken.json["studies"] == [] and len(spoken.json["problems"]) == 2


def test_info_gives_no_millimetres_without_a_source(tmp_path: Path) -> None:
    """Pixel Aspect Ratio says how a pixel is shaped, not how large it is."""
    (tmp_path / "shape.dcm").write_bytes(as_bytes(image(PixelAspectRatio=[2, 1])))
    spacing = speak("info", tmp_path, "--json").json["studies"][0]["series"][0]["spacing_mm"]
    assert spacing == {"row": None, "col": None, "slice": None, "source": "none"}


# -- analyze ---------------------------------------------------------------------------------------------------
def test_analyze_object(analysed: tuple[dict[str, Any], Path], volume: Path) -> None:
    made, _ = analysed
    assert {"frame", "encoder", "device", "dtype", "seconds", "maps", "strides_px", "layers", "normalisation",
            "proposals", "overlay"} <= set(made)
    assert made["map_notes"] == {"dar": "gain 2, percentile 95, denoised Laplacian"}
    series = speak("info", volume, "--json").json["studies"][0]["series"][0]
    assert made["frame"] == {"path": str(volume), "series_uid": series["uid"], "index": 12, "rows": 496, "cols": 512}
    assert set(made["encoder"]) == {"name", "sha256", "fusion_trained", "fusion", "domain"}
    assert made["encoder"]["domain"] in ("in", "out", "unknown")
    assert len(made["encoder"]["sha256"]) == 64 and isinstance(made["encoder"]["fusion_trained"], bool)
    assert set(made["seconds"]) == {"decode", "encode", "attention", "dar", "pyramid", "total"}
    assert made["seconds"]["total"] >= made["seconds"]["encode"] > 0
    for one in made["proposals"]:
        assert set(one) == {"label", "score", "box", "area_px", "area_mm2"}
        assert one["label"] in OCT_WORDS and 0 <= one["score"] <= 1 and len(one["box"]) == 4
        assert one["area_mm2"] == pytest.approx(one["area_px"] * 0.00387 * 0.0117)


def test_gain_chosen_by_entropy_is_told_and_is_what_was_done(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(60, 200, (80, 120, 3)).astype(np.uint8)).save(tmp_path / "noise.png")
    made = speak("analyze", tmp_path / "noise.png", "--out", tmp_path / "out", "--edges", "laplacian", "--adaptive",
                 "--json").json
    told = re.fullmatch(r"gain ([\d.]+), percentile ([\d.]+), chosen by entropy, Laplacian", made["map_notes"]["dar"])
    assert told is not None
    raw, dar = (np.load(tmp_path / "out" / made["maps"][name]) for name in ("raw", "dar"))
    raised = (dar > raw * 1.0001) & (raw < 0.05)
    assert raised.any() and np.allclose(dar[raised], raw[raised] * float(told[1]), rtol=1e-4)
    assert abs((dar > raw * 1.0001).mean() - (100 - float(told[2])) / 100) < 0.01


def test_maps_lie_on_the_source_grid(analysed: tuple[dict[str, Any], Path]) -> None:
    made, folder = analysed
    assert made["maps"] | {"lesion": None} == {
        "raw": "raw.npy", "dar": "dar.npy", "mfp_4": "mfp_4.npy", "mfp_8": "mfp_8.npy", "mfp_16": "mfp_16.npy",
        "lesion": None}
    for name in ("raw", "dar"):
        values = np.load(folder / made["maps"][name])
        assert values.shape == (496, 512) and values.dtype == np.float32
        assert values.min() >= 0 and values.max() <= 1
    assert made["maps"]["lesion"] == {word: f"lesion_{word}.npy" for word in OCT_WORDS}
    for name in made["maps"]["lesion"].values():
        values = np.load(folder / name)
        assert values.shape == (496, 512) and values.dtype == np.float16
        assert values.min() >= 0 and values.max() <= 1
    with Image.open(folder / made["overlay"]) as picture:
        assert picture.size == (512, 496)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_strides_say_what_one_cell_covers(analysed: tuple[dict[str, Any], Path]) -> None:
    made, folder = analysed
    assert set(made["strides_px"]) == {"raw", "dar", "mfp_4", "mfp_8", "mfp_16"}
    for scale in (4, 8, 16):
        levels = np.load(folder / made["maps"][f"mfp_{scale}"])
        assert levels.dtype == np.float16 and levels.ndim == 3 and levels.shape[0] <= 16
        stride_y, stride_x = made["strides_px"][f"mfp_{scale}"]
        assert levels.shape[1] == math.ceil(496 / stride_y - 0.01)
        assert levels.shape[2] == math.ceil(512 / stride_x - 0.01)
        assert stride_y * 32 / scale == pytest.approx(made["strides_px"]["raw"][0], rel=1e-3)


def test_layers_are_rows_per_column_or_null(analysed: tuple[dict[str, Any], Path]) -> None:
    made, _ = analysed
    assert [layer["name"] for layer in made["layers"]] == ["ILM", "RPE", "BM"]
    for layer in made["layers"]:
        assert len(layer["row_px"]) == 512
        assert all(row is None or 0 <= row <= 496 for row in layer["row_px"])


def test_a_question_has_its_own_row(analysed: tuple[dict[str, Any], Path],
                                    questioned: tuple[dict[str, Any], Path]) -> None:
    plain, asked = (np.load(folder / "raw.npy") for _, folder in (analysed, questioned))
    assert not np.allclose(plain, asked, atol=1e-3)
    assert questioned[0]["question"] == "Is there fluid?"


def test_proposals_do_not_depend_on_the_method(analysed: tuple[dict[str, Any], Path],
                                               questioned: tuple[dict[str, Any], Path]) -> None:
    assert (analysed[0]["method"], questioned[0]["method"]) == ("dar", "raw")
    assert analysed[0]["proposals"] == questioned[0]["proposals"]


def test_all_frames_of_a_blank_and_their_files(tmp_path: Path) -> None:
    """A blank frame gives a flat map, whatever its grey."""
    black, grey = (Image.fromarray(np.full((48, 64), value, np.uint8)) for value in (0, 128))
    black.save(tmp_path / "two.tif", save_all=True, append_images=[grey])
    spoken = speak("analyze", tmp_path / "two.tif", "--all-frames", "--out", tmp_path / "out", "--json")
    assert spoken.code == 0, spoken
    assert set(spoken.json) == {"frames"}
    assert [one["frame"]["index"] for one in spoken.json["frames"]] == [0, 1]
    for one in spoken.json["frames"]:
        raw = np.load(tmp_path / "out" / one["maps"]["raw"])
        assert raw.shape == (48, 64) and np.ptp(raw) < 0.1
        assert (tmp_path / "out" / one["overlay"]).is_file()
        assert set(one["maps"]["lesion"]) <= {label.word for label in LABELS}


# -- ask -------------------------------------------------------------------------------------------------------
def test_every_line_has_its_answer_in_order(answers: list[dict[str, Any]]) -> None:
    assert len(answers) == len(QUESTIONS) + 4
    for made in answers[:len(QUESTIONS)]:
        assert {"answer", "verdict", "label", "value", "unit", "abstained", "reason", "confidence", "citations",
                "answerer", "seconds"} <= set(made)
        assert made["verdict"] in ("yes", "no", "cannot tell", None)
        assert made["confidence"] is None or 0 <= made["confidence"] <= 1
        assert made["abstained"] == (made["verdict"] == "cannot tell") and bool(made["reason"]) >= made["abstained"]
        assert set(made["answerer"]) == {"name", "sha256"} and isinstance(made["seconds"], float)
        for cited in made["citations"]:
            assert {"kind", "box", "value", "unit"} <= set(cited)
            assert cited["kind"] in ("region", "proposal", "measurement", "map")
    codes = [made["error"]["code"] for made in answers[len(QUESTIONS):]]
    assert codes == ["words", "frame-range", "not-found", "words"]


def test_numbers_come_from_pixels_and_spacing(answers: list[dict[str, Any]]) -> None:
    size, length, bright, brighter = answers[2:6]
    assert size["unit"] == "mm2" and size["value"] == pytest.approx(50 * 0.0117 * 20 * 0.00387)
    assert length["unit"] == "mm" and length["value"] == pytest.approx(50 * 0.0117)
    assert bright["value"] is not None and bright["unit"]
    assert brighter["verdict"] in ("yes", "no", "cannot tell") and brighter["value"] is not None
    assert all(made["answerer"]["sha256"] is None for made in (size, length, bright))


def test_what_needs_the_encoder_names_it(answers: list[dict[str, Any]], analysed: tuple[dict[str, Any], Path]) -> None:
    for made in (answers[0], answers[1], answers[6]):
        assert made["answerer"] == {name: analysed[0]["encoder"][name] for name in ("name", "sha256")}
    presence, what = answers[:2]
    assert presence["verdict"] in ("yes", "no", "cannot tell")
    assert what["label"] in OCT_WORDS or what["abstained"]


def test_where_the_ground_is_thin_it_cannot_tell(answers: list[dict[str, Any]]) -> None:
    fovea, side, outside, song = answers[7:11]
    assert fovea["verdict"] == "cannot tell" and "mark the fovea" in fovea["answer"]
    assert side["label"] == "R"
    assert outside["verdict"] == "cannot tell" and "outside" in outside["reason"]
    assert song["verdict"] == "cannot tell"


def test_one_question_gives_the_same_object(volume: Path, answers: list[dict[str, Any]]) -> None:
    spoken = speak("ask", volume, QUESTIONS[2]["question"], "--frame", 12, "--region", "100,100,50,20", "--json")
    assert spoken.code == 0 and spoken.json | {"seconds": 0} == answers[2] | {"seconds": 0}
    plain = speak("ask", volume, QUESTIONS[2]["question"], "--frame", 12, "--region", "100,100,50,20")
    assert plain.out == answers[2]["answer"] + "\n" and plain.err == ""


def test_without_spacing_sizes_are_pixels_and_say_why(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "photo.png")
    made = speak("ask", tmp_path / "photo.png", "How large is it?", "--region", "1,2,10,5", "--json").json
    assert (made["value"], made["unit"]) == (50, "px2") and "spacing" in made["reason"]


def test_pixels_that_are_no_numbers_are_not_counted(tmp_path: Path) -> None:
    pixels = np.full((40, 50), 2.0, np.float32)
    pixels[0, 0], pixels[1, 1] = np.nan, np.inf
    tifffile.imwrite(tmp_path / "holes.tif", pixels)
    tifffile.imwrite(tmp_path / "none.tif", np.full((40, 50), np.nan, np.float32))
    made = speak("ask", tmp_path / "holes.tif", "How bright is it?", "--json").json
    assert made["value"] == 2 and "1998 pixels" in made["answer"]
    assert speak("ask", tmp_path / "none.tif", "How bright is it?", "--json").json["abstained"]


def test_in_a_blank_picture_nothing_is_seen_nor_ruled_out(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "black.png")
    lines = [json.dumps({"path": str(tmp_path / "black.png"), "question": text})
             for text in ("Is there a lesion?", "What is this?", "How many lesions are there?")]
    lines += [json.dumps({"path": "nul\0", "question": "What is this?"})]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines), "utf-8")
    told = [json.loads(line) for line in speak("ask", "--questions", tmp_path / "questions.jsonl").out.splitlines()]
    assert [one["verdict"] for one in told[:3]] == ["cannot tell"] * 3 and set(told[3]) == {"error"}


def test_a_file_name_that_is_no_text_is_no_hindrance(tmp_path: Path) -> None:
    name = os.fsdecode(bytes(tmp_path) + b"/\xff.png")
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(name)
    spoken = child("info", name, "--json", PYTHONIOENCODING="utf-8:strict")
    assert spoken.code == 0 and spoken.json["files"][0]["path"] == name
    assert child("info", name, PYTHONIOENCODING="ascii:strict").code == 0


# -- models, doctor, evaluate, bench ---------------------------------------------------------------------------
def test_models(analysed: tuple[dict[str, Any], Path]) -> None:
    (listed,) = speak("models", "list", "--json").json["models"]
    shown = speak("models", "show", "retina-s", "--json").json
    assert listed == shown and {"name", "version", "sha256", "licence"} <= set(shown)
    verified = speak("models", "verify", "--json")
    assert verified.code == 0 and verified.json["verdict"] == "ok"
    assert verified.json["sha256"] == shown["sha256"] == analysed[0]["encoder"]["sha256"]
    assert {"aupr_fundus", "f1_oct"} <= {row["name"] for row in verified.json["card"]} and verified.json["seconds"] > 0
    assert speak("models", "verify", "nothing", "--json").error["code"] == "weights-missing"


def test_doctor() -> None:
    spoken = speak("doctor", "--json")
    assert spoken.code == 0
    checks = {one["name"]: one for one in spoken.json["checks"]}
    assert {"screen", "device", "weights", "store", "plugin eyepy_reader"} <= set(checks)
    assert any(name.startswith("codec") for name in checks)
    assert all(set(one) == {"name", "verdict", "what", "remedy"} for one in checks.values())
    assert not [one for one in checks.values() if one["verdict"] == "problem" and not one["remedy"]]


def test_evaluate_prints_figures_beside_baselines(tmp_path: Path) -> None:
    pixels = np.full((96, 96, 3), (120, 60, 30), np.uint8)
    pixels[20:30, 20:30] = (230, 210, 120)
    for name in ("one", "two"):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text("1 0.26 0.26 0.1 0.1\n")
    spoken = speak("evaluate", "lesions", "--images", tmp_path, "--labels", tmp_path, "--json")
    assert spoken.code == 0, spoken
    _check_figures(spoken.json)
    assert any(one["baselines"] for one in spoken.json["figures"])


def test_bench_prints_figures(pages: Path) -> None:
    spoken = speak("bench", "open", pages, "--json")
    assert spoken.code == 0, spoken
    _check_figures(spoken.json)


def _check_figures(made: dict[str, Any]) -> None:
    assert set(made) == {"figures", "seed", "machine"} and made["figures"]
    for one in made["figures"]:
        assert set(one) - {"about"} == {"name", "value", "unit", "interval", "n", "goal", "met", "baselines"}
        assert one["interval"] is None or len(one["interval"]) == 2
        assert one["met"] in (True, False, None)


# -- words and exits -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", [
    ["bogus"], ["analyze", "."], ["analyze"], ["info"], ["ask", "."], ["ask"], ["evaluate", "lesions"],
    ["ask", ".", "what?", "--region", "1,2,3"], ["ask", ".", "what?", "--region", "1,2,0,4"],
    ["ask", ".", "what?", "--region", "1,2,nan,4"], ["ask", ".", "what?", "--frame", "-1"],
    ["ask", ".", "what?", "--frame", "\u00b2"], ["analyze", ".", "--out", "o", "--method", "magic"],
    ["analyze", ".", "--out", "o", "--task", "magic"], ["models", "dance"], ["--bogus"], ["info", ".", "--bogus"],
], ids=" ".join)
def test_wrong_words_are_exit_2(words: list[str]) -> None:
    for more in ([], ["--json"]):
        spoken = speak(*words, *more)
        assert spoken.code == 2 and spoken.out == "" and spoken.err and "Traceback" not in spoken.err


def test_options_may_stand_before_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert speak("--device", "cpu", str(paths.sample_dir()), "--json").error["code"] == "no-screen"
    assert speak("--device", "cpu", "no-such-file").code == 2


@pytest.mark.parametrize(("words", "code"), [
    (["info", "SAMPLE/gone"], "not-found"), (["analyze", "SAMPLE", "--out", "OUT", "--frame", "25"], "frame-range"),
    (["analyze", "SAMPLE", "--out", "OUT", "--series", "1.2"], "no-series"),
    (["analyze", "SAMPLE", "--out", "OUT", "--region", "900,900,5,5"], "region-outside"),
    (["ask", "SAMPLE", "what is this?", "--frame", "25"], "frame-range"),
    (["ask", "SAMPLE", "what is this?", "--answerer", "oracle"], "no-answerer"),
    (["ask", "--questions", "SAMPLE/gone"], "not-found"), (["batch", "SAMPLE", "--out", "OUT"], "not-in-this-version"),
    (["analyze", "SAMPLE", "--out", "OUT", "--encoder", "nobody"], "weights-missing"),
    (["report", "SAMPLE", "--out", "OUT", "--format", "docx"], "unknown-format"),
])
def test_what_cannot_be_done_is_exit_1_with_a_sentence(words: list[str], code: str, tmp_path: Path) -> None:
    named = {"SAMPLE": str(paths.sample_dir()), "OUT": str(tmp_path / "out")}
    filled = [named.get(word, word.replace("SAMPLE", named["SAMPLE"])) for word in words]
    error = speak(*filled, "--json").error
    assert error["code"] == code
    assert speak("--json", *filled).error == error
    said = speak(*filled)
    assert (said.code, said.out) == (1, "") and said.err == f"{error['what']} {error['remedy']}\n"
    assert not (tmp_path / "out").exists()


def test_version_imports_nothing_heavy() -> None:
    code = ("import sys; sys.argv = ['fineview', '--version']\nfrom fineview.__main__ import main\n"
            "assert main() == 0\nprint(sorted({'torch', 'PySide6', 'numpy', 'pydicom', 'cv2'} & set(sys.modules)))")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    version, heavy = ran.stdout.splitlines()
    assert version.startswith("fineview ") and heavy == "[]"


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    ran = subprocess.run(["sh", "-c", f"{sys.executable} -m fineview info {paths.sample_dir()} --json | head -c 1"],
                         capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout == "{" and ran.stderr == ""


def test_json_of_a_child_is_alone_on_standard_output() -> None:
    spoken = child("models", "verify", "--files", "--json")
    assert spoken.code == 0 and spoken.err == "" and json.loads(spoken.out)["verdict"] == "ok"
