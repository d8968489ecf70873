"""What commands print: shapes of the contract, and a bar on a terminal (silence otherwise)."""

from __future__ import annotations

import sys
from typing import Any

from fineview.core.dialogue import Answer
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.study import Catalogue, Series
from fineview.formats.printable import printable
from fineview.services.jobs import Token


def progress_token() -> Token:
    """A token whose progress is a line on a terminal's standard error."""
    if not sys.stderr.isatty():
        return Token()

    def show(done: float, total: float, words: str) -> None:
        share = f" {100 * done / total:3.0f} %" if total else ""
        end = "" if not total or done < total else "\r\033[K"
        print(f"\r\033[K{words}{share}", end=end, file=sys.stderr, flush=True)

    return Token(show)


def catalogue_object(found: Catalogue) -> dict[str, Any]:
    """The ``info`` object."""
    return {
        "studies": [{"uid": study.uid, "date": study.date, "description": study.description,
                     "series": [_series(series) for series in study.series]} for study in found.studies],
        "files": [{"path": f.path, "sop_uid": f.sop_uid, "rows": f.rows, "cols": f.cols, "frames": f.frames,
                   "verdict": f.verdict, "same_as": f.same_as} for f in found.files],
        "problems": [{"path": p.path, "code": p.code, "what": p.what, "remedy": p.remedy} for p in found.problems]}


def _series(series: Series) -> dict[str, Any]:
    # A pixel's shape alone (Pixel Aspect Ratio) is no distance: without a source there are no millimetres to print.
    spacing = series.spacing if series.spacing.source is not ScaleSource.NONE else Spacing()
    return {"uid": series.uid, "modality": series.modality, "sop_class": series.sop_class,
            "description": series.description, "frames": len(series.frames), "rows": series.rows, "cols": series.cols,
            "bits": series.bits, "photometric": series.photometric, "transfer_syntax": series.transfer_syntax,
            "lossy": series.lossy, "laterality": {"value": series.laterality.value, "source": series.laterality.source},
            "spacing_mm": {"row": spacing.row_mm, "col": spacing.col_mm, "slice": spacing.slice_mm,
                           "source": spacing.source.value},
            "localizer_uid": series.localizer_uid, "warnings": list(series.warnings)}


def answer_object(made: Answer) -> dict[str, Any]:
    """The ``ask`` object."""
    return {"answer": made.text, "verdict": made.verdict, "label": made.label, "value": made.value, "unit": made.unit,
            "abstained": made.abstained, "reason": made.reason, "confidence": made.confidence,
            "citations": [{"kind": c.kind, "box": c.box.as_list() if c.box else None, "value": c.value, "unit": c.unit,
                           "text": c.text} for c in made.citations],
            "answerer": {"name": made.model.name, "sha256": made.model.sha256} if made.model
            else {"name": "measurement", "sha256": None},
            "weighed_with": {"name": made.weighed_with.name, "sha256": made.weighed_with.sha256}
            if made.weighed_with else None, "domain": made.domain, "seconds": round(made.seconds, 4)}


def catalogue_lines(found: Catalogue) -> str:
    """The same for people."""
    lines = []
    for study in found.studies:
        lines.append(f"study {study.date or 'without date'}  {study.description}".rstrip())
        for series in study.series:
            lines.append(f"  {series.modality:8} {len(series.frames):4} frames  {series.cols} x {series.rows}"
                         f"  {series.laterality.words}  scale {series.spacing.source.value}  {series.description}"
                         f"{'  with localizer' if series.localizer_uid else ''}")
            lines.extend(f"    warning: {warning}" for warning in series.warnings)
    objects = sum(f.verdict == "object" for f in found.files)
    if objects:
        lines.append(f"{objects} file{'s' if objects > 1 else ''} without an image")
    copies = sum(f.verdict == "duplicate" for f in found.files)
    if copies:
        lines.append(f"{copies} duplicate file{'s' if copies > 1 else ''}")
    # A terminal obeys what an archive's members may be called.
    lines.extend(f"problem: {printable(p.path)}: {p.what} {p.remedy}" for p in found.problems)
    return "\n".join(lines)


def figure_lines(figures: dict[str, Any]) -> str:
    """Figures of ``evaluate`` and ``bench`` as a table for people."""
    lines = [f"seed {figures['seed']}, {figures['machine']}"]
    for one in figures["figures"]:
        span = f" [{one['interval'][0]:g}, {one['interval'][1]:g}]" if one["interval"] else ""
        goal = "" if one["goal"] is None else f"  goal {one['goal']:g} {'met' if one['met'] else 'missed'}"
        beside = "".join(f"  {name} {value:g}" for name, value in one["baselines"].items() if value is not None)
        value = "-" if one["value"] is None else f"{one['value']:g}"
        rest = f"{goal}{'  |' if beside else ''}{beside}"
        lines.append(f"{one['name']:52} {value} {one['unit']}{span}  n {one['n']}{rest}")
    return "\n".join(lines)
