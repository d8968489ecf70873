"""The sentence encoder in the small form that is shipped: ``python -m fineview.lab.shrink_sentences FOLDER OUT``.

``FOLDER`` holds all-MiniLM-L6-v2 as Sentence Transformers publish it (Apache-2.0): ``model.safetensors`` and
``tokenizer.json``, both recognised by their sha256; nothing else is read and nothing in it is run.  Kept are the pieces
of the vocabulary in plain Latin letters, digits and marks: 27,595 of 30,522.  (Keeping those of the lowest 20,000
numbers alone would have lost "blindness", "benign" and "classify": the vocabulary is not in order of use.)  Matrices
become 8-bit, the vocabulary 4-bit whole numbers: 16.8 MB instead of 90.9.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import WeightsProblem
from fineview.models import weights
from fineview.models.language.sentence_encoder import LONGEST, TOKENIZER, eight_bit, four_bit

SOURCES = {weights.TENSORS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
           TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"}
LAYERS, HEADS = 6, 12
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_PLAIN = re.compile(r"(##)?[a-z0-9]+|[!-/:-@\[-`{-~]")
_PARTS = {"mixed": "attention.output.dense", "widened": "intermediate.dense", "narrowed": "output.dense"}
_NORMS = {"attended": "attention.output.LayerNorm", "out": "output.LayerNorm"}
Held = dict[str, NDArray[Any]]


def shrink(folder: Path, out: Path) -> Path:
    """Write the shipped form of ``folder`` to ``out``.  Raises ``WeightsProblem`` where it holds something else."""
    from safetensors.numpy import load_file

    for name, digest in SOURCES.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise WeightsProblem(f"{name} is not all-MiniLM-L6-v2's.",
                                 "Name the folder with the files as Sentence Transformers publish them.",
                                 "weights-hash")
    out.mkdir(parents=True, exist_ok=True)
    words, tokenizer = fewer(json.loads((folder / TOKENIZER).read_text("utf-8")))
    (out / TOKENIZER).write_text(json.dumps(tokenizer, separators=(",", ":")) + "\n", "utf-8")
    return _write(shrunk(load_file(folder / weights.TENSORS), words), out)


def fewer(tokenizer: dict[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """The rows of the vocabulary that stay, in order, and the tokenizer that counts them anew."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    kept = sorted((number, word) for word, number in vocabulary.items() if word in SPECIAL
                  or _PLAIN.fullmatch(word))
    made = {word: place for place, (_, word) in enumerate(kept)}
    added = [{**one, "id": made[one["content"]]} for one in tokenizer["added_tokens"] if one["content"] in made]
    around = tokenizer["post_processor"]
    marks = {word: {**one, "ids": [made[word]]} for word, one in around["special_tokens"].items()}
    return [number for number, _ in kept], {
        **tokenizer, "truncation": None, "padding": None, "added_tokens": added,
        "post_processor": {**around, "special_tokens": marks}, "model": {**tokenizer["model"], "vocab": made}}


def shrunk(held: Held, words: list[int]) -> Held:
    """The tensors of :class:`SentenceEncoder`'s file from BERT's, with 8-bit matrices and their steps."""
    matrices: Held = {}
    # One sentence at a time: the mark of the first of two is the same everywhere and joins the places.
    places = (held["embeddings.position_embeddings.weight"][:LONGEST]
              + held["embeddings.token_type_embeddings.weight"][0])
    rest: Held = {"places": places.astype(np.float16), **_norm(held, "embeddings.LayerNorm", "first")}
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        three = [f"{at}.attention.self.{name}" for name in ("query", "key", "value")]
        matrices[f"{layer}.qkv"] = np.concatenate([held[f"{one}.weight"] for one in three])
        rest[f"{layer}.qkv.bias"] = np.concatenate([held[f"{one}.bias"] for one in three])
        for ours, theirs in _PARTS.items():
            matrices[f"{layer}.{ours}"] = held[f"{at}.{theirs}.weight"]
            rest[f"{layer}.{ours}.bias"] = held[f"{at}.{theirs}.bias"]
        for ours, theirs in _NORMS.items():
            rest |= _norm(held, f"{at}.{theirs}", f"{layer}.{ours}")
    rest["words"], rest["words.step"] = four_bit(held["embeddings.word_embeddings.weight"][words])
    for name, matrix in matrices.items():
        rest[name], rest[f"{name}.step"] = eight_bit(matrix)
    return rest


def _norm(held: Held, theirs: str, ours: str) -> Held:
    return {f"{ours}.scale": held[f"{theirs}.weight"], f"{ours}.shift": held[f"{theirs}.bias"]}


def _write(tensors: Held, out: Path) -> Path:
    import torch

    ordered = {name: torch.from_numpy(np.ascontiguousarray(tensors[name])) for name in sorted(tensors)}
    return weights.save(ordered, out, {
        "name": "sentences-s", "version": "0.1.0", "licence": "Apache-2.0", "trained_steps": 1, "layers": LAYERS,
        "heads": HEADS, "width": int(tensors["places"].shape[1]), "pieces": len(tensors["words"]),
        "tokenizer_sha256": hashlib.sha256((out / TOKENIZER).read_bytes()).hexdigest(),
        "made_from": {"name": "sentence-transformers/all-MiniLM-L6-v2", "licence": "Apache-2.0", **SOURCES},
        "citation": "Reimers and Gurevych 2019, Sentence-BERT, arXiv 1908.10084; Wang et al. 2020, MiniLM, "
                    "arXiv 2002.10957"})


if __name__ == "__main__":
    print(shrink(Path(sys.argv[1]), Path(sys.argv[2])))
