"""Verdicts of the chat: presence on balanced regions, what is it, calibration, and the same asked of another image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fineview.core.intent import Intent
from fineview.lab.chat_desk import Desk, Told, prior, share
from fineview.lab.figures import Figure, bootstrap_interval, judged
from fineview.lab.question_regions import AskedRegion, alone, beside_the_retina, overlaps, twins
from fineview.lab.question_scenes import Scene
from fineview.lab.reliability import calibration_error

EACH = 16  # regions with a lesion a label and picture


@dataclass(slots=True)
class Verdicts:
    """Answers collected over pictures of one kind."""

    presence: list[Told] = field(default_factory=list)
    naming: list[Told] = field(default_factory=list)
    swapped: list[Told] = field(default_factory=list)
    beside: list[Told] = field(default_factory=list)


def collect(desk: Desk, scenes: Iterable[Scene], seed: int, each: int = EACH) -> Verdicts:
    """Ask about every scene; each is encoded once.  What held on one is asked of the next: the image swapped."""
    return collect_beside((desk,), scenes, seed, each)[0]


def collect_beside(desks: Sequence[Desk], scenes: Iterable[Scene], seed: int, each: int = EACH) -> list[Verdicts]:
    """The same questions to several desks, scene by scene, so that a scene is encoded once for all."""
    made, carried = [Verdicts() for _ in desks], [list[AskedRegion]() for _ in desks]
    for number, scene in enumerate(scenes):
        carried = [_collect(desk, scene, number, np.random.default_rng([seed, number, 91]), each, held, before)
                   for desk, held, before in zip(desks, made, carried, strict=True)]
    return made


def _collect(desk: Desk, scene: Scene, number: int, rng: np.random.Generator, each: int, made: Verdicts,
             carried: list[AskedRegion]) -> list[AskedRegion]:
    """One scene's answers into ``made``; returns the regions that are asked about on the next one."""
    made.swapped += _asked_again(desk, scene, carried, number)
    carried = []
    for one in twins(scene, rng, each):
        told = _presence(desk, scene, one, number)
        made.presence.append(told)
        if one.holds and told.said == "yes":
            carried.append(one)
    for one in alone(scene, rng, each // 2):
        answer = desk.ask(scene, Intent("what"), one.box)
        made.naming.append(Told(number, one.word, one.word, answer.label, answer.confidence))
    words = [word for word in scene.boxes if word != "optic_disc"]
    for box in beside_the_retina(scene, rng, 4) if scene.modality == "OP" else ():
        made.beside += [_presence(desk, scene, AskedRegion(word, box, False), number) for word in words]
    return carried


def _presence(desk: Desk, scene: Scene, one: AskedRegion, number: int) -> Told:
    answer = desk.ask(scene, Intent("presence", one.word), one.box)
    said = answer.verdict if answer.verdict in ("yes", "no") else None
    return Told(number, one.word, "yes" if one.holds else "no", said, answer.confidence)


def _asked_again(desk: Desk, scene: Scene, carried: list[AskedRegion], number: int) -> Iterator[Told]:
    """Questions answered "yes" on the picture before, where this one has no such lesion."""
    rows, cols = scene.view.shape
    for one in carried:
        inside = one.box.x + one.box.w <= cols and one.box.y + one.box.h <= rows
        if inside and one.word in scene.boxes and not overlaps(one.box, scene.boxes[one.word]).any():
            yield _presence(desk, scene, AskedRegion(one.word, one.box, False), number)


def presence_figures(told: list[Told], kind: str, seed: int, goals: bool) -> list[Figure]:
    """Accuracy of those answered, share answered, yes-ratio; and accuracy a label."""
    answered = [one for one in told if one.said is not None]
    made = [share(f"presence_accuracy_{kind}", answered, lambda one: one.right, seed, 0.88 if goals else None,
                  baselines={"always yes": 0.5, "always abstain": None, "class prior": prior(o.truth for o in told)}),
            share(f"presence_answered_{kind}", told, lambda one: one.said is not None, seed, 0.85 if goals else None,
                  baselines={"always yes": 1.0, "always abstain": 0.0})]
    ratio = share(f"presence_yes_ratio_{kind}", answered, lambda one: one.said == "yes", seed,
                  baselines={"always yes": 1.0})
    if goals and ratio.value is not None:
        ratio = Figure(ratio.name, ratio.value, ratio.unit, ratio.n, ratio.interval, 0.5,
                       0.45 <= ratio.value <= 0.55, ratio.baselines)
    made.append(ratio)
    for word in dict.fromkeys(one.word for one in told):
        mine = [one for one in answered if one.word == word]
        made.append(share(f"presence_accuracy_{kind}_{word}", mine, lambda one: one.right, seed))
    return made


def naming_figures(told: list[Told], kind: str, seed: int, goals: bool) -> list[Figure]:
    """What is it: one label in a tight region.  Those it would not name count as neither right nor wrong, but show."""
    answered = [one for one in told if one.said is not None]
    return [share(f"what_is_it_accuracy_{kind}", answered, lambda one: one.right, seed, 0.85 if goals else None,
                  baselines={"class prior": prior(one.truth for one in told), "always abstain": None}),
            share(f"what_is_it_answered_{kind}", told, lambda one: one.said is not None, seed,
                  baselines={"always abstain": 0.0})]


def gain(name: str, before: list[Told], after: list[Told], seed: int) -> Figure:
    """Share right of ``after`` less that of ``before``, of the questions that both answered; the interval draws whole
    pictures."""
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if None not in (old.said, new.said)]
    better = np.array([float(new.right) - float(old.right) for old, new in pairs])
    names = np.array([str(old.picture) for old, _ in pairs])
    groups = [np.flatnonzero(names == one) for one in dict.fromkeys(names)]

    def resampled(chosen: np.ndarray) -> float:
        return float(np.concatenate([better[groups[k]] for k in chosen]).mean())

    if not pairs:
        return Figure(name, None, "fraction", 0)
    return Figure(name, float(better.mean()), "fraction", len(pairs), bootstrap_interval(resampled, len(groups), seed),
                  baselines={"evidence": 0.0})


def calibration_figure(name: str, told: list[Told], seed: int, goal: float | None) -> Figure:
    """Expected calibration error of the confidence given with each yes and no; 1,000 answers are needed for a goal."""
    given = [one for one in told if one.said is not None and one.confidence is not None]
    scores = np.array([one.confidence for one in given], float)
    right = np.array([one.right for one in given], bool)
    names = list(dict.fromkeys(one.picture for one in given))
    groups = [np.flatnonzero([one.picture == number for one in given]) for number in names]

    def resampled(chosen: np.ndarray) -> float:
        rows = np.concatenate([groups[k] for k in chosen])
        return calibration_error(scores[rows], right[rows])

    value = calibration_error(scores, right) if len(given) else None
    always = abs(float(right.mean()) - 1.0) if len(given) else None
    figure = Figure(name, value, "fraction", len(given), bootstrap_interval(resampled, len(groups), seed),
                    baselines={"always certain": always})
    return judged(figure, goal, higher_is_better=False) if goal is not None and len(given) >= 1000 else figure
