"""The report as one HTML file: no script, no link to anywhere, figures inside."""

from __future__ import annotations

import base64
from html.parser import HTMLParser

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fineview import paths
from fineview.core.report import Report
from fineview.reports.json_writer import fingerprint, not_as_written
from fineview.reports.pictures import png
from fineview.reports.sheet import sheet


class HtmlWriter:
    suffix = ".html"

    def render(self, report: Report) -> bytes:
        """UTF-8 HTML; every text is escaped.  Raises ``ReportRefused``."""
        environment = Environment(loader=FileSystemLoader(paths.resources_dir() / "templates"), autoescape=True,
                                  undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        figures = [(base64.b64encode(png(one.rgb)).decode(), one.caption, one.rgb.shape[1] > 1.6 * one.rgb.shape[0])
                   for one in report.figures]
        text = environment.get_template("report.html").render(
            report=report, sheet=sheet(report), figures=figures, fingerprint=fingerprint(report))
        return text.encode("utf-8", "xmlcharrefreplace")

    def verify(self, data: bytes, report: Report) -> None:
        """Raises ``ReportRefused`` unless the file is whole, of this report, and names study and every finding."""
        reader = _Reader()
        try:
            reader.feed(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise not_as_written("HTML") from error
        wanted = {f"finding-{item.finding.id}" for item in report.items}
        if (not reader.ended or reader.stamp != fingerprint(report) or report.study_uid not in "".join(reader.words)
                or not wanted <= reader.ids):
            raise not_as_written("HTML")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.words: list[str] = []
        self.stamp, self.ended = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("id"):
            self.ids.add(str(named["id"]))
        if tag == "meta" and named.get("name") == "report-sha256":
            self.stamp = str(named.get("content"))

    def handle_endtag(self, tag: str) -> None:
        self.ended = tag == "html"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
