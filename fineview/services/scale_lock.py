"""No length in a language model's words where the picture has no scale that could carry it.

Such a model measures nothing: it says what reads well.  Where the spacing of a file is assumed or unknown, a sentence
with a physical length is withheld, with the reason; where it is known, the words stay and are marked as not measured.
Numbers of our own come from pixels and spacing (:mod:`measuring`) and never pass here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fineview.core.dialogue import Answer, Answered
from fineview.core.evidence import WordMap
from fineview.core.geometry import ScaleSource, Spacing

NOT_MEASURED = "Lengths in these words are the model's own and were not measured."
_WHY = {ScaleSource.ASSUMED: "the spacing of this file is only assumed", ScaleSource.NONE: "this file has no scale"}
# Whole words or written behind a number; "mmHg" is a pressure.
_UNIT = re.compile(
    r"(?<![^\W\d_])(mm|cm|[µμu]m|mil+[ií]m[eèé]t\w*|mi[ck]r[oó]m[eèé]t\w*|[cz]ent[ií]m[eèé]t\w*|mi[ck]ron\w*|мм|мкм)"
    r"(?![^\W\d_²³])|毫米|微米|厘米", re.I)
_SENTENCE = re.compile(r".+?(?:[.!?。]+(?=\s|$|[^\x00-\x7f])|\n|$)\s*", re.S)


def states_length(text: str) -> bool:
    """Whether words name a physical unit of length, area or volume."""
    return _UNIT.search(text) is not None


def why_locked(spacing: Spacing) -> str:
    """Why nobody may state millimetres on this frame; "" where they may be measured."""
    return "" if spacing.known else _WHY.get(spacing.source, "the spacing of this file is incomplete")


def without_lengths(text: str, words: tuple[WordMap, ...], why: str, whole: bool = True
                    ) -> tuple[str, tuple[WordMap, ...]]:
    """``text`` with every sentence that states a length replaced by the reason, and the maps of the words that stay.

    ``whole`` False: more is coming; the last sentence is shown up to its first digit, whose unit is not said yet.
    """
    made, kept = "", list[WordMap]()
    for begin, sentence, ended in _sentences(text, whole):
        shown = sentence
        if states_length(sentence):
            note = f"[A length was withheld: {why}.] "
            shown = "" if made.endswith(note) else note
        else:
            if not ended:
                shown = re.split(r"\d", sentence, maxsplit=1)[0]
            kept += [replace(one, start=one.start - begin + len(made), end=one.end - begin + len(made))
                     for one in words if begin <= one.start and one.end <= begin + len(shown)]
        made += shown
    return made.rstrip() if whole else made, tuple(kept)


def _sentences(text: str, whole: bool) -> Iterator[tuple[int, str, bool]]:
    """(where it begins, the sentence with the space behind it, whether it has ended)."""
    for found in _SENTENCE.finditer(text):
        yield found.start(), found.group(), whole or found.end() < len(text)


def locked(made: Answered, spacing: Spacing) -> Answered:
    """A language model's answer as it may be shown, kept and reported."""
    why = why_locked(spacing)
    if not why:
        return replace(made, answer=_marked(made.answer))
    text, words = without_lengths(made.answer.text, made.words, why)
    if text == made.answer.text:
        return made
    return replace(made, answer=replace(made.answer, text=text, reason=made.answer.reason or why), words=words)


def _marked(answer: Answer) -> Answer:
    if not states_length(answer.text) or NOT_MEASURED in answer.text:
        return answer
    return replace(answer, text=f"{answer.text.rstrip()} {NOT_MEASURED}")
