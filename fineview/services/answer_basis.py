"""What did you base this on: the answer before, taken apart into what it cites.  Nothing is added to it."""

from __future__ import annotations

from fineview.core.chance import chance_words
from fineview.core.dialogue import Answer, Citation
from fineview.core.intent import Intent
from fineview.core.labels import on_phantoms_alone
from fineview.services.ground import Ground, abstain, titled


def basis(ground: Ground, _: Intent) -> Answer:
    """What the answer before claimed, said again with its evidence, each piece clickable."""
    before = ground.before
    if before is None:
        return abstain(ground, "nothing was answered before on this study. Every answer names its region, its maps and "
                               "its measurements.")
    told = [_words(one) for one in before.citations] or ["the words of the question alone"]
    speaker = (f" Features and chances are those of {before.model.short}, not reviewed."
               if before.model is not None else " No model had a part in it.")
    drawn = any(map(on_phantoms_alone, (before.label, *(one.text for one in before.citations))))
    sure = (f" Its chance of being right was given as {chance_words(before.confidence)}"
            f"{', calibrated on phantoms alone' if drawn else ''}." if before.confidence is not None else "")
    why = f" It said why: {before.reason}" if before.reason else ""
    asked = before.question.text.strip().rstrip("?")
    return Answer(ground.question, f"The answer to \"{asked}\" rests on {'; '.join(told)}.{speaker}{sure}{why}",
                  before.verdict, before.label, before.value, before.unit, before.abstained, before.reason,
                  before.confidence, before.citations, before.model)


def _words(one: Citation) -> str:
    box = one.box
    place = f" at x {box.x:.0f}, y {box.y:.0f}, {box.w:.0f} x {box.h:.0f} px" if box is not None else ""
    value = _value(one)
    names = {"region": f"the region{place}", "map": f"the map of {titled(one.text)}:{value} in the region",
             "proposal": f"a suggested {titled(one.text)}{place}, {value.strip()}",
             "measurement": f"{one.text.lower() or 'a measurement'}:{value}"}
    return names[one.kind]


def _value(one: Citation) -> str:
    """Number and unit behind a blank, a probability with the digits that its button shows; "" where there is none."""
    if one.value is None:
        return ""
    number = chance_words(one.value) if one.unit == "probability" else f"{one.value:.4g}"
    return f" {number} {one.unit or ''}".rstrip()
