"""Contrast of what is really painted, in both themes: words 4.5:1, icons and words out of use 3:1 (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLineEdit, QPlainTextEdit, QWidget

from fineview.core.region import RegionKind
from fineview.gui import icons, theme
from fineview.gui.main_window import MainWindow
from tests.gui.pixels import contrast, ground_of, ink_contrast, pixels_of
from tests.gui.walk import DIALOGS, opened, pages, place_in, visible, where, written

WORDS, GRAPHICS = 4.5, 3.0
Settle = Callable[[Callable[[], bool]], None]


def faint(root: QWidget) -> list[str]:
    """What is written or drawn in ``root`` with less contrast than it needs, measured on its pixels."""
    picture, told = pixels_of(root), []
    for one in visible(root):
        icon = isinstance(one, QAbstractButton) and not one.icon().isNull()
        if not written(one).strip() and not icon:
            continue
        place = place_in(one, root).intersected(root.rect())
        part = picture[place.top():place.bottom() + 1, place.left():place.right() + 1]
        if part.size == 0:
            continue
        needed = GRAPHICS if icon or not one.isEnabled() else WORDS
        found = ink_contrast(part)
        if len(written(one).strip()) < 3 and not icon:  # a single letter may have no stroke that fills a pixel
            found = max(found, float(contrast(_rgb(one.palette().color(one.foregroundRole())), ground_of(part))))
        if found < needed:
            told.append(f"{found:.2f} of {needed}: {where(one)}")
    return told


def placeholders(root: QWidget) -> list[str]:
    """Empty fields, by the pixels inside their border."""
    told = []
    for one in visible(root):
        if isinstance(one, QLineEdit | QPlainTextEdit) and one.placeholderText() and not one.hasFocus():
            words = one.text() if isinstance(one, QLineEdit) else one.toPlainText()
            found = ink_contrast(pixels_of(one)[4:-4, 6:-6])
            if not words and found < WORDS:
                told.append(f"{found:.2f}: {where(one)}")
    return told


def in_lists(root: QWidget) -> list[str]:
    """Words of trees and lists, cell by cell."""
    told = []
    for view in (one for one in visible(root) if isinstance(one, QAbstractItemView)):
        picture, model = pixels_of(view.viewport()), view.model()
        for index in cells(model):
            place = view.visualRect(index).intersected(view.viewport().rect())
            part = picture[place.top():place.bottom() + 1, place.left():place.right() + 1]
            if len(str(index.data() or "").strip()) > 2 and part.size and ink_contrast(part) < WORDS:
                told.append(f"{ink_contrast(part):.2f}: \"{index.data()}\" in {where(view)}")
    return told


def cells(model: QAbstractItemModel, under: QModelIndex | None = None) -> Iterator[QModelIndex]:
    under = under or QModelIndex()
    for row in range(model.rowCount(under)):
        for column in range(model.columnCount(under)):
            yield model.index(row, column, under)
        yield from cells(model, model.index(row, 0, under))


def _rgb(colour: QColor) -> np.ndarray:
    return np.array([colour.red(), colour.green(), colour.blue()], np.uint8)


@pytest.fixture(params=["dark", "light"])
def dressed(request: pytest.FixtureRequest, qapp: QApplication, window: MainWindow, settle: Settle) -> MainWindow:
    """A window with marks and notices whose theme is changed while they are there."""
    bench = window._bench
    bench.annotate.add(RegionKind.BOX, ((5.0, 5.0), (20.0, 15.0)), "drusen")
    settle(lambda: bool(bench.session.findings))
    bench.session.tell("error", "Not saved: the disk is full.", "Free some space.", "disk-full")
    bench.session.tell("warning", "The scale is assumed.", "")
    bench.session.pulse()
    window.binder.update_now()
    for name in ({"dark", "light"} - {request.param}, {request.param}):
        theme.apply_theme(qapp, name.pop())
        icons.redress()
    window.binder.update_now()
    return window


def test_the_measure_sees_faint_words(dressed: MainWindow) -> None:
    label = dressed.banner.person
    label.setStyleSheet("color: #777777; background: #666666;")
    assert any("QLabel" in line for line in faint(dressed))
    label.setStyleSheet("")


def test_every_word_in_the_window(dressed: MainWindow) -> None:
    told = [f"{page}: {line}" for page in pages(dressed)
            for line in (*faint(dressed), *placeholders(dressed), *in_lists(dressed))]
    assert told == []
    dressed._bench.open.close_study()
    dressed.binder.update_now()
    assert faint(dressed) == []


def test_every_word_in_dialogs(dressed: MainWindow) -> None:
    told = []
    for name in DIALOGS:
        with opened(dressed, name) as page:
            told += [f"{name}: {line}" for line in (*faint(page), *placeholders(page), *in_lists(page))]
    assert told == []


@pytest.mark.parametrize("name", ["dark", "light"])
def test_tokens_that_are_no_text_can_be_seen(name: str) -> None:
    """Edges of fields, checks and words out of use; the strip that tells persons apart."""
    tokens = theme.THEMES[name]
    for ground in ("ground", "panel", "raised"):
        assert theme.contrast(tokens.faint, getattr(tokens, ground)) >= GRAPHICS
    for colour in theme.PATIENT_STRIPS:
        assert theme.contrast(colour, tokens.panel) >= GRAPHICS
    assert theme.contrast(tokens.accent, tokens.chosen) >= GRAPHICS
