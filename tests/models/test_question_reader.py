"""The reader of free wording: its file, its arithmetic worked again, and questions everybody asks."""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview import paths
from fineview.core.errors import WeightsProblem
from fineview.core.intent import Intent
from fineview.models.language.question_features import BUCKETS, pieces
from fineview.models.language.question_reader import MEANINGS, NAMES, OUTSIDE, QuestionReader

FOLDER = paths.resources_dir() / "chat" / "reader-s"


@pytest.fixture(scope="module")
def reader() -> QuestionReader:
    return QuestionReader.load(FOLDER)


def test_pieces_are_words_pairs_and_letters() -> None:
    words = {"<>", "w is", "w it", "p < is", "p is it", "p it >", "s is it",
             "c <i", "c is", "c s>", "c <is", "c is>", "c <is>", "c it", "c t>", "c <it", "c it>", "c <it>"}
    assert pieces("Is IT").tolist() == sorted({zlib.crc32(word.encode()) % BUCKETS for word in words})
    assert len(pieces("")) == 1 and pieces("x" * 10_000).max() < BUCKETS


def test_one_heading_a_meaning() -> None:
    assert len(MEANINGS) == len(set(MEANINGS)) == len(OUTSIDE)
    assert Intent("where", target="layer") in MEANINGS and Intent("where") in MEANINGS


def test_chances_are_the_plain_formula(reader: QuestionReader) -> None:
    text, held = "how far is it from the fovea?", reader.tensors
    states = reader.sentences.states(np.array([reader.sentences.ids(text)]))
    words = np.concatenate([np.mean(states[layer][0].astype(np.float64), axis=0) for layer in (3, 6)])
    rows = np.stack([held["pieces"][k] for k in pieces(text)]).astype(np.float64)
    hidden = np.tanh(np.concatenate([held["lift"] @ words + held["lift_bias"], rows.sum(0) / np.sqrt(len(rows))]))
    logits = (hidden @ held["meaning"] + held["meaning_bias"]) / reader.temperatures[0]
    wanted = np.exp(logits) / np.exp(logits).sum()
    meaning, name = reader.chances(text)
    np.testing.assert_allclose(meaning, wanted, atol=1e-4)
    assert name.shape == (len(NAMES),) and name.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_reader_knows_its_encoder(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "reader")
    beside = FOLDER.parent / "sentences-s"
    assert QuestionReader.load(tmp_path / "reader", beside).sentences.name == "sentences-s"
    with pytest.raises(WeightsProblem):  # none beside it
        QuestionReader.load(tmp_path / "reader")
    facts = json.loads((tmp_path / "reader" / "model.json").read_text("utf-8"))
    (tmp_path / "reader" / "model.json").write_text(json.dumps({**facts, "sentences_sha256": "0" * 64}), "utf-8")
    with pytest.raises(WeightsProblem, match="another sentence encoder"):
        QuestionReader.load(tmp_path / "reader", beside)


@pytest.mark.parametrize(("text", "meaning"), [
    ("What is this?", ("what", None)), ("Is there a lesion?", ("presence", "lesion")),
    ("Is there fluid here?", ("presence", "fluid")), ("Is there a haemorrhage?", ("presence", "haemorrhage")),
    ("How large is it?", ("size", None)), ("How long is it?", ("length", None)),
    ("How bright is it?", ("brightness", None)), ("Is it brighter than around it?", ("brighter", None)),
    ("How many lesions are there?", ("count", "lesion")), ("Which eye is this?", ("side", None)),
    ("How far is it from the fovea?", ("distance", "fovea")), ("which layer is it in?", ("where", "layer")),
    ("how far is it from the optic disc?", ("distance", "optic_disc")), ("is it cut off by the scan?", ("cut", None)),
    ("compare it with the previous frame", ("compare", "frame")), ("what did you base this on?", ("basis", None)),
    ("should I inject?", ("outside", None)), ("is there a fracture of the hip?", ("outside", None)),
    ("will the patient go blind?", ("outside", None)), ("who is this patient?", ("outside", None))])
def test_what_everybody_asks_is_read(reader: QuestionReader, text: str, meaning: tuple[str, str | None]) -> None:
    assert reader.read(text).meaning() == meaning


def test_too_little_chance_is_not_understood(reader: QuestionReader) -> None:
    made = replace(reader, outside_from=1.1, sure=1.1).read("what is this?")
    assert made.asked == "unknown" and 0 < made.confidence < 1.1
    wary = replace(reader, outside_from=0.0, sure=0.0)
    assert wary.read("what is this?").asked in ("outside", "unknown")


@pytest.mark.parametrize("damage", ["hash", "shape", "missing"])
def test_a_damaged_reader_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(FOLDER, folder)
    file = folder / "model.safetensors"
    if damage == "hash":
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(bytes(data))
    elif damage == "missing":
        file.unlink()
    else:
        from safetensors.numpy import save_file

        save_file({"pieces": np.zeros((4, 2), np.float16)}, file)
        import hashlib

        facts = json.loads((folder / "model.json").read_text("utf-8"))
        facts["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        (folder / "model.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(WeightsProblem):
        QuestionReader.load(folder, FOLDER.parent / "sentences-s")
