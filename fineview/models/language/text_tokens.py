"""Words as tokens of transformers' ``BertModel``, which is handed in, and the tokenizer of its vocabulary.

Only a vocabulary file (one word piece a line) is read; no tokenizer configuration of a folder is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fineview.core.errors import WeightsProblem

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY = "vocab.txt"
_VOCABULARY_CAP_BYTES = 16 * 2**20


class TextTokens(nn.Module):
    """Texts to ``width`` channels a word piece, the text's own [CLS] first."""

    def __init__(self, bert: nn.Module, channels: int, width: int) -> None:
        super().__init__()
        self.bert = bert
        self.project = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.width = width

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """``ids`` and ``mask`` (T, L), mask 1 for words and 0 for padding -> (T, L, D)."""
        states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        found: Tensor = self.norm(self.project(states))
        return found


class WordPieces:
    """Lower-case BERT word pieces of a vocabulary, padded to the longest text of a call."""

    def __init__(self, vocabulary: Sequence[str], longest: int = 512) -> None:
        from transformers import BertTokenizer

        self.vocabulary, self._longest = tuple(vocabulary), longest
        self._pieces: Any = BertTokenizer(vocab={word: number for number, word in enumerate(vocabulary)})

    @classmethod
    def read(cls, folder: Path, longest: int = 512) -> WordPieces:
        """The vocabulary of a folder.  Raises ``WeightsProblem`` ``weights-missing`` or ``weights-format``."""
        path = folder / VOCABULARY
        if not path.is_file():
            raise WeightsProblem(f"No {VOCABULARY} in the folder {folder.name}.",
                                 "Add the vocabulary the text model was published with.", "weights-missing")
        try:
            if path.stat().st_size > _VOCABULARY_CAP_BYTES:
                raise ValueError("too large")
            words = path.read_text(encoding="utf-8").splitlines()
        except ValueError as problem:
            raise WeightsProblem(f"{VOCABULARY} in {folder.name} cannot be read.", "Use the published file.",
                                 "weights-format") from problem
        if not set(SPECIAL[:4]) <= set(words) or len(words) != len(set(words)):
            raise WeightsProblem(f"{VOCABULARY} in {folder.name} is no BERT vocabulary.", "Use the published file.",
                                 "weights-format")
        return cls(words, longest)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """``ids`` and ``mask`` int64 (T, L), [CLS] first and [SEP] last, cut at the longest text the model takes."""
        made = self._pieces(list(texts), padding=True, truncation=True, max_length=self._longest)
        return torch.tensor(made["input_ids"]), torch.tensor(made["attention_mask"])

    def words(self, text: str) -> tuple[str, ...]:
        """The word pieces of one text as they are numbered, special ones included."""
        ids, _ = self([text])
        return tuple(self.vocabulary[number] for number in ids[0].tolist())
