"""The figures of a training run as a table, a row a step: ``curves.csv``, and from it a picture.

Rows are appended as they come; before a checkpoint is written they are on the disk, so the table is never
behind it.  A run that is resumed drops the rows after its checkpoint and a last line that was cut.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

TABLE, PICTURE = "curves.csv", "curves.png"
LOSSES = ("dense", "row", "lines", "domain", "pair", "whole")
GATES = ("gate_1", "gate_2", "gate_3", "gate_4")
COLUMNS = ("step", "stage", *LOSSES, *GATES, "rate", "norm", "per_s")


class Curves:
    """The table of one run.  ``step`` counts over all stages, from 1."""

    def __init__(self, folder: Path, steps_done: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / TABLE
        kept = [row for row in read(self._path) if int(row["step"]) <= steps_done]
        beside = self._path.with_suffix(".part")
        with beside.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, self._path)

    def add(self, step: int, stage: str, figures: dict[str, float], gates: tuple[float, ...]) -> None:
        """One row; figures the table has no column for are left out."""
        row: dict[str, object] = {"step": step, "stage": stage}
        row |= {name: f"{value:.6g}" for name, value in (*figures.items(), *zip(GATES, gates, strict=False))
                if name in COLUMNS}
        line = io.StringIO()
        csv.DictWriter(line, COLUMNS, lineterminator="\n").writerow(row)
        with self._path.open("a", encoding="utf-8", newline="") as stream:  # one write: whole, or cut at the end
            stream.write(line.getvalue())

    def settle(self) -> None:
        """All rows are on the disk when this returns."""
        with self._path.open("a", encoding="utf-8") as stream:
            os.fsync(stream.fileno())


def read(path: Path) -> list[dict[str, str]]:
    """The whole rows of a table in order, () where there is none; a row that was cut, and all behind it, is left."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    found: list[dict[str, str]] = []
    for row in csv.DictReader(io.StringIO(whole)):
        if tuple(row) != COLUMNS or None in row.values() or not row["step"].isdigit():
            break
        found.append(row)
    return found
