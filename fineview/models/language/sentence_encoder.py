"""A sentence's words as vectors that know their neighbours: a small BERT encoder of small numbers, numpy alone.

Source: all-MiniLM-L6-v2 of Sentence Transformers (Reimers & Gurevych 2019, arXiv 1908.10084), which is MiniLM
(Wang et al. 2020, arXiv 2002.10957) in BERT's form (Devlin et al. 2018, arXiv 1810.04805); Apache-2.0.  Changed here,
and why: pieces of other scripts are left out of the vocabulary, and whole numbers stand for the weights (8 bits with a
scale a row for matrices, 4 bits with a scale for each 32 numbers for the vocabulary), since the file travels with the
program; GELU is its tanh form (Hendrycks & Gimpel 2016, arXiv 1606.08415), since numpy has no error function.  Made by
``fineview.lab.shrink_sentences``; nothing here is trained by us: :mod:`question_reader` learns on top.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fineview.core.errors import WeightsProblem
from fineview.models import weights
from fineview.models.language.tokens import CAP_BYTES, Tokens

Array = NDArray[np.float32]
TOKENIZER = "tokenizer.json"
LONGEST = 48  # pieces of a text that are read, the marks at both ends among them
LETTERS = 300  # of a longer text only the beginning is looked at
GROUP = 32  # numbers of a word that share a scale
MATRICES = ("qkv", "mixed", "widened", "narrowed")
_MOST = {"width": 1024, "layers": 24, "heads": 16}
_AGAIN = "Make it again with \"python -m fineview.lab.shrink_sentences FOLDER OUT\"."


@dataclass(frozen=True, slots=True, eq=False)
class SentenceEncoder:
    """``words`` uint8 (vocabulary, d / 2), two numbers a byte, with ``steps`` float32 (vocabulary, d / 32).

    ``tensors``, float32: "places" (LONGEST, d), "first.scale", "first.shift" (d,), and for each layer k "k.qkv"
    (3d, d), "k.mixed" (d, d), "k.widened" (f, d), "k.narrowed" (d, f), each with its ".bias", and "k.attended.scale",
    "k.attended.shift", "k.out.scale", "k.out.shift" (d,)."""

    words: NDArray[np.uint8]
    steps: Array
    tensors: dict[str, Array]
    layers: int
    heads: int
    tokens: Tokens
    name: str
    sha256: str

    @classmethod
    def load(cls, folder: Path) -> SentenceEncoder:
        """The encoder of a weights folder.  Raises ``WeightsProblem`` where it is missing, damaged or another's."""
        manifest = weights.read_manifest(folder)
        held = read_tensors(folder, manifest.sha256, _AGAIN)
        sizes = _told(manifest.facts)
        if _sizes(held) != _wanted(held, **sizes) or held["words"].dtype != np.uint8:
            raise WeightsProblem("These weights encode no sentences.", _AGAIN, "weights-format")
        tokens = _tokens(folder / TOKENIZER, manifest.facts.get("tokenizer_sha256"), len(held["words"]))
        words, steps = held.pop("words"), held.pop("words.step")
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused, not warned of
            tensors = finite({"words.step": steps.astype(np.float32), **_whole(held)}, _AGAIN)
        return cls(words, tensors.pop("words.step"), tensors, sizes["layers"], sizes["heads"], tokens, manifest.name,
                   manifest.sha256)

    def ids(self, text: str) -> list[int]:
        """The pieces of a text as numbers, between a mark of beginning and one of end; at most ``LONGEST``."""
        found = self.tokens.ids(self.tokens.cleaned(text[:LETTERS]))
        return found if len(found) <= LONGEST else [*found[:LONGEST - 1], found[-1]]

    def states(self, ids: NDArray[np.int64], layers: int | None = None) -> list[Array]:
        """``ids`` (B, N), texts of one length -> the words' vectors (B, N, d): embedded, then after each of the first
        ``layers`` layers, or all."""
        held = self.tensors
        state = _normed(unpacked(self.words[ids], self.steps[ids]) + held["places"][:ids.shape[1]], held, "first")
        found = [state]
        for layer in range(self.layers if layers is None else layers):
            state = _normed(state + self._attended(state, layer), held, f"{layer}.attended")
            inner = _gelu(_dense(state, held, f"{layer}.widened"))
            state = _normed(state + _dense(inner, held, f"{layer}.narrowed"), held, f"{layer}.out")
            found.append(state)
        return found

    def _attended(self, state: Array, layer: int) -> Array:
        rows, count, width = state.shape
        each = width // self.heads
        # (3, B, heads, N, each): queries, keys and values of every head.
        parts = _dense(state, self.tensors, f"{layer}.qkv").reshape(rows, count, 3, self.heads, each)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(each))
        raised = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (raised / raised.sum(-1, keepdims=True)) @ value
        return _dense(mixed.transpose(0, 2, 1, 3).reshape(rows, count, width), self.tensors, f"{layer}.mixed")


def _dense(state: Array, held: dict[str, Array], name: str) -> Array:
    wide = held[name].shape[0]
    flat = state.reshape(-1, state.shape[-1]) @ held[name].T + held[f"{name}.bias"]
    return np.asarray(flat.reshape(*state.shape[:-1], wide), np.float32)


def _normed(state: Array, held: dict[str, Array], name: str) -> Array:
    """Layer norm (Ba et al. 2016, arXiv 1607.06450)."""
    centred = state - state.mean(-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
    return np.asarray(centred / spread * held[f"{name}.scale"] + held[f"{name}.shift"], np.float32)


def _gelu(state: Array) -> Array:
    inner = np.float32(math.sqrt(2 / math.pi)) * (state + np.float32(0.044715) * state * state * state)
    return np.asarray(np.float32(0.5) * state * (1 + np.tanh(inner)), np.float32)


def eight_bit(matrix: NDArray[np.floating]) -> tuple[NDArray[np.int8], Array]:
    """Whole numbers of -127..127 and one scale a row, so that their product is nearest ``matrix`` (rows, d)."""
    scale = np.maximum(np.abs(matrix).max(1, keepdims=True), 1e-12) / 127
    return np.rint(matrix / scale).astype(np.int8), scale[:, 0].astype(np.float32)


def four_bit(matrix: NDArray[np.floating]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Whole numbers of -7..7, two a byte (8 added; the first in the low half), and one scale for each ``GROUP``."""
    groups = matrix.reshape(len(matrix), -1, GROUP).astype(np.float32)
    scale = np.maximum(np.abs(groups).max(-1) / 7, 1e-6).astype(np.float16)
    whole = np.clip(np.rint(groups / scale.astype(np.float32)[..., None]), -7, 7).reshape(len(matrix), -1) + 8
    pairs = whole.astype(np.uint8)
    return pairs[:, 0::2] | pairs[:, 1::2] << 4, scale


def unpacked(pairs: NDArray[np.uint8], scale: Array) -> Array:
    """(..., d / 2) bytes and (..., d / GROUP) scales of :func:`four_bit` -> (..., d)."""
    whole = np.stack([pairs & 15, pairs >> 4], -1).astype(np.float32) - 8
    grouped = whole.reshape(*scale.shape, GROUP) * scale[..., None]
    return np.asarray(grouped.reshape(*pairs.shape[:-1], -1), np.float32)


def read_tensors(folder: Path, sha256: str, again: str) -> dict[str, NDArray[Any]]:
    """The tensors of a weights folder, verified; ``again`` is the remedy.  Raises ``WeightsProblem``."""
    weights.check_file(folder / weights.TENSORS, sha256)
    from safetensors import SafetensorError
    from safetensors.numpy import load_file  # not torch's: a question that is only measured never waits for torch

    try:
        held = load_file(folder / weights.TENSORS)
    except (SafetensorError, TypeError, AttributeError) as problem:  # the last two: kinds of number numpy has not
        raise WeightsProblem("This safetensors file cannot be read.", again, "weights-format") from problem
    if any(tensor.dtype.kind not in "biuf" for tensor in held.values()):
        raise WeightsProblem("This safetensors file holds complex numbers.", again, "weights-format")
    return held


def finite(tensors: dict[str, Array], again: str) -> dict[str, Array]:
    """``tensors`` as they are.  Raises ``WeightsProblem`` where a number among them is infinite or none."""
    if not all(bool(np.isfinite(tensor).all()) for tensor in tensors.values()):
        raise WeightsProblem("Among these weights is a number that is infinite or none.", again, "weights-format")
    return tensors


def first_size(held: Mapping[str, NDArray[Any]], name: str) -> int:
    """Rows of a tensor that a stranger wrote; 0 where it is missing or a single number."""
    return held[name].shape[0] if name in held and held[name].ndim else 0


def _told(facts: Mapping[str, Any]) -> dict[str, int]:
    """The sizes a manifest names.  Raises ``WeightsProblem`` where one is no whole number in its bounds."""
    sizes = {name: facts.get(name) for name in _MOST}
    whole = {name: size for name, size in sizes.items() if isinstance(size, int) and not isinstance(size, bool)}
    if whole != sizes or any(not 0 < size <= _MOST[name] for name, size in whole.items()):
        raise WeightsProblem("The encoder's sizes in model.json cannot be used.", _AGAIN, "weights-format")
    return whole


def _tokens(path: Path, sha256: object, rows: int) -> Tokens:
    """The tokenizer, each of whose numbers has one of ``rows`` vectors; what is parsed is what was hashed."""
    if not path.is_file():
        raise WeightsProblem(f"No {TOKENIZER} in the model folder {path.parent.name}.", _AGAIN, "weights-missing")
    if path.stat().st_size > CAP_BYTES:
        raise WeightsProblem(f"{TOKENIZER} is larger than {CAP_BYTES >> 20} MB.", _AGAIN, "weights-format")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsProblem(f"{TOKENIZER} is not the one its manifest names.", _AGAIN, "weights-hash")
    try:
        read = Tokenizer.from_buffer(data)
        tokens, numbers = Tokens(read), read.get_vocab().values()
    except Exception as problem:  # the library raises bare Exception for whatever is wrong with the file
        raise WeightsProblem(f"{TOKENIZER} cannot be read.", _AGAIN, "weights-format") from problem
    marks = tokens.ids("")  # they are written out in the file, and need not be of its vocabulary
    if not marks or max(*marks, *numbers) >= rows:
        raise WeightsProblem(f"{TOKENIZER} has words without a vector, or no marks around a text.", _AGAIN,
                             "weights-format")
    return tokens


def _whole(held: dict[str, NDArray[np.generic]]) -> dict[str, Array]:
    """The tensors as they are computed with: 8 bits times their scale, all else as float32."""
    made = {}
    for name, tensor in held.items():
        if not name.endswith(".step"):
            step = held.get(f"{name}.step")
            made[name] = tensor.astype(np.float32) * (1 if step is None else step.astype(np.float32)[:, None])
    return {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in made.items()}


def _sizes(held: dict[str, NDArray[np.generic]]) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in held.items()}


def _wanted(held: dict[str, NDArray[np.generic]], width: int, layers: int, heads: int) -> dict[str, tuple[int, ...]]:
    """The shapes that belong together; the vocabulary and the inner width are the file's own."""
    words, inner = first_size(held, "words"), first_size(held, "0.widened")
    made: dict[str, tuple[int, ...]] = {"words": (words, width // 2), "words.step": (words, width // GROUP),
                                        "places": (LONGEST, width), "first.scale": (width,), "first.shift": (width,)}
    shapes = {"qkv": (3 * width, width), "mixed": (width, width), "widened": (inner, width),
              "narrowed": (width, inner)}
    for layer in range(layers):
        for name in MATRICES:
            rows = shapes[name][0]
            made |= {f"{layer}.{name}": shapes[name], f"{layer}.{name}.step": (rows,),
                     f"{layer}.{name}.bias": (rows,)}
        made |= {f"{layer}.{part}.{what}": (width,) for part in ("attended", "out") for what in ("scale", "shift")}
    return made if width % heads == 0 == width % GROUP else {}
