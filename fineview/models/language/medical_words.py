"""The shipped list of retinal words that mean the same (``resources/words/synonyms.json``, written for FineView).

A phrase belongs to one group at most, and the members of a group name exactly the same things, so that any of them may
stand for any other, under a negation too.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from fineview import paths
from fineview.core.errors import FineViewError

Groups = tuple[tuple[str, ...], ...]


@lru_cache(maxsize=1)
def groups() -> Groups:
    """All groups, the plain word of each first.  Raises ``FineViewError`` ``words-missing`` for a damaged list."""
    path = paths.resources_dir() / "words" / "synonyms.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["groups"]
        found = tuple(tuple(str(phrase) for phrase in group) for group in held)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise FineViewError("The list of medical words cannot be read.", "Install FineView again.",
                            "words-missing") from problem
    return found


@lru_cache(maxsize=1)
def _group_of() -> dict[str, tuple[str, ...]]:
    return {_key(phrase): group for group in groups() for phrase in group}


def synonyms(phrase: str) -> tuple[str, ...]:
    """The other words for ``phrase``; () where the list has none.  Capitals do not matter here."""
    return tuple(other for other in _group_of().get(_key(phrase), ()) if _key(other) != _key(phrase))


def phrase_pattern() -> re.Pattern[str]:
    """Finds every phrase of the list in running text, the longest first, whole words only."""
    return _pattern()


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    phrases = sorted((phrase for group in groups() for phrase in group), key=len, reverse=True)
    # Short forms in capitals only ("os" is a word of its own); never inside a word or a hyphened word ("no-reflow").
    ways = (re.escape(one) if one.isupper() else f"(?i:{re.escape(one)})" for one in phrases)
    return re.compile(r"(?<![\w\-/.])(?:" + "|".join(ways) + r")(?![\w\-/])")


def plain(text: str) -> str:
    """The text with every phrase of the list replaced by its group's first: equal for texts that differ in synonyms."""
    return phrase_pattern().sub(lambda found: _group_of()[_key(found[0])][0], text)


def _key(phrase: str) -> str:
    return " ".join(phrase.lower().split())
