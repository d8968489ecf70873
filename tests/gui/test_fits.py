"""No word is cut: on small and large screens, at 100, 150 and 200 %, in the window and in every dialog."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QTabBar,
    QToolBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from fineview.core.region import RegionKind
from fineview.gui.elided import Elided
from fineview.gui.main_window import MainWindow
from fineview.gui.viewer.canvas import Canvas
from tests.gui.pixels import pixels_of
from tests.gui.walk import DIALOGS, opened, pages, visible, where, written

# Logical sizes: 1920 x 1200 at 100, 125, 150 and 200 %, 1280 x 800 at 100 and 150 %, and the smallest there is.
SIZES = ((1920, 1200), (1536, 960), (1280, 800), (960, 600), (853, 533), (840, 480))
# Around a combo box's words: border, padding and arrow of the style sheet.
_COMBO_PX = 34
SCALE = float(os.environ.get("QT_SCALE_FACTOR", "1"))


def cut(root: QWidget) -> list[str]:
    """Everything written in ``root`` that has less room than its words need, or is covered."""
    told = []
    for one in visible(root):
        if isinstance(one, Elided) or isinstance(one.parentWidget(), QToolBar):
            continue  # says in its tool tip what it leaves out; the toolbar has a menu for what finds no room
        short = _too_narrow(one)
        if short is not None and short > 0:
            told.append(f"{short} px short: {where(one)}")
        seen = one.visibleRegion().boundingRect()
        if written(one).strip() and not _scrolls(one) and (seen.width(), seen.height()) != (one.width(), one.height()):
            told.append(f"covered: {where(one)}")
    return told


def _too_narrow(one: QWidget) -> int | None:
    """Missing pixels of width, or of height where words wrap; None where nothing is written."""
    if isinstance(one, QTabBar):
        last = max((i for i in range(one.count()) if one.isTabVisible(i)), default=0)
        return one.tabRect(last).right() + 1 - one.width()
    if not written(one).strip():
        return None
    if isinstance(one, QComboBox):
        return one.fontMetrics().horizontalAdvance(one.currentText()) + _COMBO_PX - one.width()
    if isinstance(one, QLabel) and one.wordWrap():
        return one.heightForWidth(one.width()) - one.height()
    if isinstance(one, QLabel | QAbstractButton):
        return max(one.sizeHint().width() - one.width(), one.sizeHint().height() - one.height())
    return None


def _scrolls(one: QWidget) -> bool:
    above = one.parentWidget()
    while above is not None:
        if isinstance(above, QAbstractScrollArea):
            return True
        above = above.parentWidget()
    return False


def settled(window: QWidget) -> None:
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)


@pytest.fixture
def marked(window: MainWindow, settle: Callable[[Callable[[], bool]], None]) -> MainWindow:
    """A selected mark, so that the panel of findings has all its parts."""
    window._bench.annotate.add(RegionKind.BOX, ((5.0, 5.0), (20.0, 15.0)), "hard_exudate")
    settle(lambda: window._bench.session.selected is not None)
    window.binder.update_now()
    return window


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_in_the_window_is_cut(marked: MainWindow, size: tuple[int, int]) -> None:
    marked.resize(*size)
    told = []
    for page in pages(marked):
        settled(marked)
        told += [f"{page}: {line}" for line in cut(marked)]
    assert (marked.width(), marked.height()) == size
    assert marked.split.width() <= size[0] and sum(marked.split.sizes()) <= size[0]
    assert told == []


def test_all_tabs_fit_where_objects_are_there_too(marked: MainWindow) -> None:
    marked.tabs.setTabVisible(marked.tabs.indexOf(marked.objects), True)
    for size in SIZES[:4]:
        marked.resize(*size)
        settled(marked)
        assert [line for line in cut(marked.tabs) if "QTabBar" in line] == [], size


def test_nothing_in_dialogs_is_cut(window: MainWindow) -> None:
    window.resize(*SIZES[3])
    told = []
    for name in DIALOGS:
        with opened(window, name) as page:
            settled(page)
            told += [f"{name}: {line}" for line in cut(page)]
            assert page.width() <= SIZES[3][0] and page.height() <= SIZES[3][1], name
    assert told == []


def test_the_walk_sees_a_cut_word(marked: MainWindow) -> None:
    marked.banner.eye.setFixedWidth(20)
    settled(marked)
    assert any("short" in line for line in cut(marked))


def test_the_welcome_page_fits(marked: MainWindow) -> None:
    marked._bench.open.close_study()
    marked.binder.update_now()
    for size in SIZES:
        marked.resize(*size)
        settled(marked)
        assert cut(marked) == [], size


@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_other_scales(scale: str) -> None:
    """The same walk in a process whose screen is scaled: fonts and sizes are rounded otherwise there."""
    if SCALE != 1.0:
        pytest.skip("this is that process")
    picked = "960x600 or dialogs or crisp"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", picked],
                          env={**os.environ, "QT_SCALE_FACTOR": scale}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_one_to_one_is_crisp_in_device_pixels(qtbot: QtBot) -> None:
    """Every source pixel is one device pixel with its own value, also where the screen is scaled."""
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (90, 120), dtype=np.uint8)
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show()
    canvas.set_picture(image, *image.shape)
    canvas.one_to_one()
    shot = pixels_of(canvas)[..., 0]
    ratio = canvas.devicePixelRatioF()
    assert ratio == SCALE and shot.shape == (round(300 * ratio), round(400 * ratio))
    rows, cols = image.shape
    places = [(y, x) for y in range(shot.shape[0] - rows + 1) for x in range(shot.shape[1] - cols + 1)
              if shot[y, x] == image[0, 0] and np.array_equal(shot[y:y + rows, x:x + cols], image)]
    assert len(places) == 1
