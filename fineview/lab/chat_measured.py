"""Numbers in answers beside the same numbers worked out apart, from the region and the pixels alone."""

from __future__ import annotations

import math

from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.region import Region
from fineview.imaging.region_mask import region_mask
from fineview.lab.chat_desk import Desk, Told, share
from fineview.lab.figures import Figure
from fineview.lab.question_grammar import Grammar
from fineview.lab.question_pairs import Asking
from fineview.lab.question_scenes import Scene

KINDS = ("size", "distance", "count", "brightness")


def measured(desk: Desk, scenes: list[Scene], grammar: Grammar, seed: int) -> list[Told]:
    """Every number the scenes have questions for.  "equal" within a part in a million, with the same unit."""
    made = []
    for number, scene in enumerate(scenes):
        for pair in Asking(grammar, scene, seed + number).pairs():
            if pair.intent.asked not in KINDS or pair.keeps or pair.box is None:
                continue
            answer = desk.ask(scene, pair.intent, pair.box)
            value, unit = pair.value, pair.unit
            if pair.intent.asked == "count":
                value, unit = float(counted(desk, scene, pair.intent, pair.box)), "lesions"
            same = answer.value is not None and value is not None and math.isclose(answer.value, value, rel_tol=1e-6)
            fits = unit is None or answer.unit == unit
            made.append(Told(number, pair.intent.asked, "equal", "equal" if same and fits else "other"))
    return made


def counted(desk: Desk, scene: Scene, intent: Intent, box: Box) -> int:
    """Suggestions of the asked label whose middle pixel lies in the region: counted here, one by one."""
    _, seen = desk.ground(scene, intent, box).analysis()
    mask = region_mask(Region.from_box(box), *scene.view.shape)
    return sum(bool(mask[int(one.box.y + one.box.h / 2), int(one.box.x + one.box.w / 2)]) for one in seen.proposals
               if intent.label in ("lesion", one.label))


def measured_figures(told: list[Told], seed: int) -> list[Figure]:
    return [share(f"{kind}_equals_measurement", [one for one in told if one.word == kind], lambda one: one.right, seed,
                  1.0) for kind in KINDS]
