"""The reader of free wording: its file, its arithmetic worked again, and questions everybody asks."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fineview import paths
from fineview.core.errors import WeightsProblem
from fineview.core.intent import Intent
from fineview.models.language.question_features import BUCKETS, pieces
from fineview.models.language.question_reader import MEANINGS, NAMES, OUTSIDE, SENTENCES, QuestionReader
from tests.models.broken_folders import one_bit

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
        one_bit(folder)
    elif damage == "missing":
        file.unlink()
    else:
        save_file({"pieces": np.zeros((4, 2), np.float16)}, file)
        facts = json.loads((folder / "model.json").read_text("utf-8"))
        facts["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        (folder / "model.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(WeightsProblem):
        QuestionReader.load(folder, FOLDER.parent / "sentences-s")


NAN, TOO_LARGE = float("nan"), 10**400


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


@pytest.fixture
def copied(copies: Path) -> Path:
    """A folder with the reader and its encoder, which a test may tamper with; what the last one did is undone."""
    for name in ("reader-s", SENTENCES):
        (copies / name).mkdir(exist_ok=True)
        for file in (FOLDER.parent / name).iterdir():
            made = copies / name / file.name
            if not made.is_file() or made.stat().st_mtime_ns != file.stat().st_mtime_ns:
                shutil.copy2(file, made)  # with its time
    return copies


def tamper(folder: Path, **facts: Any) -> None:
    """Write facts into model.json, None takes one out, and make every hash in it true again, as an attacker would."""
    file, tokenizer = folder / "model.json", folder / "tokenizer.json"
    held = {**json.loads(file.read_text("utf-8")), **facts}
    held["sha256"] = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if tokenizer.is_file():
        held["tokenizer_sha256"] = hashlib.sha256(tokenizer.read_bytes()).hexdigest()
        reader = folder.parent / "reader-s" / "model.json"
        told = json.loads(reader.read_text("utf-8"))
        reader.write_text(json.dumps({**told, "sentences_sha256": held["sha256"]}), "utf-8")
    file.write_text(json.dumps({name: fact for name, fact in held.items() if fact is not None}), "utf-8")


def refused(copied: Path, match: str) -> None:
    with pytest.raises(WeightsProblem, match=match) as caught:
        QuestionReader.load(copied / "reader-s")
    assert caught.value.code == "weights-format"


def test_a_tampered_copy_whose_numbers_are_right_is_read(copied: Path) -> None:
    tamper(copied / SENTENCES)
    tamper(copied / "reader-s", sure=0, outside_from=1, temperatures=[1, 2.5])
    made = QuestionReader.load(copied / "reader-s")
    assert (made.temperatures, made.outside_from, made.sure) == ((1.0, 2.5), 1.0, 0.0)


ODD_PAIRS: list[Any] = [None, [1.0], [1.0, 0.0], [-1.0, 1.0], [1.0, NAN], [1e-300, 1.0], [True, 1.0],
                        [1.0, float("inf")], [1.0, 1.0, 1.0], ["1", "1"], "11", {"1": 1, "2": 2}]
ODD_BORDERS: list[Any] = [None, NAN, "abc", TOO_LARGE, -0.1, 2.0, True, []]


@pytest.mark.parametrize("facts", [
    *({"temperatures": odd} for odd in ODD_PAIRS),
    *({name: odd} for name in ("sure", "outside_from") for odd in ODD_BORDERS)])
def test_odd_temperatures_and_borders_are_refused(copied: Path, facts: dict[str, Any]) -> None:
    tamper(copied / "reader-s", **facts)
    refused(copied, "temperatures and borders")


@pytest.mark.parametrize("name", ["width", "layers", "heads"])
@pytest.mark.parametrize("odd", ["abc", None, float("inf"), NAN, True, 12.0, 0, -6, TOO_LARGE, [6]])
def test_odd_sizes_are_refused(copied: Path, name: str, odd: Any) -> None:
    tamper(copied / SENTENCES, **{name: odd})
    refused(copied, "sizes in model.json")


def _changed(name: str, made: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        tensors = load_file(file)
        save_file({**tensors, name: made(tensors[name])}, file)
    return change


def _with(value: float, kind: type = np.float32) -> Callable[[np.ndarray], np.ndarray]:
    def put(tensor: np.ndarray) -> np.ndarray:
        tensor = tensor.astype(kind)
        tensor.flat[0] = value
        return tensor
    return put


def _scalar(tensor: np.ndarray) -> np.ndarray:
    return np.zeros((), tensor.dtype)


def _foreign(kind: str, size: int) -> Callable[[Path], None]:
    """A file of one tensor of two numbers of a kind that numpy has not, or that is not meant."""
    def write(file: Path) -> None:
        head = json.dumps({"words": {"dtype": kind, "shape": [2], "data_offsets": [0, 2 * size]}}).encode()
        file.write_bytes(struct.pack("<Q", len(head)) + head + bytes(2 * size))
    return write


@pytest.mark.parametrize("which", ["reader-s", SENTENCES])
@pytest.mark.parametrize(("kind", "size"), [("BF16", 2), ("F8_E4M3", 1), ("C64", 8)])
def test_numbers_of_a_foreign_kind_are_refused(copied: Path, which: str, kind: str, size: int) -> None:
    _foreign(kind, size)(copied / which / "model.safetensors")
    tamper(copied / which)
    refused(copied, "This safetensors file")


@pytest.mark.parametrize(("name", "made"), [
    ("meaning", _with(NAN)), ("lift", _with(NAN)), ("lift", _with(float("inf"))),
    ("pieces", _with(float("inf"))), ("lift_bias", _with(1e300, np.float64)),
    ("5.narrowed.up", lambda tensor: np.full_like(tensor, 3e38, np.float32))])
def test_a_reader_of_numbers_that_are_none_is_refused(copied: Path, name: str,
                                                      made: Callable[[np.ndarray], np.ndarray]) -> None:
    def large(tensor: np.ndarray) -> np.ndarray:
        return np.full_like(tensor, 3e38, np.float32)

    file = copied / "reader-s" / "model.safetensors"
    _changed(name, made)(file)
    if name.endswith(".up"):  # each finite, their product is not
        _changed("5.narrowed.down", large)(file)
    tamper(copied / "reader-s")
    refused(copied, "infinite or none")


@pytest.mark.parametrize(("name", "made", "match"), [
    ("places", _with(NAN), "infinite or none"), ("words.step", _with(NAN), "infinite or none"),
    ("2.qkv.step", _with(3e38), "infinite or none"), ("first.scale", _with(-1e300, np.float64), "infinite or none"),
    ("words", _scalar, "encode no sentences"), ("0.widened", _scalar, "encode no sentences"),
    ("words", lambda tensor: tensor.astype(np.float32), "encode no sentences"),
    ("words", lambda tensor: tensor[:-1], "encode no sentences")])
def test_an_encoder_of_odd_tensors_is_refused(copied: Path, name: str, made: Callable[[np.ndarray], np.ndarray],
                                              match: str) -> None:
    _changed(name, made)(copied / SENTENCES / "model.safetensors")
    tamper(copied / SENTENCES)
    refused(copied, match)


@pytest.mark.parametrize(("name", "made"), [
    ("pieces", _scalar), ("lift", _scalar), ("3.qkv.down", _scalar), ("name_bias", _scalar),
    ("pieces", lambda tensor: tensor[:, 0]), ("pieces", lambda tensor: tensor[None]),
    ("lift", lambda tensor: tensor[0])])
def test_a_reader_of_other_shapes_is_refused(copied: Path, name: str,
                                             made: Callable[[np.ndarray], np.ndarray]) -> None:
    _changed(name, made)(copied / "reader-s" / "model.safetensors")
    tamper(copied / "reader-s")
    refused(copied, "read no questions")


def _one_word_too_many(held: dict[str, Any]) -> None:
    held["model"]["vocab"]["qqqqq"] = len(held["model"]["vocab"])


def _far_word(held: dict[str, Any]) -> None:
    held["model"]["vocab"]["is"] = 2**31


def _far_mark(held: dict[str, Any]) -> None:
    held["post_processor"]["special_tokens"]["[SEP]"]["ids"] = [10**6]


def _no_marks(held: dict[str, Any]) -> None:
    held["post_processor"] = None


@pytest.mark.parametrize("change", [_one_word_too_many, _far_word, _far_mark, _no_marks])
def test_every_piece_of_a_text_has_a_vector(copied: Path, change: Callable[[dict[str, Any]], None]) -> None:
    file = copied / SENTENCES / "tokenizer.json"
    held = json.loads(file.read_text("utf-8"))
    change(held)
    file.write_text(json.dumps(held), "utf-8")
    tamper(copied / SENTENCES)
    refused(copied, "without a vector")


def test_a_tokenizer_is_parsed_only_when_its_hash_is_right(copied: Path) -> None:
    file = copied / SENTENCES / "tokenizer.json"
    file.write_bytes(b"{")
    with pytest.raises(WeightsProblem, match="manifest names") as caught:
        QuestionReader.load(copied / "reader-s")
    assert caught.value.code == "weights-hash"
    tamper(copied / SENTENCES)
    refused(copied, "cannot be read")
