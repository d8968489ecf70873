"""The loupe keeps the last place of the picture when the cursor leaves it."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fineview.core.evidence import ModelsEye
from fineview.core.geometry import Box
from fineview.core.study import FrameKey
from fineview.gui.viewer.eye_pane import EyePane
from fineview.services.eye import EyeView
from tests.gui.scene import MODEL


@pytest.fixture
def pane(qtbot: QtBot, qapp: object) -> EyePane:
    """A picture of 40 x 20 px on a canvas of 80 x 80, twice as large, 20 px from the top."""
    made = EyePane()
    qtbot.addWidget(made)
    eye = ModelsEye(np.zeros((80, 80, 3), np.uint8), Box(0, 20, 80, 40), (Box(0, 0, 80, 80),), None, "80 x 80 px")
    made.show_view(EyeView(FrameKey("s", 0), "", MODEL, eye, np.zeros((20, 40, 3), np.uint8)), "")
    return made


def test_outside_the_picture_the_last_place_stays(pane: EyePane) -> None:
    assert pane.loupe.point == (20.0, 10.0)
    pane.look_at((7.0, 5.0))
    for outside in ((-1.0, 5.0), (40.5, 5.0), (7.0, 20.5), None):
        pane.look_at(outside)
        assert pane.loupe.point == (7.0, 5.0)
    pane.canvas.hovered.emit((10.0, 5.0))  # the margin above the picture
    assert pane.loupe.point == (7.0, 5.0)
    pane.canvas.hovered.emit((10.0, 30.0))
    assert pane.loupe.point == (5.0, 5.0)
