"""What people wrote about an encoder: ``card.toml`` beside its weights.  Figures do not stand in it.

Untrusted like everything in a folder of weights: size, types and lengths are checked, and what does not fit is left
out as a whole, since half a card is worse than none.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fineview.core.card import CardWords, Source

NAME = "card.toml"
FILE_BYTES, TEXT, ROWS = 64 * 1024, 4000, 40


def read_card_words(folder: Path) -> CardWords:
    """The words of a folder; empty ones where there are none, or where they cannot be read."""
    path = folder / NAME
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES:
            return CardWords()
        return _words(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return CardWords()


def _words(held: dict[str, Any]) -> CardWords:
    sources = tuple(Source(_text(one["data"]), _text(one["licence"]), _text(one["use"]))
                    for one in _few(held["trained_on"]))
    notes = tuple((_text(one["sha256"]), _text(one["text"])) for one in _few(held.get("notes", [])))
    return CardWords(_text(held["what"]), _text(held["recipe"]), sources, _text(held.get("data_notes", "")),
                     tuple(_text(one) for one in _few(held["limits"])), notes)


def _few(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > ROWS:
        raise ValueError("a list is missing or too long")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT or not value.replace("\n", " ").isprintable() and value:
        raise ValueError("a text is missing, too long or not plain")
    return value.strip()
