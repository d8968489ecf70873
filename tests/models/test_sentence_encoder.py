"""The sentence encoder: its arithmetic against transformers' own BERT, its small numbers, and files it refuses."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fineview import paths
from fineview.core.errors import WeightsProblem
from fineview.models.language.sentence_encoder import (
    LONGEST,
    SentenceEncoder,
    eight_bit,
    four_bit,
    unpacked,
)
from tests.models.broken_folders import one_bit

FOLDER = paths.resources_dir() / "chat" / "sentences-s"
_WHERE = {"mixed": "attention.output.dense", "widened": "intermediate.dense", "narrowed": "output.dense",
          "attended": "attention.output.LayerNorm", "out": "output.LayerNorm"}


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder.load(FOLDER)


def _bert(encoder: SentenceEncoder, used: list[int]) -> torch.nn.Module:
    """transformers' BERT with the same numbers; only the words ``used`` have rows."""
    from transformers import BertConfig, BertModel

    made = BertModel(BertConfig(vocab_size=len(used), hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                                intermediate_size=1536, hidden_act="gelu_new", max_position_embeddings=LONGEST),
                     add_pooling_layer=False).eval()
    state = {name: torch.zeros_like(value) for name, value in made.state_dict().items()}
    low, high = encoder.words[used] & 15, encoder.words[used] >> 4
    whole = np.empty((len(used), 384), np.float32)
    whole[:, 0::2], whole[:, 1::2] = low, high
    held = {name: torch.from_numpy(value) for name, value in encoder.tensors.items()}
    state["embeddings.word_embeddings.weight"] = torch.from_numpy((whole - 8) * np.repeat(encoder.steps[used], 32, 1))
    state["embeddings.position_embeddings.weight"] = held["places"]
    state["embeddings.LayerNorm.weight"], state["embeddings.LayerNorm.bias"] = held["first.scale"], held["first.shift"]
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        for place, name in enumerate(("query", "key", "value")):
            rows = slice(384 * place, 384 * (place + 1))
            state[f"{at}.attention.self.{name}.weight"] = held[f"{layer}.qkv"][rows]
            state[f"{at}.attention.self.{name}.bias"] = held[f"{layer}.qkv.bias"][rows]
        for ours, theirs in _WHERE.items():
            one, other = (f"{layer}.{ours}.scale", f"{layer}.{ours}.shift") if "Norm" in theirs \
                else (f"{layer}.{ours}", f"{layer}.{ours}.bias")
            state[f"{at}.{theirs}.weight"], state[f"{at}.{theirs}.bias"] = held[one], held[other]
    made.load_state_dict({name: value for name, value in state.items() if "position_ids" not in name}, strict=False)
    return made


def test_states_are_those_of_transformers_own_bert(encoder: SentenceEncoder) -> None:
    first, second = (encoder.ids(text) for text in ("how far is it from the fovea?", "what is the height of the bump"))
    length = min(len(first), len(second))
    ids = np.array([first[:length], second[:length]])
    used = sorted(set(ids.ravel().tolist()))
    with torch.no_grad():
        wanted = _bert(encoder, used)(torch.from_numpy(np.searchsorted(used, ids)),
                                      output_hidden_states=True).hidden_states
    for ours, theirs in zip(encoder.states(ids), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-4)
    assert len(encoder.states(ids, 2)) == 3


def test_like_questions_are_nearer_than_unlike_ones(encoder: SentenceEncoder) -> None:
    def mean(text: str) -> np.ndarray:
        found = encoder.states(np.array([encoder.ids(text)]))[-1][0].mean(0)
        return np.asarray(found / np.linalg.norm(found))

    asked, like, unlike = map(mean, ("has the retina bled?", "is there a haemorrhage?", "who won the match?"))
    assert asked @ like > asked @ unlike + 0.2


def test_a_text_has_marks_around_and_an_end(encoder: SentenceEncoder) -> None:
    begin, end = encoder.ids("")
    long = encoder.ids("blob " * 400)
    assert len(long) == LONGEST and long[0] == begin and long[-1] == end
    assert encoder.ids("blob [SEP] blob") == encoder.ids("blob blob")  # nobody types a mark into a question


def test_four_bits_hold_a_matrix_to_half_a_step() -> None:
    matrix = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32)
    pairs, scale = four_bit(matrix)
    assert pairs.shape == (5, 32) and scale.shape == (5, 2) and scale.dtype == np.float16
    step = np.repeat(scale.astype(np.float32), 32, 1)
    assert (np.abs(unpacked(pairs, scale.astype(np.float32)) - matrix) <= 0.502 * step).all()
    known = np.array([[7, -7, 3, 0] * 8], np.float32)
    pairs, scale = four_bit(known)
    assert pairs[0, :2].tolist() == [15 | 1 << 4, 11 | 8 << 4] and scale[0, 0] == 1
    np.testing.assert_array_equal(unpacked(pairs, scale.astype(np.float32)), known)


def test_eight_bits_hold_a_row_to_half_a_step() -> None:
    whole, scale = eight_bit(np.array([[127.0, -1.2, 0.0], [0.5, 0.25, -0.5]]))
    np.testing.assert_array_equal(whole, [[127, -1, 0], [127, 64, -127]])
    np.testing.assert_allclose(scale, [1, 0.5 / 127], rtol=1e-6)


@pytest.mark.parametrize("damage", ["hash", "shape", "layers", "tokenizer", "missing"])
def test_a_damaged_encoder_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "sentences"
    shutil.copytree(FOLDER, folder)
    file, facts = folder / "model.safetensors", json.loads((folder / "model.json").read_text("utf-8"))
    if damage == "hash":
        one_bit(folder)
    elif damage == "missing":
        file.unlink()
    elif damage == "tokenizer":
        path = folder / "tokenizer.json"
        path.write_text(path.read_text("utf-8").replace('"lowercase":true', '"lowercase":false'), "utf-8")
    elif damage == "layers":
        (folder / "model.json").write_text(json.dumps({**facts, "layers": 5}), "utf-8")
    else:
        from safetensors.numpy import save_file

        save_file({"words": np.zeros((4, 2), np.uint8)}, file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        (folder / "model.json").write_text(json.dumps({**facts, "sha256": digest}), "utf-8")
    with pytest.raises(WeightsProblem):
        SentenceEncoder.load(folder)
