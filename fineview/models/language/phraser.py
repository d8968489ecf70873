"""The chat's decoder at work: its part in a verdict, and words for a settled plan, each with where it looked.

The plan's tokens are given, so the decoder only words it.  Its rows are read as any language model's here
(:mod:`decoder`), over the 6 x 6 parts of the region, or of the frame where none is marked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GenerationConfig

from fineview.core.errors import Cancelled, WeightsProblem
from fineview.core.evidence import ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.core.intent import KINDS, Asked
from fineview.core.labels import WORDS
from fineview.core.plan import FILLED, SLOTS, Plan
from fineview.models.encoding import Encoding
from fineview.models.language.decoder import Decoder, Prepared, under_rows
from fineview.models.language.own_verdict import EVIDENCE_ALONE, Weighing, own_log_odds, prompt, read_weighings
from fineview.models.language.reader import Row, Saying, Step
from fineview.models.language.small_decoder import (
    ASK,
    END,
    PAD,
    PLANNED,
    UNKNOWN,
    LoadedDecoder,
    load_decoder,
)
from fineview.models.language.visual_tokens import FRAME, REGION, visual_tokens

FAIR_SHARES = 4.0
NORMALISATION = "attention of the word to a part of the region times the parts, four times the fair share is 1"
MOST_PIECES = 40
OnWords = Callable[[str, tuple[WordMap, ...]], None]


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...


class ChatPhraser:
    """Fits ``services.phrasing.Phraser``.  One answer at a time: rows are captured for the whole model."""

    def __init__(self, loaded: LoadedDecoder) -> None:
        self._model, self._tokens, held = loaded.model, loaded.tokens, loaded.manifest
        try:
            self._weighings = read_weighings(held.facts)
        except ValueError:
            raise WeightsProblem("The weighing of verdicts in model.json cannot be read.",
                                 "Use the model.json that the decoder was published with.", "weights-format") from None
        self.encoder_sha256 = loaded.encoder_sha256
        self.identity = ModelIdentity(held.name, held.version, held.sha256, held.trained, False, has_fusion=False)
        language = under_rows(self._model.language)
        self._decoder = Decoder(language, language.model, self._tokens)
        self._layer = self._model.config.layers // 2
        self._turn = threading.Lock()

    @classmethod
    def load(cls, folder: Path) -> ChatPhraser:
        """Raises ``WeightsProblem``."""
        return cls(load_decoder(folder))

    def phrase(self, encoding: Encoding, box: Box | None, question: str, plan: Plan, fill: Mapping[str, str],
               allowed: Callable[[str], bool], token: Token, on_words: OnWords
               ) -> tuple[str, tuple[WordMap, ...]] | None:
        """The words of ``plan`` with its slots filled, and a map for each; None where they would not be allowed.

        ``allowed`` judges the words so far, slots unfilled, each time a word is whole; nothing that it has not seen is
        told to ``on_words``.  Only slots that ``fill`` holds can be said.  Raises ``Cancelled`` within two words.
        """
        heard = _Heard(box or _whole(encoding), f"language layer {self._layer + 1} of {self._model.config.layers}, "
                       f"{self.identity.short}", fill, allowed, on_words)
        ids = [*self._tokens.question(question), *self._tokens.plan(plan)]
        with self._turn:
            self._forbid([one for one in FILLED if one not in fill])
            columns = torch.arange(FRAME * FRAME, FRAME * FRAME + REGION * REGION)
            made = Prepared(self._asked(self._seen(encoding, box), ids), columns, (REGION, REGION))
            self._decoder.say(made, self._layer, Saying(MOST_PIECES, lambda: _stopped(token) or heard.refused,
                                                        heard.step))
        token.raise_if_cancelled()
        return heard.done()

    def weighed(self, domain: str, asked: Asked) -> Weighing:
        """How verdicts of such questions about such pictures are made; by the evidence alone unless training chose."""
        return self._weighings.get((domain, asked), EVIDENCE_ALONE)

    def weights(self, domain: str, asked: Asked) -> tuple[float, float]:
        held = self.weighed(domain, asked)
        return held.encoder, held.decoder

    @torch.inference_mode()
    def log_odds(self, encoding: Encoding, box: Box | None, asked: Asked, words: Sequence[str]) -> dict[str, float]:
        """Its own log odds, not calibrated, that the box holds each of ``words``, or that each is what lies there."""
        seen = self._seen(encoding, box)
        if asked == "what":
            found = own_log_odds(self._next(seen, prompt(self._tokens, asked, None)), self._tokens, asked)[0]
            return {word: float(found[WORDS.index(word)]) for word in words}
        return {word: float(own_log_odds(self._next(seen, prompt(self._tokens, asked, word)), self._tokens, asked))
                for word in words}

    @torch.inference_mode()
    def read(self, encoding: Encoding, box: Box | None, question: str) -> tuple[str, str]:
        """Kind and slot of a question as the decoder reads it.  For scoring alone."""
        seen, ids = self._seen(encoding, box), [*self._tokens.question(question), *self._numbers([ASK])]
        kinds = self._next(seen, ids)[0, self._numbers([f"<kind {one}>" for one in KINDS])]
        kind = KINDS[int(kinds.argmax())]
        slots = self._next(seen, [*ids, *self._numbers([f"<kind {kind}>"])])[0]
        return kind, SLOTS[int(slots[self._numbers([f"<slot {one}>" for one in SLOTS])].argmax())]

    def _next(self, seen: torch.Tensor, ids: list[int]) -> torch.Tensor:
        """Logits (1, vocabulary) of the piece after ``ids``."""
        with self._turn:
            made = self._model.language(inputs_embeds=self._asked(seen, ids), use_cache=False, logits_to_keep=1)
        logits: torch.Tensor = made.logits
        return logits[:, -1].float()

    @torch.inference_mode()
    def _seen(self, encoding: Encoding, box: Box | None) -> torch.Tensor:
        """Embeddings (1, 53, width) of what is seen."""
        tokens, place = (torch.from_numpy(one)[None] for one in visual_tokens(encoding, box))
        return self._model.visual(tokens, place)

    @torch.inference_mode()
    def _asked(self, seen: torch.Tensor, ids: list[int]) -> torch.Tensor:
        return torch.cat([seen, self._model.language.get_input_embeddings()(torch.tensor([ids]))], 1)

    def _numbers(self, pieces: list[str] | tuple[str, ...]) -> list[int]:
        return [number for one in pieces if (number := self._tokens.number(one)) is not None]

    def _forbid(self, slots: list[str]) -> None:
        """Plans and slots that nothing fills are never said."""
        end = self._numbers([END])[0]
        self._model.language.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
            eos_token_id=end, pad_token_id=0, suppress_tokens=self._numbers([PAD, UNKNOWN, ASK, *PLANNED, *slots]))


class _Heard:
    """Words as they come, told on when a word is whole, with slots filled and sentences begun in capitals."""

    def __init__(self, box: Box, layer: str, fill: Mapping[str, str], allowed: Callable[[str], bool],
                 on_words: OnWords) -> None:
        self._box, self._layer, self._fill, self._allowed, self._on_words = box, layer, fill, allowed, on_words
        self._raw, self._pieces = "", list[tuple[int, int, NDArray[np.float32]]]()
        self.refused = False

    def step(self, step: Step) -> None:
        start = len(self._raw)
        self._raw = step.text
        self._pieces.append((start, len(step.text), _cells(step.row)))
        whole = max(step.text.rfind(" "), 0)
        if not self._allowed(step.text[:whole]):
            self.refused = True
        elif whole:
            self._on_words(*self._filled(whole))

    def done(self) -> tuple[str, tuple[WordMap, ...]] | None:
        if self.refused or not self._raw.strip() or not self._allowed(self._raw):
            return None
        made = self._filled(len(self._raw))
        self._on_words(*made)
        return made

    def _filled(self, end: int) -> tuple[str, tuple[WordMap, ...]]:
        text, words = "", list[WordMap]()
        for start, stop, cells in self._pieces:
            piece = self._raw[start:min(stop, end)]
            if not piece:
                break
            before = len(text)
            filled = self._fill.get(piece.strip())
            text = _joined(text, piece if filled is None else f" {filled}" if _apart(text) else filled)
            said = text[before:]
            at = before + len(said) - len(said.lstrip())
            if said.strip():
                words.append(WordMap(said.strip(), at, at + len(said.strip()), cells, self._box, self._layer,
                                     NORMALISATION))
        return text, tuple(words)


def _apart(text: str) -> bool:
    """Whether what fills a slot needs a space before it; its own was a part of the slot's piece."""
    return bool(text) and not text.endswith((" ", "("))


def _joined(text: str, piece: str) -> str:
    """``piece`` after ``text``: a space after punctuation, a capital at the beginning of a sentence."""
    if _apart(text) and piece[:1].isalnum() and text[-1] in ".:,":
        piece = f" {piece}"
    if not text.strip() or text.rstrip().endswith("."):
        bare = piece.lstrip()
        piece = piece[: len(piece) - len(bare)] + bare[:1].upper() + bare[1:]
    return text + piece


def _cells(row: Row) -> NDArray[np.float32]:
    held = row.cells
    shares = np.clip(held / max(float(held.sum()), 1e-9) * (held.size / FAIR_SHARES), 0, 1)
    return np.asarray(shares, np.float32)


def _whole(encoding: Encoding) -> Box:
    rows, cols = encoding.where.source_hw
    return Box(0, 0, cols, rows)


def _stopped(token: Token) -> bool:
    try:
        token.raise_if_cancelled()
    except Cancelled:
        return True
    return False
