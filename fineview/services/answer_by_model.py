"""Asking a model that answers in words, without letting it do what is measured or read from the header.

Sizes, lengths, brightness, distances and sides stay with :mod:`fineview.services.answering`: numbers come from pixels
and spacing, the side from the header.  Everything else goes to the ``Answerer``; its words stream to
``on_words``, and what it is doing goes through the job's token.  Lengths it states of its own accord are held back or
marked on the way (:mod:`fineview.services.scale_lock`).
"""

from __future__ import annotations

from dataclasses import replace

from fineview.core.dialogue import Answered
from fineview.core.evidence import WordMap
from fineview.imaging.window import to_rgb
from fineview.services.answering import answer
from fineview.services.ground import Ground, abstain
from fineview.services.ports import Answerer, OnCrop, OnWords, nobody
from fineview.services.scale_lock import locked, why_locked, without_lengths

MEASURED = frozenset({"size", "length", "brightness", "brighter", "darker", "side", "compare", "cut", "basis"})


def answer_by_model(ground: Ground, answerer: Answerer, on_words: OnWords = nobody,
                    on_crop: OnCrop | None = None) -> Answered:
    """One question -> one answer.  Raises ``Cancelled`` within two words, and ``FineViewError``."""
    intent = ground.read(ground.question.text)
    if intent.asked in MEASURED or (intent.asked == "distance" and intent.target == "fovea"):
        return Answered(answer(ground))
    if not ground.mask().any():
        return Answered(replace(abstain(ground, "The region lies outside the image."), domain=ground.judged(False)))

    region = ground.question.region.bounds if ground.question.region is not None else None
    why = why_locked(ground.request.spacing)

    def heard(text: str, words: tuple[WordMap, ...]) -> None:
        on_words(*(without_lengths(text, words, why, whole=False) if why else (text, words)))

    # The file's own window, as for the encoder: brightness on screen must not change an answer.
    made = answerer.answer(ground.question, to_rgb(ground.request.raster), region, ground.token, heard, on_crop)
    made = locked(made, ground.request.spacing)
    return replace(made, answer=replace(made.answer, domain=ground.judged(False)))
