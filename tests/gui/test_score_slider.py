"""The slider on scores: suggestions below it leave list and picture, decisions stay, and the promise stands beneath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fineview.core.evidence import ModelIdentity
from fineview.core.finding import State
from fineview.core.measured import StoredResult
from fineview.core.promises import OperatingCurve, OperatingPoint
from fineview.gui.main_window import MainWindow
from fineview.services.session import EngineFacts
from tests.gui.scene import MODEL, suggestion

CURVE = OperatingCurve("drusen", 12, 40, (OperatingPoint(0.3, 50, 20, 18), OperatingPoint(0.7, 10, 9, 6)))
RESULT = StoredResult("lesions", "2026-11-21T10:00:00Z", "FineView", ModelIdentity("retina-s", "1", MODEL.sha256),
                      "photographs kept from training", 4, "a machine", (), curves=(CURVE,))


def test_a_hand_moves_the_slider(window: MainWindow, settle: Callable[[Callable[[], bool]], None]) -> None:
    session, panel, scores = window._bench.session, window.findings, window.findings.scores
    assert session.frame_key is not None
    session.results, session.engines[""] = (RESULT,), EngineFacts(MODEL, ())
    weak = replace(suggestion(session.frame_key, 1), score=0.4)
    strong = replace(suggestion(session.frame_key, 2), score=0.8)
    done = replace(suggestion(session.frame_key, 3), score=0.35, state=State.ACCEPTED)
    session.findings = (strong, weak, done)
    session.pulse()
    settle(lambda: panel.list.topLevelItemCount() == 3)
    assert scores.isVisibleTo(panel) and (scores.slider.minimum(), scores.amount.text()) == (40, "Score from 0.40")
    assert scores.promises.text() == "drusen: precision 0.40, recall 0.45 on 40 known lesions"
    scores.slider.setValue(75)
    settle(lambda: panel.list.topLevelItemCount() == 2)
    assert window.state is not None and {one.id for one in window.state.frame_findings} == {strong.id, done.id}
    assert scores.promises.text() == "drusen: precision 0.90, recall 0.15 on 40 known lesions"
    assert scores.count.text().startswith("1 of 2 shown")
    session.findings = (done,)
    session.pulse()
    settle(lambda: not scores.isVisibleTo(panel))
