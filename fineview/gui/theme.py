"""Colours as tokens, one palette and one style sheet made of them, dark and light.

Own palette: Qt's colour scheme switch does nothing under xcb and offscreen.  Every (text, ground) pair that the style
sheet uses is listed in ``PAIRS`` and holds WCAG 2.2 contrast of 4.5:1 or more (success criterion 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from fineview.gui.style_sheet import STYLE
from fineview.paths import resources_dir

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """``#rrggbb`` colours of one theme.  ``picture`` is the ground behind images and dark in both themes."""

    ground: str
    panel: str
    raised: str
    line: str
    text: str
    quiet: str
    faint: str
    accent: str
    on_accent: str
    chosen: str
    warning: str
    error: str
    person: str
    model: str
    picture: str = "#0b0d10"
    on_picture: str = "#e6e9ee"


DARK = Tokens(
    ground="#14171c", panel="#1c2027", raised="#272d37", line="#2d333d", text="#e6e9ee", quiet="#9aa4b2",
    faint="#6d7786", accent="#4ea1ff", on_accent="#0b1220", chosen="#1f3a5c", warning="#ffb454", error="#ff8080",
    person="#ffd166", model="#66d9c2")
LIGHT = Tokens(
    ground="#eceff3", panel="#ffffff", raised="#e3e8ef", line="#c6cdd8", text="#1a2027", quiet="#4b5563",
    faint="#727d8c", accent="#0b5cbf", on_accent="#ffffff", chosen="#cfe3fb", warning="#7d4400", error="#a31515",
    person="#6b4900", model="#0a5f51")
THEMES: dict[str, Tokens] = {"dark": DARK, "light": LIGHT}

# Marks lie on pictures, and pictures are dark in both themes: one pair of colours for both.
PERSON_ON_PICTURE = "#ffd166"
MODEL_ON_PICTURE = "#66d9c2"
PAIRS: tuple[tuple[str, str], ...] = (
    *((ink, ground) for ink in ("text", "quiet", "accent", "warning", "error", "person", "model")
      for ground in ("ground", "panel")),
    ("text", "raised"), ("quiet", "raised"), ("text", "chosen"), ("on_accent", "accent"), ("on_picture", "picture"))

# Accent strips of the patient banner: another patient, another colour, seen
# on both themes (3:1).  Words tell the change as well.
PATIENT_STRIPS = ("#2f86e8", "#a765d8", "#d2622e", "#2f9a55", "#a98212")


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB ``#rrggbb`` colour (WCAG 2.2, definition)."""
    linear = []
    for start in (1, 3, 5):
        share = int(colour[start:start + 2], 16) / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def style_sheet(tokens: Tokens) -> str:
    """The application's style sheet with the tokens and the theme's icons filled in."""
    text, theme = STYLE, "light" if tokens is LIGHT else "dark"
    for name in ("check", "down", "up"):
        text = text.replace(f"${name}", (resources_dir() / "icons" / f"{name}-{theme}.svg").as_posix())
    for one in sorted(fields(tokens), key=lambda f: -len(f.name)):
        text = text.replace(f"@{one.name}", getattr(tokens, one.name))
    return text


def palette(tokens: Tokens) -> QPalette:
    """What widgets that draw themselves take their colours from."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.ground, QPalette.ColorRole.Base: tokens.panel,
        QPalette.ColorRole.AlternateBase: tokens.ground, QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.Text: tokens.text, QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.ButtonText: tokens.text, QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.ToolTipBase: tokens.raised, QPalette.ColorRole.Highlight: tokens.chosen,
        QPalette.ColorRole.HighlightedText: tokens.text, QPalette.ColorRole.PlaceholderText: tokens.quiet,
        QPalette.ColorRole.Link: tokens.accent, QPalette.ColorRole.Mid: tokens.line,
        QPalette.ColorRole.Dark: tokens.line, QPalette.ColorRole.Light: tokens.raised}
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return made


def apply_theme(app: QApplication, name: ThemeName) -> Tokens:
    """Dress the whole application; returns the tokens in force."""
    tokens = THEMES[name]
    app.setStyle("Fusion")
    app.setPalette(palette(tokens))
    app.setStyleSheet(style_sheet(tokens))
    app.setProperty("fineview-theme", name)
    return tokens


def as_panel(widget: QWidget, name: str = "panel") -> None:
    """Let the style sheet paint the ground of a plain widget, which Qt leaves out for subclasses."""
    widget.setObjectName(name)
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)


def current() -> Tokens:
    """Tokens in force; dark before any theme was applied."""
    app = QApplication.instance()
    return THEMES.get(app.property("fineview-theme") if app is not None else "dark", DARK)
