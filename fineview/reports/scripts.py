"""Which font draws which letters, and in which order: names of patients come in every script.

DejaVu Sans (embedded) draws Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic.  Chinese and Japanese use
Droid Sans Fallback (embedded) where the system has it; what it lacks, Korean too, uses the CID fonts that a PDF reader
brings along or not (ISO 32000-1 9.7.5.2).  Right-to-left runs are put into visual order here, and Arabic letters into
their joined forms (Unicode block FE70-FEFF): PDF draws glyphs left to right only.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from fineview import paths

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
_JAPANESE, _CHINESE, _KOREAN = "HeiseiKakuGo-W5", "STSong-Light", "HYGothic-Medium"
_EAST_FILES = tuple(Path(f"/usr/share/fonts/truetype/droid/{name}.ttf")
                    for name in ("DroidSansFallbackFull", "DroidSansFallback"))
_EMBEDDED_EAST = "DroidSansFallback"
_EAST = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0002ffff]+")
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_RIGHT_TO_LEFT = ("R", "AL")


def register() -> None:
    """Make the fonts known to reportlab.  Twice does no harm."""
    known = pdfmetrics.getRegisteredFontNames()
    for name in (REGULAR, BOLD):
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, paths.resources_dir() / "fonts" / f"{name}.ttf"))
    for name in (_JAPANESE, _CHINESE, _KOREAN):
        if name not in known:
            pdfmetrics.registerFont(UnicodeCIDFont(name))
    file = next((path for path in _EAST_FILES if path.is_file()), None)
    if file is not None and _EMBEDDED_EAST not in known:
        pdfmetrics.registerFont(TTFont(_EMBEDDED_EAST, file))
    for bold, italic in ((0, 0), (0, 1), (1, 0), (1, 1)):
        addMapping(REGULAR, bold, italic, BOLD if bold else REGULAR)


def markup(text: str) -> str:
    """Plain text as reportlab paragraph markup: escaped, in visual order, each run in a font that has its letters."""
    out, last = [], 0
    ordered = visual(_clean(text))
    for match in _EAST.finditer(ordered):
        out.append(escape(ordered[last:match.start()]))
        out.append(f'<font name="{_east_font(text)}">{escape(match.group())}</font>')
        last = match.end()
    return "".join([*out, escape(ordered[last:])])


def runs(text: str, font: str) -> list[tuple[str, str]]:
    """(font name, letters) pieces of one line, for drawing without a paragraph."""
    ordered, out, last = visual(_clean(text)), [], 0
    for match in _EAST.finditer(ordered):
        out += [(font, ordered[last:match.start()]), (_east_font(text), match.group())]
        last = match.end()
    return [piece for piece in [*out, (font, ordered[last:])] if piece[1]]


def undrawable(text: str) -> bool:
    """True where no font here has one of the letters, so that the PDF shows an empty box for it."""
    register()
    glyphs = pdfmetrics.getFont(REGULAR).face.charToGlyph
    return any(ord(letter) not in glyphs for letter in _EAST.sub("", visual(_clean(text))))


def borrowed(text: str) -> bool:
    """True where some letters use a font that the PDF does not carry."""
    register()
    return any(font in (_JAPANESE, _CHINESE, _KOREAN) for font, _ in runs(text, REGULAR))


def visual(text: str) -> str:
    """Right-to-left runs reversed, Arabic letters joined.  A line that starts left to right is assumed."""
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text):
        return text
    letters, out, index = _joined(text), [], 0
    while index < len(letters):
        end = _run_end(letters, index)
        if end > index:
            out.append(letters[index:end][::-1])
            index = end
        else:
            out.append(letters[index])
            index += 1
    return "".join(out)


def _run_end(letters: str, start: int) -> int:
    """End of the right-to-left run at ``start`` (spaces and marks between its words included), else ``start``."""
    end = start
    for index in range(start, len(letters)):
        kind = unicodedata.bidirectional(letters[index])
        if kind in _RIGHT_TO_LEFT:
            end = index + 1
        elif kind not in ("WS", "NSM", "CS", "ON") or end == start:
            break
    return end


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Arabic letter -> {"isolated" | "initial" | "medial" | "final": its form}, from Unicode's own decompositions."""
    table: dict[str, dict[str, str]] = {}
    for code in range(0xFE80, 0xFEFD):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2:
            table.setdefault(chr(int(parts[1], 16)), {})[parts[0].strip("<>")] = chr(code)
    return table


def _joined(text: str) -> str:
    forms = _forms()
    out = []
    for index, letter in enumerate(text):
        own = forms.get(letter)
        if own is None:
            out.append(letter)
            continue
        before = index > 0 and "initial" in forms.get(text[index - 1], {})
        after = "initial" in own and index + 1 < len(text) and text[index + 1] in forms
        shape = ("medial" if after else "final") if before else ("initial" if after else "isolated")
        out.append(own.get(shape, letter))
    return "".join(out)


def _east_font(text: str) -> str:
    if _EMBEDDED_EAST in pdfmetrics.getRegisteredFontNames():
        glyphs = pdfmetrics.getFont(_EMBEDDED_EAST).face.charToGlyph
        if all(ord(letter) in glyphs for letter in "".join(_EAST.findall(text))):
            return _EMBEDDED_EAST
    return _JAPANESE if _KANA.search(text) else _KOREAN if _HANGUL.search(text) else _CHINESE


def _clean(text: str) -> str:
    """Without control characters, which have no glyph and could reorder what follows."""
    return "".join(" " if letter in "\t\n\r" else letter for letter in text
                   if letter in "\t\n\r" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
