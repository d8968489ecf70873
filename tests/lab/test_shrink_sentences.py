"""The sentence encoder made small: which words stay, how they are counted anew, and that nothing else is taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from fineview.core.errors import WeightsProblem
from fineview.lab.shrink_sentences import fewer, shrink, shrunk
from fineview.models.language.sentence_encoder import LONGEST

WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "!", "é", "語", "is", "it", "##s", "##ß", "cyst"]


def _tokenizer() -> dict[str, object]:
    special = {word: {"id": word, "ids": [WORDS.index(word)], "tokens": [word]} for word in ("[CLS]", "[SEP]")}
    added = [{"id": WORDS.index(word), "content": word, "special": True, "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False} for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
              {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    return {"version": "1.0", "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0},
            "padding": None, "added_tokens": added,
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single,
                               "special_tokens": special},
            "decoder": None, "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                                       "max_input_chars_per_word": 100,
                                       "vocab": {word: place for place, word in enumerate(WORDS)}}}


def test_words_of_other_scripts_go_and_the_rest_is_counted_anew() -> None:
    rows, made = fewer(_tokenizer())
    kept = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "!", "is", "it", "##s", "cyst"]
    assert [WORDS[row] for row in rows] == kept
    tokenizer = Tokenizer.from_str(json.dumps(made))
    assert tokenizer.encode("Is it cysts!").tokens == ["[CLS]", "is", "it", "cyst", "##s", "!", "[SEP]"]
    assert tokenizer.encode("Is it cysts!").ids == [2, 6, 7, 9, 8, 5, 3]


def test_rows_of_the_words_that_stay_and_both_embeddings_of_a_place() -> None:
    rng = np.random.default_rng(0)
    held = {"embeddings.word_embeddings.weight": rng.normal(size=(9, 32)),
            "embeddings.position_embeddings.weight": rng.normal(size=(64, 32)),
            "embeddings.token_type_embeddings.weight": rng.normal(size=(2, 32)),
            "embeddings.LayerNorm.weight": rng.normal(size=32), "embeddings.LayerNorm.bias": rng.normal(size=32)}
    sizes = {"attention.self.query": (32, 32), "attention.self.key": (32, 32), "attention.self.value": (32, 32),
             "attention.output.dense": (32, 32), "intermediate.dense": (64, 32), "output.dense": (32, 64)}
    for layer in range(6):
        for name, size in sizes.items():
            held[f"encoder.layer.{layer}.{name}.weight"] = rng.normal(size=size)
            held[f"encoder.layer.{layer}.{name}.bias"] = rng.normal(size=size[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            held[f"encoder.layer.{layer}.{name}.weight"] = rng.normal(size=32)
            held[f"encoder.layer.{layer}.{name}.bias"] = rng.normal(size=32)
    made = shrunk(held, [4, 7])
    assert made["words"].shape == (2, 16) and made["places"].shape == (LONGEST, 32)
    first = np.abs(held["embeddings.word_embeddings.weight"][[4, 7]]).max(1) / 7
    np.testing.assert_allclose(made["words.step"][:, 0], first, rtol=1e-3)
    place, first = (held[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
    wanted = place[:LONGEST] + first[0]
    np.testing.assert_allclose(made["places"], wanted, rtol=1e-2, atol=1e-3)
    keys = held["encoder.layer.2.attention.self.key.weight"]
    np.testing.assert_allclose(made["2.qkv"][32:64] * made["2.qkv.step"][32:64, None], keys,
                               atol=float(np.abs(keys).max()) / 250)


def test_another_models_files_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(WeightsProblem, match="not all-MiniLM-L6-v2"):
        shrink(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
