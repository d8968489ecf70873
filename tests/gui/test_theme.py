"""Contrast of every pair of tokens the style sheet uses, in both themes, and the style sheet itself."""

from __future__ import annotations

import re

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from fineview.gui import icons, theme


def test_contrast_of_known_pairs() -> None:
    # WCAG: black on white is 21, and #777777 on white is the classic near miss at 4.48.
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("pair", theme.PAIRS, ids="-on-".join)
def test_every_pair_can_be_read(name: str, pair: tuple[str, str]) -> None:
    tokens = theme.THEMES[name]
    assert theme.contrast(getattr(tokens, pair[0]), getattr(tokens, pair[1])) >= 4.5


@pytest.mark.parametrize("colour", [theme.PERSON_ON_PICTURE, theme.MODEL_ON_PICTURE])
def test_marks_can_be_read_on_the_ground_of_pictures(colour: str) -> None:
    assert theme.contrast(colour, theme.DARK.picture) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_no_token_is_left_in_the_style_sheet(name: str) -> None:
    sheet = theme.style_sheet(theme.THEMES[name])
    assert not re.findall(r"[@$][a-z_]+", sheet)


def test_theme_changes_palette_and_icons(qtbot: QtBot, qapp: QApplication) -> None:
    label = QLabel("x")
    qtbot.addWidget(label)
    theme.apply_theme(qapp, "light")
    assert theme.current() is theme.LIGHT
    light = icons.icon("open").pixmap(18, 18).toImage()
    theme.apply_theme(qapp, "dark")
    assert theme.current() is theme.DARK
    assert icons.icon("open").pixmap(18, 18).toImage() != light


def test_every_icon_name_exists(qapp: QApplication) -> None:
    for name in icons.NAMES:
        assert not icons.icon(name).pixmap(18, 18).isNull()
