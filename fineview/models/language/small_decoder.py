"""The chat's decoder: visual tokens through an MLP projector into a small LLaMA that words an answer around slots.

Source: FILA (arXiv 2412.08378, fused visual tokens -> two-layer MLP projector -> LLaMA-3-8B), whose projector is
LLaVA-1.5's (arXiv 2310.03744).  transformers' ``LlamaForCausalLM`` is used as it is.  Smaller here, and why: 4 layers
of 128 instead of 32 of 4,096, since it speaks about one organ in plain sentences and is shipped; 52 visual tokens
instead of up to 2,880, since a question must be answered on a CPU at once (:mod:`visual_tokens`).

A sequence: [frame 16][region 36][place 1][question ...]<ask>[kind][slot][verdict] words <end>.  What the answer will
say (kind, slot, verdict) is settled by three tokens before its first word, so that others may settle it and leave the
wording.  No piece of the vocabulary holds a digit: the decoder cannot write a number; measurement fills its slots.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from fineview.core.errors import WeightsProblem
from fineview.core.intent import KINDS
from fineview.core.plan import SLOTS, VERDICTS, Plan
from fineview.models import weights
from fineview.models.language.tokens import Tokens
from fineview.models.language.visual_tokens import COUNT, PLACE

PAD, UNKNOWN, ASK, END = "<pad>", "<unk>", "<ask>", "<end>"
PLANNED: tuple[str, ...] = (*(f"<kind {one}>" for one in KINDS), *(f"<slot {one}>" for one in SLOTS),
                            *(f"<verdict {one}>" for one in VERDICTS))
SPECIAL: tuple[str, ...] = (PAD, UNKNOWN, ASK, END, *PLANNED)
VISUAL = COUNT + 1
QUESTION = 48  # pieces of a question that are read
TOKENIZER, TOKENIZER_CAP_BYTES = "tokenizer.json", 2**20
_MOST = {"channels": 4096, "vocabulary": 32_768, "width": 1024, "layers": 24, "heads": 16, "mlp": 4096}
_REMEDY = "Train it again with \"fineview train chat --out DIR\", or use the folder it was published in."


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """``channels`` of a visual token; ``vocabulary`` pieces; the rest are LLaMA's sizes."""

    channels: int
    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    mlp: int = 320

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> DecoderConfig:
        """From ``model.json``: known keys, whole numbers in bounds.  Raises ``WeightsProblem``."""
        held: Any = facts.get("config")
        names = {one.name for one in fields(cls)}
        fits = isinstance(held, dict) and set(held) == names and all(
            type(value) is int and 1 <= value <= _MOST[name] for name, value in held.items())
        if not fits or held["width"] % (2 * held["heads"]) or held["vocabulary"] <= len(SPECIAL):
            raise WeightsProblem("The decoder's sizes in model.json cannot be used.", _REMEDY, "weights-format")
        return cls(**held)

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class SmallDecoder(nn.Module):
    """``mean``, ``spread``: of the visual channels and of the place, over the training regions."""

    mean: Tensor
    spread: Tensor
    place_mean: Tensor
    place_spread: Tensor

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.projector = nn.Sequential(nn.Linear(config.channels, config.width), nn.GELU(),
                                       nn.Linear(config.width, config.width))
        self.place = nn.Sequential(nn.Linear(PLACE, config.width), nn.GELU(), nn.Linear(config.width, config.width))
        self.part = nn.Parameter(torch.zeros(VISUAL, config.width))
        self.language = LlamaForCausalLM(LlamaConfig(
            vocab_size=config.vocabulary, hidden_size=config.width, intermediate_size=config.mlp,
            num_hidden_layers=config.layers, num_attention_heads=config.heads, num_key_value_heads=config.heads,
            max_position_embeddings=256, tie_word_embeddings=True, pad_token_id=0, bos_token_id=None,
            eos_token_id=SPECIAL.index(END)))
        for name, size in (("mean", config.channels), ("spread", config.channels), ("place_mean", PLACE),
                           ("place_spread", PLACE)):
            self.register_buffer(name, torch.zeros(size) if "mean" in name else torch.ones(size))

    def visual(self, tokens: Tensor, place: Tensor) -> Tensor:
        """(B, 52, C) and (B, 16) -> embeddings (B, 53, width)."""
        seen = self.projector(((tokens - self.mean) / self.spread).clamp(-8, 8))
        where = self.place(((place - self.place_mean) / self.place_spread).clamp(-8, 8))
        return torch.cat([seen, where[:, None]], 1) + self.part

    def embed(self, tokens: Tensor, place: Tensor, ids: Tensor) -> Tensor:
        """Visual tokens and words as one sequence (B, 53 + L, width)."""
        return torch.cat([self.visual(tokens, place), self.language.get_input_embeddings()(ids)], 1)

    def forward(self, tokens: Tensor, place: Tensor, ids: Tensor) -> Tensor:
        """Logits (B, L, vocabulary) of the piece after each of ``ids`` (B, L), padded on the right: the mask is causal,
        so padding changes nothing before it."""
        hidden = self.language.model(inputs_embeds=self.embed(tokens, place, ids), use_cache=False).last_hidden_state
        found: Tensor = self.language.lm_head(hidden[:, VISUAL:])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class LoadedDecoder:
    """A decoder, its words, and the encoder that it belongs to; it is not to be used with another."""

    model: SmallDecoder
    tokens: ChatTokens
    manifest: weights.Manifest
    encoder_sha256: str


def load_decoder(folder: Path) -> LoadedDecoder:
    """The decoder of a folder.  Raises ``WeightsProblem`` for what is missing, damaged, odd or of another shape."""
    tensors, manifest = weights.load(folder)
    config = DecoderConfig.read(manifest.facts)
    encoder = manifest.facts.get("encoder_sha256")
    if not isinstance(encoder, str):
        raise WeightsProblem("model.json does not say which encoder this decoder reads.", _REMEDY, "weights-format")
    tokens = _tokens(folder, manifest)
    if len(tokens) != config.vocabulary or any(tokens.number(one) != n for n, one in enumerate(SPECIAL)):
        raise WeightsProblem("The words of this decoder are not those of its tensors.", _REMEDY, "weights-format")
    with torch.device("meta"):
        wanted = {name: tuple(value.shape) for name, value in SmallDecoder(config).state_dict().items()}
    held = {name: value.float() for name, value in tensors.items()}
    held.setdefault(_TIED, held.get("language.model.embed_tokens.weight", torch.zeros(0)))
    if {name: tuple(value.shape) for name, value in held.items()} != wanted \
            or not all(bool(torch.isfinite(value).all()) for value in held.values()):
        raise WeightsProblem("These tensors are not those of a decoder of this size.", _REMEDY, "weights-format")
    model = SmallDecoder(config)
    model.load_state_dict(held)
    return LoadedDecoder(model.eval().requires_grad_(False), tokens, manifest, encoder)


_TIED = "language.lm_head.weight"  # the same numbers as the embeddings: stored once


def tensors_of(model: SmallDecoder) -> dict[str, Tensor]:
    """What is shipped, float16, tied weights once; statistics of channels stay float32."""
    return {name: value if name in ("mean", "spread", "place_mean", "place_spread") else value.half()
            for name, value in model.state_dict().items() if name != _TIED}


class ChatTokens(Tokens):
    """The decoder's own words.  A question cannot bring a slot or a plan into the prompt: brackets are taken out."""

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def number(self, piece: str) -> int | None:
        found: int | None = self._tokenizer.token_to_id(piece)
        return found

    def save(self, path: Path) -> None:
        self._tokenizer.save(str(path))

    def question(self, text: str) -> list[int]:
        """Pieces of a question as a person typed it, cut to ``QUESTION``."""
        return self.ids(" ".join(text[:400].replace("<", " ").replace(">", " ").split()), special=False)[:QUESTION]

    def plan(self, plan: Plan) -> list[int]:
        """<ask> and the three tokens that settle what is said.  Raises ``KeyError`` for a plan it has no words for."""
        found = [self.number(one) for one in plan_words(plan)]
        if None in found:
            raise KeyError(plan)
        return [one for one in found if one is not None]


def plan_words(plan: Plan) -> tuple[str, str, str, str]:
    return ASK, f"<kind {plan.asked}>", f"<slot {plan.slot}>", f"<verdict {plan.verdict}>"


def _tokens(folder: Path, manifest: weights.Manifest) -> ChatTokens:
    path = folder / TOKENIZER
    if not path.is_file() or path.stat().st_size > TOKENIZER_CAP_BYTES:
        raise WeightsProblem(f"{TOKENIZER} is missing or too large.", _REMEDY, "weights-missing")
    if hashlib.sha256(path.read_bytes()).hexdigest() != manifest.facts.get("tokenizer_sha256"):
        raise WeightsProblem(f"{TOKENIZER} is not the one that model.json names.", _REMEDY, "weights-hash")
    read = ChatTokens.read(folder)
    assert isinstance(read, ChatTokens)
    return read


def made_of(config: DecoderConfig, seed: int) -> SmallDecoder:
    """A decoder with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SmallDecoder(config)
        nn.init.normal_(model.part, std=1 / math.sqrt(config.width))
    return model
