"""A volume without lines or scale is looked at from the front between two depths; a click goes to the B-scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fineview.core.geometry import Spacing
from fineview.core.layers import LayerLine
from fineview.core.study import Catalogue, FrameInfo
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.front import FrontPanel
from fineview.services.workbench import Workbench
from tests.gui import scene
from tests.gui.panels import test_thickness
from tests.gui.panels.test_thickness import bench, window

__all__ = ["bench", "window"]
Settle = Callable[[Callable[[], bool]], None]


class Bare(test_thickness.Lined):
    """The volume without lines, scale or places; its frames are those of the scene: a bright block in six rows."""

    def scan(self, paths: object, token: object) -> Iterator[Catalogue]:
        for found in super().scan(paths, token):
            volume, *others = found.studies[0].series
            frames = tuple(replace(one, spacing=Spacing(), scan_line=None) for one in volume.frames)
            bare = replace(volume, frames=frames, spacing=Spacing(), localizer_uid=None)
            yield replace(found, studies=(replace(found.studies[0], series=(bare, *others)), *found.studies[1:]))

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        return ()


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> FrontPanel:
    monkeypatch.setattr(test_thickness, "Lined", Bare)
    made: MainWindow = request.getfixturevalue("window")
    return made.thickness.front


def test_between_two_depths_in_pixels(panel: FrontPanel, bench: Workbench, settle: Settle,  # noqa: F811
                                      qtbot: QtBot) -> None:
    assert not panel.isHidden() and [box.suffix() for box in panel.depths] == [" px", " px"]
    assert panel.depths[1].value() == scene.ROWS and panel.picture.isHidden()
    panel.depths[1].setValue(6)
    panel.look.click()
    settle(lambda: not panel.picture.isHidden())
    front = bench.thickness.front.seen
    assert front is not None and front.view is not None and front.view.cell_mm is None
    # One row a B-scan; six columns of 250 in rows 0 to 6, beside 20 and the frame's number.
    assert np.allclose(front.view.values[:, :6], 250) and front.view.values[:, 6:].max() < 60
    assert panel.words.text() == "top of the scan to 6 px deep, mean, a pixel is an A-scan: no scale"
    at = panel.picture.placement.to_screen((50.0, 11.5)).toPoint()
    qtbot.mouseClick(panel.picture, Qt.MouseButton.LeftButton, pos=at)
    assert bench.session.index == 11


def test_an_empty_slab_says_so(panel: FrontPanel, bench: Workbench, settle: Settle) -> None:  # noqa: F811
    panel.depths[0].setValue(30)
    panel.depths[1].setValue(20)
    panel.look.click()
    settle(lambda: bool(panel.words.text()))
    assert "Nothing of the volume lies in the slab" in panel.words.text() and panel.picture.isHidden()


def test_a_photograph_has_no_front(panel: FrontPanel, bench: Workbench, settle: Settle) -> None:  # noqa: F811
    bench.open.show_series("photo")
    settle(lambda: panel.isHidden())
