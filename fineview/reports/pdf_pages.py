"""What every PDF page carries: the patient banner above, intended use and "page x of y" below.

The number of pages is known only at the end, so pages are kept and finished together.
"""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from fineview.core.report import Report
from fineview.reports import scripts
from fineview.reports.sheet import Sheet

WIDTH, HEIGHT = A4
MARGIN = 20 * mm
TEXT_WIDTH = WIDTH - 2 * MARGIN
TOP, BOTTOM = 40 * mm, 24 * mm
ACCENT, INK, QUIET, LINE = HexColor("#0b6e8f"), HexColor("#1b1f24"), HexColor("#5c6670"), HexColor("#d5dade")
_BANNER_SHARES = (0.33, 0.2, 0.14, 0.14, 0.19)


class Furniture:
    """Builds canvases for one report.  reportlab wants a class or a callable with the canvas's own arguments."""

    def __init__(self, report: Report, words: Sheet) -> None:
        self.report, self.words = report, words

    def __call__(self, *args: Any, **kwargs: Any) -> Canvas:
        return _Pages(self, *args, **kwargs)


class _Pages(Canvas):
    def __init__(self, furniture: Furniture, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._furniture = furniture
        self._kept: list[dict[str, Any]] = []
        created = _pdf_date(furniture.report.created)
        self.setDateFormatter(lambda *_: created)

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._kept, 1):
            self.__dict__.update(page)
            _banner(self, self._furniture.words)
            _footer(self, self._furniture.report, number, len(self._kept))
            super().showPage()
        super().save()


def _banner(canvas: Canvas, words: Sheet) -> None:
    left, top = MARGIN, HEIGHT - 14 * mm
    canvas.setFillColor(ACCENT)
    canvas.rect(0, HEIGHT - 3 * mm, WIDTH, 3 * mm, stroke=0, fill=1)
    for (caption, text), share in zip(words.banner, _BANNER_SHARES, strict=True):
        width = share * TEXT_WIDTH
        canvas.setFillColor(QUIET)
        canvas.setFont(scripts.REGULAR, 6.5)
        canvas.drawString(left, top, caption.upper())
        canvas.setFillColor(INK)
        draw_line(canvas, left, top - 4.6 * mm, text, width - 3 * mm, scripts.BOLD, 9)
        left += width
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN, top - 9 * mm, WIDTH - MARGIN, top - 9 * mm)


def _footer(canvas: Canvas, report: Report, number: int, total: int) -> None:
    low = 12 * mm
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN, low + 5 * mm, WIDTH - MARGIN, low + 5 * mm)
    canvas.setFillColor(ACCENT)
    draw_line(canvas, MARGIN, low, report.intended_use, TEXT_WIDTH - 30 * mm, scripts.BOLD, 7.5)
    canvas.setFillColor(QUIET)
    canvas.setFont(scripts.REGULAR, 7.5)
    canvas.drawRightString(WIDTH - MARGIN, low, f"page {number} of {total}")


def draw_line(canvas: Canvas, x: float, y: float, text: str, width: float, font: str, size: float) -> None:
    """One line that always fits: smaller letters first (down to 6 points), then cut with an ellipsis."""
    while _width(text, font, size) > width and size > 6:
        size -= 0.5
    if _width(text, font, size) > width:
        while text and _width(text + "…", font, size) > width:
            text = text[:-1]
        text += "…"
    line = canvas.beginText(x, y)
    for name, letters in scripts.runs(text, font):
        line.setFont(name, size)
        line.textOut(letters)
    canvas.drawText(line)


def _width(text: str, font: str, size: float) -> float:
    return sum(pdfmetrics.stringWidth(letters, name, size) for name, letters in scripts.runs(text, font))


def _pdf_date(created: str) -> str:
    """ISO 8601 -> D:YYYYMMDDHHmmSS+HH'mm' (ISO 32000-1 7.9.4); the start of 2000 where there is none."""
    digits = "".join(letter for letter in created[:19] if letter.isdigit())
    if len(digits) < 14:
        return "D:20000101000000Z"
    offset = created[19:].lstrip(".0123456789")
    return f"D:{digits}" + (f"{offset[:3]}'{offset[-2:]}'" if offset[:1] in ("+", "-") else "Z")
