"""One update per turn of the event loop, and only what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from fineview.core.geometry import Box
from fineview.gui.bind import FIELDS, Binder, differences, same
from fineview.services.snapshot import OverlayState, ViewState, snapshot
from fineview.services.workbench import Workbench


class Watcher:
    def __init__(self, *names: str) -> None:
        self.WATCHES = frozenset(names)
        self.heard: list[frozenset[str]] = []

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self.heard.append(changed)


@pytest.fixture
def opened(bench: Workbench, settle: Callable[[Callable[[], bool]], None]) -> Workbench:
    bench.open.sample()
    settle(lambda: bench.session.raster is not None and not bench.session.progress)
    return bench


def test_arrays_are_compared_by_identity() -> None:
    one = np.zeros(3)
    assert same(one, one) and not same(one, one.copy()) and not same(one, None)
    overlay = OverlayState(np.zeros((2, 2, 4), np.uint8), Box(0, 0, 2, 2), True, "DAR", (0, 1), None)
    assert same(overlay, replace(overlay)) and not same(overlay, replace(overlay, rgba=overlay.rgba.copy()))


def test_first_showing_shows_everything(opened: Workbench) -> None:
    assert differences(None, snapshot(opened.session)) == FIELDS


def test_the_same_session_differs_in_nothing(opened: Workbench) -> None:
    assert differences(snapshot(opened.session), snapshot(opened.session)) == frozenset()


def test_only_concerned_views_hear(qtbot: QtBot, opened: Workbench) -> None:
    parent = QObject()
    view, tools, other = Watcher("view", "image"), Watcher("tool"), Watcher("answers")
    binder = Binder(opened.session, (view, tools, other), parent)
    binder.update_now()
    for one in (view, tools, other):
        one.heard.clear()
    opened.look.invert()
    opened.look.invert()
    opened.look.invert()
    opened.look.tool("box")
    assert view.heard == []
    qtbot.waitUntil(lambda: bool(view.heard))
    # Four pulses, one update; inverting changes the wish and the pixels.
    assert view.heard == [frozenset({"view", "image"})]
    assert tools.heard == [frozenset({"tool"})]
    assert other.heard == []
    binder.close()
    opened.look.invert()
    qtbot.wait(20)
    assert len(view.heard) == 1
