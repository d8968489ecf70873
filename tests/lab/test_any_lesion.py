"""Presence of any lesion in a photograph, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.lab.any_lesion import AnyLesion, alarms
from fineview.lab.lesion_metrics import Tally


def photo(top: float, lesions: int, disc: float = 1.0) -> dict[str, Tally]:
    """Two labels with one maximum each; the disc is no lesion, however bright."""
    nothing = np.zeros(0)
    return {"haemorrhage": Tally(nothing, nothing, np.zeros(lesions), None, top, None),
            "optic_disc": Tally(nothing, nothing, np.zeros(1), True, disc, None)}


def test_what_clearly_stands_apart_raises_no_false_alarm() -> None:
    seen = AnyLesion()
    for number in range(20):
        sick = number % 2 == 0
        seen.look({"model": photo(0.9 if sick else 0.2, int(sick)), "random": photo(0.5, int(sick))}, {})
    auroc, false, right = seen.figures("model", 0)
    assert (auroc.name, auroc.value, auroc.n, auroc.met, auroc.baselines["random"]) == (
        "presence_auroc_lesion", 1.0, 20, True, 0.5)
    assert (false.value, false.n, false.met) == (0.0, 10, True) and (right.value, right.n) == (1.0, 10)
    assert auroc.interval == (1.0, 1.0)


def test_the_auroc_is_the_share_of_pairs_in_order() -> None:
    seen = AnyLesion()
    for top, lesions in ((0.9, 1), (0.4, 2), (0.5, 0), (0.1, 0)):  # three of four pairs are in order
        seen.look({"model": photo(top, lesions)}, {"model": lambda word, top: top / 2})
    figures = {one.name: one for one in seen.figures("model", 0)}
    assert figures["presence_auroc_lesion"].value == pytest.approx(0.75) and not figures["presence_auroc_lesion"].met


def test_photographs_of_one_kind_say_nothing() -> None:
    seen = AnyLesion()
    for _ in range(4):
        seen.look({"model": photo(0.5, 1)}, {})
    assert seen.figures("model", 0) == []


def test_an_alarm_is_called_by_the_other_folds() -> None:
    """One photograph outside both groups: its own score must not move its own threshold."""
    evidence = np.array([0.1] * 10 + [0.9] * 10 + [0.5])
    present = np.array([False] * 10 + [True] * 10 + [True])
    called = alarms(evidence, present, 0)
    assert not called[:10].any() and called[10:20].all()
    assert not called[20], "from the others' scores, 0.9 is the least that sick eyes have"
