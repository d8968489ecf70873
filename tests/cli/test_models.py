"""Encoders a person brings: imported, listed, verified, used by name and by folder; refused when they must be."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview import paths
from fineview.models.predictor import Predictor
from fineview.models.shelf import entry
from tests.cli.spoken import Spoken, child, speak
from tests.models import tiny_folders
from tests.shared_data import SHARED, needs_shared


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nets")
    for number, kind in enumerate(("clip-text", "fila", "resnet")):
        tiny_folders.save(kind, root / kind, seed=number)
    return root


def said(*words: object) -> Any:
    spoken = speak(*words, "--json")
    assert spoken.code == 0 and spoken.err == "", spoken
    return spoken.json


def named(objects: Any) -> dict[str, Any]:
    return {one["name"]: one for one in objects["models"]}


def imported(name: str) -> Path:
    return Path(os.environ["FINEVIEW_DATA"]) / "encoders" / name


def test_an_imported_encoder_is_listed_shown_verified_and_used(nets: Path, tmp_path: Path, pages: Path) -> None:
    (nets / "fila" / "vit" / "pytorch_model.bin").write_bytes(b"\x80\x04never read")
    made = said("models", "import", nets / "fila", "--as", "my-fila", "--licence", "CC-BY-4.0")
    assert made["name"] == "my-fila" and made["licence"] == "CC-BY-4.0" and len(made["sha256"]) == 64
    assert made["kind"] == "fila" and made["fusion_trained"] is False and "untrained fusion" in made["words"]
    found = sorted(path.relative_to(imported("my-fila")).as_posix() for path in imported("my-fila").rglob("*.*"))
    assert found == ["conv/config.json", "conv/model.safetensors", "encoder.json", "vit/config.json",
                     "vit/model.safetensors"]
    listed = said("models", "list")
    assert set(named(listed)) == {"my-fila", "retina-s"} and listed["problems"] == []
    assert said("models", "show", "my-fila") == named(listed)["my-fila"] == made
    assert said("models", "verify", "my-fila") == {"name": "my-fila", "sha256": made["sha256"], "verdict": "ok"}
    assert "untrained fusion" in speak("models", "list").out and "untrained fusion" in speak("models", "show",
                                                                                             "my-fila").out
    assert "my-fila, untrained fusion" in speak("analyze", pages, "--encoder", "my-fila", "--out", tmp_path).out
    seen = said("analyze", pages, "--encoder", "my-fila", "--out", tmp_path)
    assert seen["encoder"] == {"name": "my-fila", "sha256": made["sha256"], "fusion_trained": False,
                               "fusion": "untrained", "domain": "unknown"}
    assert seen["proposals"] == [] and seen["maps"]["lesion"] == {} and seen["layers"] == []
    for name in ("raw", "dar"):
        values = np.load(tmp_path / seen["maps"][name])
        assert values.shape == (48, 64) and values.dtype == np.float32 and 0 <= values.min() <= values.max() <= 1
    for scale in (4, 8, 16):
        level = np.load(tmp_path / seen["maps"][f"mfp_{scale}"])
        step = seen["strides_px"][f"mfp_{scale}"]
        assert level.dtype == np.float16 and level.shape[0] <= 16
        assert level.shape[1:] == (int(np.ceil(48 / step[0] - 1e-3)), int(np.ceil(64 / step[1] - 1e-3)))


def test_the_same_weights_again_change_nothing_and_others_are_refused(nets: Path) -> None:
    first = said("models", "import", nets / "resnet")
    before = imported("resnet").stat().st_mtime_ns
    assert said("models", "import", nets / "resnet") == first and imported("resnet").stat().st_mtime_ns == before
    assert speak("models", "import", nets / "fila", "--as", "resnet", "--json").error["code"] == "weights-taken"
    assert speak("models", "import", nets / "fila", "--as", "retina-s", "--json").error["code"] == "weights-taken"
    for name in ("../out", "a/b", ".hidden", "", "x" * 65):
        spoken = speak("models", "import", nets / "fila", "--as", name or "-", "--json")
        assert spoken.error["code"] == "weights-taken", name
    assert {path.name for path in imported("resnet").parent.iterdir()} == {"resnet"}
    assert speak("models", "import", "--json").code == 2


def test_nothing_is_left_of_an_import_that_fails(nets: Path, tmp_path: Path) -> None:
    bad = tiny_folders.save("clip", tmp_path / "bad")
    held = json.loads((bad / "config.json").read_text())
    (bad / "config.json").write_text(json.dumps({**held, "num_hidden_layers": 5}))
    error = speak("models", "import", bad, "--json").error
    assert error["code"] == "weights-format" and "missing" in error["what"]
    (bad / "config.json").write_text(json.dumps({**held, "auto_map": {"AutoModel": "m.N"}}))
    assert speak("models", "import", bad, "--json").error["code"] == "weights-code"
    assert speak("models", "import", tmp_path / "nowhere", "--json").error["code"] == "weights-missing"
    assert not imported("bad").parent.exists() or not list(imported("bad").parent.iterdir())


def test_a_changed_file_is_found_by_verify_and_by_opening(nets: Path, tmp_path: Path, pages: Path) -> None:
    said("models", "import", nets / "resnet", "--as", "net")
    path = imported("net") / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert speak("models", "verify", "net", "--json").error["code"] == "weights-hash"
    assert speak("analyze", pages, "--encoder", "net", "--out", tmp_path, "--json").error["code"] == "weights-hash"
    (imported("net") / "encoder.json").write_text("{}")
    assert [one["code"] for one in said("models", "list")["problems"]] == ["weights-format"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(nets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import shutil

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    assert speak("models", "import", nets / "resnet", "--json").error["code"] == "disk-full"
    assert not imported("resnet").exists() and not list(imported("resnet").parent.glob(".*"))


def test_a_folder_is_used_where_it_lies_and_a_question_has_its_own_map(nets: Path, tmp_path: Path, pages: Path) -> None:
    plain = said("analyze", pages, "--encoder", nets / "clip-text", "--out", tmp_path / "a", "--method", "raw")
    asked = [said("analyze", pages, "--encoder", nets / "clip-text", "--out", tmp_path / word, "--question", word,
                  "--method", method) for word, method in (("fluid?", "rel-att"), ("drusen?", "dar-inline"))]
    maps = [np.load(tmp_path / one / "raw.npy") for one in ("a", "fluid?", "drusen?")]
    who = plain["encoder"]
    assert (who["name"], who["fusion_trained"], who["fusion"]) == ("clip-text", False, "none")
    assert "untrained fusion" not in speak("analyze", pages, "--encoder", nets / "clip-text", "--out", tmp_path).out
    assert all(np.abs(maps[one] - maps[two]).max() > 1e-3 for one, two in ((0, 1), (0, 2), (1, 2)))
    assert {one["method"] for one in asked} == {"rel-att", "dar-inline"}
    error = speak("analyze", pages, "--encoder", nets / "resnet", "--out", tmp_path / "b", "--question", "fluid?",
                  "--json").error
    assert error["code"] == "no-text" and "retina-s" in error["remedy"]
    error = speak("analyze", pages, "--encoder", nets / "resnet", "--out", tmp_path / "b", "--method", "grad-att",
                  "--json").error
    assert error["code"] == "no-method"


def test_lesion_questions_are_answered_cannot_tell_and_measures_are_measured(nets: Path, pages: Path) -> None:
    for question in ("Is there a lesion?", "What is this?", "How many drusen are there?"):
        made = said("ask", pages, question, "--encoder", nets / "resnet")
        assert made["abstained"] and made["verdict"] == "cannot tell" and "maps only" in made["reason"]
        assert made["answerer"]["name"] == "resnet"
    assert said("ask", pages, "How bright is it?", "--region", "4,4,20,20", "--encoder", nets / "resnet")["value"] > 0


def test_listing_loads_no_engine(nets: Path) -> None:
    said("models", "import", nets / "resnet")
    code = ("import sys\nfrom fineview.cli.main import run\nassert run(['models', 'list']) == 0\n"
            "print('LOADED', *{'torch', 'transformers', 'PySide6'} & set(sys.modules))")
    import subprocess

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parents[2])
    assert ran.stdout.splitlines()[-1].strip() == "LOADED" and "resnet" in ran.stdout


def test_a_process_of_its_own_says_nothing_but_its_object(nets: Path, tmp_path: Path) -> None:
    spoken: Spoken = child("analyze", paths.sample_dir() / "photograph.dcm", "--encoder", nets / "fila", "--out",
                           tmp_path, "--json")
    assert spoken.code == 0 and spoken.err == "", spoken
    assert spoken.json["encoder"]["fusion_trained"] is False


def test_an_encoder_of_our_own_can_have_another_name(tmp_path: Path, pages: Path) -> None:
    made = said("models", "import", paths.weights_dir() / "retina-s", "--as", "second")
    assert made["name"] == "second" and made["kind"] == "retina" and made["licence"] == "CC-BY-SA-4.0"
    spoken = speak("analyze", pages, "--encoder", "second", "--out", tmp_path)
    assert spoken.code == 0 and "second" in spoken.out and "untrained" not in spoken.out
    shipped = named(said("models", "list"))["retina-s"]
    assert said("models", "verify", "second", "--files")["sha256"] == shipped["sha256"]


def test_the_same_weights_calibrated_otherwise_are_told_apart(tmp_path: Path) -> None:
    shipped, other = paths.weights_dir() / "retina-s", tmp_path / "other"
    shutil.copytree(shipped, other)
    facts = json.loads((shipped / "model.json").read_text("utf-8"))
    facts["thresholds"]["drusen"] /= 2
    (other / "model.json").write_text(json.dumps(facts), "utf-8")
    taken = Path(said("models", "import", other, "--as", "second")["path"])
    assert speak("models", "import", shipped, "--as", "second", "--json").error["code"] == "weights-taken"
    assert said("models", "import", other, "--as", "second")["path"] == str(taken)
    assert entry(taken).calibration == entry(other).calibration != entry(shipped).calibration
    assert Predictor.load(taken).identity.calibration == entry(taken).calibration


@needs_shared
def test_a_real_photograph_and_a_real_volume(nets: Path, tmp_path: Path) -> None:
    assert SHARED is not None
    files = [next(path for path in sorted((SHARED / "A_ophthalmic" / kind).rglob("*.dcm")))
             for kind in ("op_dicom", "opt_dicom_DERIVED")]
    for number, path in enumerate(files):
        made = said("analyze", path, "--encoder", nets / "fila", "--out", tmp_path / str(number))
        raw = np.load(tmp_path / str(number) / "raw.npy")
        assert raw.shape == (made["frame"]["rows"], made["frame"]["cols"]) and raw.max() > raw.min()
        assert made["encoder"]["domain"] == "unknown"


def test_an_encoder_of_our_own_can_be_kept_in_half_its_size(tmp_path: Path, pages: Path, nets: Path) -> None:
    plain = paths.weights_dir() / "retina-s"
    made = said("models", "import", "retina-s", "--int8")
    assert made["name"] == "retina-s-int8" and "8 bits" in made["words"] and made["licence"] == "CC-BY-SA-4.0"
    size = (imported("retina-s-int8") / "model.safetensors").stat().st_size
    assert size < 0.55 * (plain / "model.safetensors").stat().st_size
    assert said("models", "verify", "retina-s-int8")["sha256"] == made["sha256"]
    raw = []
    for name in ("retina-s", "retina-s-int8"):
        seen = said("analyze", pages, "--encoder", name, "--out", tmp_path / name)
        assert seen["encoder"]["name"] == name
        raw.append(np.load(tmp_path / name / "raw.npy"))
    assert 0 < np.abs(raw[0] - raw[1]).max() < 0.05
    assert said("models", "import", plain, "--int8", "--as", "small")["name"] == "small"
    assert speak("models", "import", nets / "resnet", "--int8", "--json").error["code"] == "weights-config"
    assert speak("models", "import", "no-such", "--int8", "--json").error["code"] == "weights-missing"
