"""The report as PDF: A4, fonts embedded, the same bytes for the same report.

Nothing here is drawn from a screen: words come from the sheet, figures from the report.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from fineview.core.report import Figure, Report
from fineview.reports import scripts
from fineview.reports.change_words import ChangeWords
from fineview.reports.json_writer import fingerprint, not_as_written
from fineview.reports.pdf_pages import ACCENT, BOTTOM, HEIGHT, INK, LINE, MARGIN, QUIET, TEXT_WIDTH, TOP, Furniture
from fineview.reports.pictures import png
from fineview.reports.sheet import Exchange, GridWords, Row, Sheet, sheet

_BODY = ParagraphStyle("body", fontName=scripts.REGULAR, fontSize=8, leading=12, textColor=INK)
_QUIET = ParagraphStyle("quiet", _BODY, fontSize=7.2, leading=10.5, textColor=QUIET)
_HEAD = ParagraphStyle("head", _QUIET, fontSize=6.5, leading=9)
_STRONG = ParagraphStyle("strong", _BODY, fontName=scripts.BOLD)
_TITLE = ParagraphStyle("title", _BODY, fontName=scripts.BOLD, fontSize=19, leading=24)
_SECTION = ParagraphStyle("section", _BODY, fontName=scripts.BOLD, fontSize=11, leading=15, textColor=ACCENT,
                          spaceBefore=7 * mm, spaceAfter=2.5 * mm)
_COLUMNS = (7 * mm, 37 * mm, 41 * mm, 49 * mm, 36 * mm)
_LONG = 1500  # letters of one finding that may not fit on one page
_TALLEST = 105 * mm


class PdfWriter:
    suffix = ".pdf"

    def render(self, report: Report) -> bytes:
        """PDF bytes.  Raises ``ReportRefused``."""
        scripts.register()
        words, out = sheet(report), io.BytesIO()
        # No patient data in these fields: file managers and search engines show them.
        document = BaseDocTemplate(
            out, invariant=1, pageCompression=1, title="Findings report", author="", subject=report.intended_use,
            creator=report.software or "FineView", producer="FineView", keywords=f"report-sha256={fingerprint(report)}")
        frame = Frame(MARGIN, BOTTOM, TEXT_WIDTH, HEIGHT - TOP - BOTTOM + 8 * mm, 0, 0, 0, 0)
        document.addPageTemplates(PageTemplate("page", [frame]))
        document.build(list(_story(report, words)), canvasmaker=Furniture(report, words))
        return out.getvalue()

    def verify(self, data: bytes, report: Report) -> None:
        """Raises ``ReportRefused`` unless the bytes are a whole PDF of exactly this report."""
        stamped = f"report-sha256={fingerprint(report)}".encode() in data
        whole = data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
        if not (stamped and whole and page_count(data) >= 1):
            raise not_as_written("PDF")


def page_count(data: bytes) -> int:
    """Pages of a PDF written here (its objects are not packed); 0 where tree and pages disagree."""
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", data))
    stated = re.search(rb"/Count\s+(\d+)[^>]*/Type\s*/Pages", data)
    return pages if stated and int(stated.group(1)) == pages else 0


def _story(report: Report, words: Sheet) -> Iterator[Flowable]:
    yield Paragraph("Findings report", _TITLE)
    yield _text(words.written, _QUIET)
    yield Spacer(0, 3 * mm)
    for caption, line in words.study:
        yield Paragraph(f'<font color="{QUIET.hexval().replace("0x", "#")}">{caption}</font>  {scripts.markup(line)}',
                        _BODY)
    if report.summary:
        yield from _section("Summary", [_text(line, _BODY) for line in report.summary.splitlines()])
    yield from _findings(words.rows)
    for grid in words.grids:
        yield from _section("Thickness", [_text(grid.title, _STRONG), _grid(grid),
                                          *(_text(line, _QUIET) for line in grid.told)])
        if grid.change is not None:
            yield from _change(grid.change)
    yield from _figures(report.figures)
    if words.exchanges:
        yield from _section("Questions and answers", [_exchange(one) for one in words.exchanges])
    if words.models:
        yield from _section("Models", [KeepTogether([_text(f"{name} {version}".strip(), _STRONG),
                                                     _text(f"sha256 {digest}", _QUIET)])
                                       for name, version, digest in words.models])
    warnings = [*report.warnings, *_missing_letters(words)]
    if warnings:
        yield from _section("Warnings", [_text(f"– {one}", _BODY) for one in warnings])


def _section(title: str, parts: Sequence[Flowable]) -> Iterator[Flowable]:
    yield CondPageBreak(35 * mm)
    yield Paragraph(title, _SECTION)
    yield from parts


def _findings(rows: Sequence[Row]) -> Iterator[Flowable]:
    yield CondPageBreak(35 * mm)
    yield Paragraph("Findings", _SECTION)
    if not rows:
        yield _text("No finding was accepted for this study.", _BODY)
        return
    head = [Paragraph(title, _HEAD) for title in ("", "FINDING", "WHERE", "SIZE AND SCALE", "ORIGIN")]
    body = [[Paragraph(str(row.number), _BODY), [_text(row.title, _STRONG), *_optional(row.note)],
             [_text(row.where, _BODY), _text(row.side, _QUIET)],
             [_text(line, _BODY) for line in row.sizes] or [_text("not measured", _QUIET)],
             [_text(row.origin, _BODY), *_optional(row.decided)]] for row in rows]
    longest = max(len(row.note) + len(row.title) + len(row.where) for row in rows)
    yield Table([head, *body], colWidths=_COLUMNS, repeatRows=1, splitInRow=int(longest > _LONG), hAlign="LEFT", style=[
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm), ("TOPPADDING", (0, 1), (-1, -1), 2.2 * mm),
        ("BOTTOMPADDING", (0, 1), (-1, -1), 2.6 * mm), ("LINEBELOW", (0, 0), (-1, 0), 0.9, ACCENT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE)])


def _grid(words: GridWords) -> Flowable:
    """Fields in two columns, each with its number."""
    half = (len(words.fields) + 1) // 2
    left, right = words.fields[:half], words.fields[half:]
    rows = [[_text(text, _BODY) for pair in (one, other) for text in pair]
            for one, other in zip(left, (*right, ("", ""))[:half], strict=True)]
    return Table(rows, colWidths=[TEXT_WIDTH / 4] * 4, hAlign="LEFT", style=[
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)])


def _change(words: ChangeWords) -> Iterator[Flowable]:
    """The reason why there is no change stands before any number."""
    yield CondPageBreak(75 * mm)
    yield Spacer(0, 4 * mm)
    yield _text(words.title, _STRONG)
    yield from [_text(words.why_not, _BODY)] if words.why_not else []
    head = [Paragraph(scripts.markup(title.upper()), _HEAD) for title in words.head]
    yield Table([head, *([_text(cell, _BODY) for cell in row] for row in words.rows)], hAlign="LEFT", repeatRows=1,
                colWidths=[TEXT_WIDTH * share for share in (0.32, 0.19, 0.19, 0.16, 0.14)], style=[
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("LINEBELOW", (0, 0), (-1, 0), 0.9, ACCENT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE)])
    yield from (_text(line, _QUIET) for line in words.told)


def _figures(figures: Sequence[Figure]) -> Iterator[Flowable]:
    if figures:
        yield CondPageBreak(60 * mm)
        yield Paragraph("Figures", _SECTION)
    pair: list[Figure] = []
    for one in figures:
        # Wide pictures (B-scans) take a row of their own, others share it two by two.
        if one.rgb.shape[1] > 1.6 * one.rgb.shape[0]:
            yield from _figure_row(pair)
            yield from _figure_row([one])
            pair = []
        else:
            pair.append(one)
            if len(pair) == 2:
                yield from _figure_row(pair)
                pair = []
    yield from _figure_row(pair)


def _figure_row(figures: Sequence[Figure]) -> Iterator[Flowable]:
    if not figures:
        return
    wide = len(figures) == 1 and figures[0].rgb.shape[1] > 1.6 * figures[0].rgb.shape[0]
    column = TEXT_WIDTH if wide else TEXT_WIDTH / 2
    cells = [[_picture(one, column - 6 * mm if not wide else column), Spacer(0, 1.5 * mm), _text(one.caption, _QUIET)]
             for one in figures]
    yield KeepTogether([Table([cells], colWidths=[column] * len(cells), hAlign="LEFT", style=[
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0 if wide else 6 * mm), ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5 * mm)])])


def _picture(one: Figure, width: float) -> Image:
    rows, cols = one.rgb.shape[:2]
    scale = min(width / cols, _TALLEST / rows)
    image = Image(io.BytesIO(png(one.rgb)), cols * scale, rows * scale)
    image.hAlign = "LEFT"
    return image


def _exchange(one: Exchange) -> Flowable:
    lines = [_text(one.question, _STRONG), _text(one.answer, _BODY)]
    told = " · ".join(part for part in (one.verdict, one.answerer and f"answered by {one.answerer}") if part)
    lines += _optional(told)
    lines += [_text(f"– {cited}", _QUIET) for cited in one.evidence]
    return KeepTogether([*lines, Spacer(0, 3.5 * mm)])


def _missing_letters(words: Sheet) -> list[str]:
    spoken = [text for _, text in words.banner] + [row.note for row in words.rows] + [words.written]
    told = []
    if any(scripts.undrawable(text) for text in spoken):
        told.append("Some letters cannot be drawn by the fonts of this PDF and show as boxes: see the HTML report.")
    if any(scripts.borrowed(text) for text in spoken):
        told.append("Some letters use a font that this PDF does not carry; where boxes show, see the HTML report.")
    return told


def _optional(text: str) -> list[Flowable]:
    return [_text(text, _QUIET)] if text else []


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(scripts.markup(text), style)
