"""Words of a question or an answer that can be clicked: each that has a map shows it.

Words come from models and files.  They are escaped one by one, and the only markup in the label is this file's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from fineview.gui.theme import current
from fineview.gui.wording import tr
from fineview.services.word_maps import WordSpan

Spans = Callable[[str], Sequence[WordSpan]]
Shown = Callable[[WordSpan], bool]


def markup(text: str, spans: Sequence[WordSpan], shown: Shown, ink: str, ground: str) -> str:
    """``text`` with a link on every word that has a map; ``shown``: whether a word's map lies over the picture."""
    parts, at = [], 0
    line = "none" if all(span.has_map for span in spans) else "underline"  # where all words are links, colour is enough
    for number, span in enumerate(spans):
        if not span.has_map:
            continue
        word = escape(text[span.start:span.end])
        lit = f"; background-color: {ground}; font-weight: 600" if shown(span) else ""
        style = f"color: {ink}; text-decoration: {line}{lit}"
        parts += [escape(text[at:span.start]), f"<a href='{number}' style='{style}'>{word}</a>"]
        at = span.end
    return "".join((*parts, escape(text[at:]))).replace("\n", "<br>")


class Spoken(QLabel):
    """``follow`` is called with a word, and with whether its map is shown already."""

    def __init__(self, name: str, spans: Spans, follow: Callable[[WordSpan, bool], None]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._find, self._follow = spans, follow
        self._said, self._before = "", ""
        self._shown: Shown = _none
        self._spans: tuple[WordSpan, ...] = ()
        self.linkActivated.connect(self._clicked)

    def say(self, text: str, before: str = "") -> None:
        """``before``: words of the application in front, which have no maps."""
        self._said, self._before = text, before
        self.dress(self._shown)

    def dress(self, shown: Shown) -> None:
        """Again, after another encoder was loaded or another word's map is shown."""
        self._shown = shown
        self._spans = tuple(self._find(self._said))
        clickable = any(span.has_map for span in self._spans)
        flags = Qt.TextInteractionFlag.TextSelectableByMouse
        if clickable:
            tokens = current()
            flags |= Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
            self.setTextFormat(Qt.TextFormat.RichText)
            self.setText(escape(self._before) + markup(self._said, self._spans, shown, tokens.accent, tokens.chosen))
            self.setToolTip(tr("Click a word to see where it looks"))
        else:
            self.setTextFormat(Qt.TextFormat.PlainText)
            self.setText(self._before + self._said)
            self.setToolTip("")
        self.setTextInteractionFlags(flags)
        self.setAccessibleName(self._before + self._said)

    def use(self, spans: Spans, follow: Callable[[WordSpan, bool], None]) -> None:
        """Another source of maps from now on."""
        self._find, self._follow = spans, follow

    def click(self, word: str) -> bool:
        """What a hand does on the first place of ``word``; False where it has no map."""
        for number, span in enumerate(self._spans):
            if span.word == word and span.has_map:
                self._clicked(str(number))
                return True
        return False

    def _clicked(self, link: str) -> None:
        span = self._spans[int(link)]
        self._follow(span, self._shown(span))


def _none(_: WordSpan) -> bool:
    return False
