"""One question about one frame -> one answer.  Numbers come from pixels and spacing, verdicts about lesions from the
encoder's features of the region, wording from templates.  "Cannot tell" wherever the ground is thin.

One kind of question, one line of the table, one small file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from fineview.core.dialogue import Answer, Question
from fineview.core.intent import Asked, Intent
from fineview.services.analyse import FrameRequest
from fineview.services.answer_basis import basis
from fineview.services.answer_compare import compare
from fineview.services.answer_cut import cut
from fineview.services.answer_lesions import count, presence, what
from fineview.services.answer_outside import not_understood, outside
from fineview.services.answer_where import distance, where
from fineview.services.follow_up import followed
from fineview.services.ground import Ground, abstain
from fineview.services.measuring import brightness, comparison, how_large, how_long

Handler = Callable[[Ground, Intent], Answer]


def _measured(measure: Callable[[Question, FrameRequest, str], Answer]) -> Handler:
    return lambda ground, intent: measure(ground.question, ground.request, intent.asked)


def _side(ground: Ground, _: Intent) -> Answer:
    eye = ground.laterality
    if eye.value is None:
        return abstain(ground, "the file does not say which side this is.")
    source = "the header" if eye.source == "header" else "the file name"
    return Answer(ground.question, f"This is the {eye.words}, according to {source}.", label=eye.value, confidence=None)


HANDLERS: Mapping[Asked, Handler] = {
    "what": what, "presence": presence, "count": count, "side": _side, "size": _measured(how_large),
    "length": _measured(how_long), "brightness": _measured(brightness), "brighter": _measured(comparison),
    "darker": _measured(comparison), "distance": distance, "where": where, "compare": compare, "cut": cut,
    "basis": basis, "outside": outside, "unknown": not_understood}
_NEED_NO_PIXEL = frozenset({"outside", "unknown", "basis", "side"})


def answer(ground: Ground) -> Answer:
    """Answer ``ground.question``.  Raises ``Cancelled`` and ``FineViewError`` only; never guesses."""
    return settled(ground)[2]


def settled(ground: Ground) -> tuple[Ground, Intent, Answer]:
    """The answer, with the region and the meaning that it is an answer to.  Raises as ``answer``."""
    started = time.perf_counter()
    ground, intent = followed(ground, ground.read(ground.question.text))
    if intent.asked not in _NEED_NO_PIXEL and not ground.mask().any():
        made = abstain(ground, "The region lies outside the image.")
    else:
        made = HANDLERS[intent.asked](ground, intent)
    seen = ground.judged(made.model is not None)
    return ground, intent, replace(made, seconds=time.perf_counter() - started, domain=seen)
