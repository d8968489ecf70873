"""A passive pane: its picture and its words belong together, and its lines lie where the files say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.study import FrameInfo, FrameKey, Laterality, Patient, Series, Study
from fineview.gui.theme import DARK, apply_theme
from fineview.gui.viewer.neighbour import Neighbour
from fineview.gui.viewer.pane_title import PaneTitle, title_words
from fineview.services.pane_view import PaneState
from fineview.services.session import Notice

LEFT = Qt.MouseButton.LeftButton
SERIES = Series("a", "1", "OPT", "macula", rows=100, cols=100, laterality=Laterality("R", "header"), frames=tuple(
    FrameInfo("a", i, rows=100, cols=100, spacing=Spacing(0.1, 0.1, 1.0, ScaleSource.CALIBRATED)) for i in range(5)))
STUDY = Study("1", Patient("Muster^Anna"), "20260304", series=(SERIES,))


def state(index: int, level: int | None = 80, series: Series = SERIES, **more) -> PaneState:
    image = np.full((100, 100), level, np.uint8) if level is not None else None
    return PaneState(1, STUDY, series, FrameKey(series.uid, index), series.frames[index], image=image,
                     loaded=image is not None, **more)


@pytest.fixture
def pane(qtbot: QtBot, qapp) -> Neighbour:
    apply_theme(qapp, "dark")
    made = Neighbour(1)
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.show()
    return made


def painted(pane: Neighbour, x: float, y: float) -> QColor:
    spot = pane.placement.matrix().map(QPoint(round(x), round(y)))
    return pane.grab().toImage().pixelColor(spot)


def test_the_last_picture_stays_under_its_own_number_until_the_next_is_there(pane: Neighbour) -> None:
    pane.show_pane(state(2))
    pane.show_pane(state(3, None))
    assert pane.top_lines[0] == "3/5" and painted(pane, 30, 50).red() == 80 and pane.message == ""
    pane.show_pane(state(4, 120))
    assert pane.top_lines[0] == "5/5" and painted(pane, 30, 50).red() == 120


def test_never_a_picture_under_the_name_of_another_series(pane: Neighbour) -> None:
    pane.show_pane(state(2))
    pane.show_pane(state(0, None, replace(SERIES, uid="b")))
    assert pane.base.empty and pane.message == "Loading …"
    pane.show_pane(PaneState(1))
    assert pane.message == "Drag a series here"


def test_a_frame_that_cannot_be_read_says_so(pane: Neighbour) -> None:
    pane.show_pane(state(2))
    pane.show_pane(state(3, None, problem=Notice(0, "error", "It is damaged.", "Copy it.")))
    assert pane.base.empty and pane.message == "It is damaged.\nCopy it."


def test_the_active_frame_is_a_bright_line_and_the_hold_key_hides_it(pane: Neighbour) -> None:
    pane.show_pane(state(2, 0, here=((0.0, 40.0), (100.0, 40.0))))
    accent = QColor(DARK.accent)
    assert painted(pane, 50, 40).blue() > 0.8 * accent.blue() and painted(pane, 50, 45).blue() == 0
    pane.hide_marks(True)
    assert painted(pane, 50, 40).blue() == 0


def test_a_click_on_scan_lines_jumps_and_elsewhere_chooses_the_pane(qtbot: QtBot, pane: Neighbour) -> None:
    jumps, wants = [], []
    pane.jumped.connect(jumps.append)
    pane.wanted.connect(lambda: wants.append(True))
    frames = tuple(FrameInfo("v", n, scan_line=((10.0, 20.0 + 20 * n), (90.0, 20.0 + 20 * n))) for n in range(4))
    volume = Series("v", "1", "OPT", frames=frames, localizer_uid=SERIES.uid)
    pane.show_pane(state(0, volume=volume, jumps=0))
    qtbot.mouseClick(pane, LEFT, pos=pane.placement.matrix().map(QPoint(50, 58)))
    assert (jumps, wants) == ([2], [])
    pane.show_pane(state(0))
    qtbot.mouseClick(pane, LEFT, pos=pane.rect().center())
    assert (jumps, wants) == ([2], [True])


def test_what_the_line_above_says(qtbot: QtBot) -> None:
    one = state(2)
    assert title_words(one, False) == ("OD", "2026-03-04", "macula")
    assert title_words(one, True)[0] == "Muster, Anna" and title_words(PaneState(0), True) == ("empty",)
    for organ, side, words in (("eye", None, "side unknown"), ("paired", None, "side unknown"), ("eye", "L", "OS"),
                               ("paired", "R", "right side")):
        series = replace(SERIES, laterality=Laterality(side, "header", organ))
        assert title_words(state(0, series=series), False)[0] == words
    brain = replace(SERIES, laterality=Laterality(None, "none", "other"))
    assert title_words(state(0, series=brain), False)[0] == "2026-03-04"
    title = PaneTitle(1)
    qtbot.addWidget(title)
    title.show_pane(replace(one, follows="scan"), active=False, linked=True, with_person=False)
    assert title.accessibleName() == (
        "Pane 2, OD, 2026-03-04, macula, scrolls with the active pane, by place in the scan")
