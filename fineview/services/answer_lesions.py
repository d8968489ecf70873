"""Answers about lesions: is one there, what is it, how many.  From the encoder's evidence in the region, and the
decoder's where it has part (:mod:`verdicts`)."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from fineview.core.chance import chance_words
from fineview.core.dialogue import Answer, Citation
from fineview.core.intent import ANY_LESION, Intent
from fineview.core.labels import label_for
from fineview.services.ground import SURE, Ground, abstain, cite, not_readable, suggested, titled
from fineview.services.verdicts import Weighed, asked_for, weighed

# "Is this normal?" asks for the absence of lesions: yes and no change places.
_DENIED = re.compile(r"\b(normal|healthy|fine|clean|clear|unremarkable|free (of|from)|all (well|right)|ok(ay)?)\b",
                     re.I)


def asks_for_absence(text: str) -> bool:
    return bool(_DENIED.search(text)) and not re.search(r"\b(ab|not? )normal|unhealthy\b", text, re.I)


def presence(ground: Ground, intent: Intent) -> Answer:
    """Yes where one label is probable enough, no where all asked for are improbable enough, else "cannot tell"."""
    found = weighed(ground, intent)
    word, why = intent.label or ANY_LESION, found.why
    title = titled(word)
    if not why and word != ANY_LESION and word not in found.chances:
        where = "B-scans" if label_for(word).domain == "oct" else "fundus photographs"
        why = f"{title} is looked for on {where} only."
    if why:
        return abstain(ground, why, found.engine)
    asked = {w: s for w, s in found.chances.items() if asked_for(intent, w)}
    best = max(asked, key=lambda w: asked[w])
    present, absent = asked[best], math.prod(1.0 - score for score in asked.values())
    if max(present, absent) < SURE:
        return _unsure(ground, found, f"the evidence for {title} is weak ({chance_words(present)}).", best, word)
    there, certainty = (True, present) if present >= absent else (False, absent)
    denied = asks_for_absence(ground.question.text)
    if there:
        words = f"{'No' if denied else 'Yes'}, suggestive of {titled(best)}."
    else:
        words = f"{'Yes: no' if denied else 'No'} {title} was found here."
    text = f"{words} Suggested by {found.whose}, {chance_words(certainty)}, not reviewed."
    return Answer(ground.question, text, verdict="yes" if there is not denied else "no",
                  label=best if there else None, confidence=round(certainty, 4),
                  citations=cite(ground, found.evidence[best], found.seen, word), model=found.engine.identity,
                  weighed_with=found.beside)


def what(ground: Ground, intent: Intent) -> Answer:
    found = weighed(ground, intent)
    scores = found.chances
    if found.why:
        return abstain(ground, found.why, found.engine)
    best = max(scores, key=lambda w: scores[w])
    if scores[best] < SURE:
        return _unsure(ground, found, "nothing that the model can name stands out here.", best, best)
    others = sorted((w for w in scores if w != best and scores[w] >= SURE), key=lambda w: -scores[w])
    also = f" Also possible: {', '.join(titled(w) for w in others)}." if others else ""
    text = (f"Suggestive of {label_for(best).title.lower()}.{also} "
            f"Suggested by {found.whose}, {chance_words(scores[best])}, not reviewed.")
    return Answer(ground.question, text, label=best, confidence=round(scores[best], 4),
                  citations=cite(ground, found.evidence[best], found.seen, best), model=found.engine.identity,
                  weighed_with=found.beside)


def _unsure(ground: Ground, found: Weighed, why: str, best: str, word: str) -> Answer:
    """Below certainty; what the evidence shows is cited all the same."""
    made = abstain(ground, why, found.engine)
    return replace(made, citations=cite(ground, found.evidence[best], found.seen, word), weighed_with=found.beside)


def count(ground: Ground, intent: Intent) -> Answer:
    engine, seen = ground.analysis()
    why = not_readable(engine, seen)
    word = intent.label or ANY_LESION
    if not why and word != ANY_LESION and label_for(word).domain != seen.anatomy:
        why = f"{titled(word)} is not looked for on this kind of picture."
    if not why and word != ANY_LESION and not label_for(word).lesion:
        why = f"only lesions are counted, and {titled(word)} is none."
    if why:
        return abstain(ground, why, engine)
    found = suggested(ground, seen, word)
    text = f"{len(found)} suggested for \"{titled(word)}\" here, by {engine.identity.short}, not reviewed."
    cited = tuple(Citation("proposal", p.box, round(p.score, 4), "probability", text=p.label) for p in found[:20])
    return Answer(ground.question, text, label=None if word == ANY_LESION else word, value=float(len(found)),
                  unit="lesions", citations=cited or (Citation("region", ground.box()),), model=engine.identity)
