"""Words to numbers and back, from a folder's ``tokenizer.json`` alone: no processor class, no remote code.

A processor cannot be built for several families without torchvision, so the ids are made here.  Text from a person is
:meth:`cleaned` first: it cannot bring a picture's place, an end of text or any other special token into a prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from fineview.core.errors import WeightsProblem

CAP_BYTES = 64 * 2**20


class Tokens:
    """The tokenizer of one model."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        added = tokenizer.get_added_tokens_decoder().values()
        self._special = sorted((str(one.content) for one in added if one.special), key=len, reverse=True)

    @classmethod
    def read(cls, folder: Path) -> Tokens:
        """From ``folder/tokenizer.json``.  Raises ``WeightsProblem`` ``weights-missing`` or ``weights-format``."""
        path = folder / "tokenizer.json"
        remedy = "Put the tokenizer.json that was published with this model in place."
        if not path.is_file():
            raise WeightsProblem(f"No tokenizer.json in the model folder {folder.name}.", remedy, "weights-missing")
        if path.stat().st_size > CAP_BYTES:
            raise WeightsProblem(f"tokenizer.json is larger than {CAP_BYTES >> 20} MB.", remedy, "weights-format")
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as problem:  # the library raises bare Exception for whatever is wrong with the file
            raise WeightsProblem("tokenizer.json cannot be read.", remedy, "weights-format") from problem

    def cleaned(self, text: str) -> str:
        """``text`` without special tokens and line breaks, single spaces."""
        before = ""
        while before != text:  # taking one out may put another together
            before = text
            for special in self._special:
                text = text.replace(special, " ")
        return " ".join(text.split())

    def ids(self, text: str, special: bool = True) -> list[int]:
        """Token ids; ``special`` adds what the tokenizer puts around a text (a start token)."""
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=special).ids
        return found

    def text(self, ids: Sequence[int]) -> str:
        words: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return words
