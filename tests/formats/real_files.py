"""Real files of the shared data and the rows that describe them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.shared_data import SHARED


def shared(path: str) -> Path:
    """A shared file or folder; skips the test where it is absent."""
    if SHARED is None or not (SHARED / path).exists():
        pytest.skip(f"shared data {path} not found; set FINEVIEW_SHARED to its folder")
    return SHARED / path


def catalogue() -> list[dict[str, str]]:
    """Rows of CATALOGUE.csv; [] where the data are absent."""
    if SHARED is None:
        return []
    with (SHARED / "CATALOGUE.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_picture(name: str) -> bool:
    return name.lower().endswith((".jpg", ".png", ".tif", ".tiff", ".bmp"))


def has_pixels(row: dict[str, str]) -> bool:
    """Whether the program that wrote the catalogue found pixels in the file."""
    return "no pixels" not in row["verified"] and bool(row["rows"]) and (
        "pixels (" in row["verified"] or is_picture(row["path"]))
