"""Results kept with their date: what "fineview models advise" reads, and what the handbook's results page shows."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from fineview import paths
from fineview.lab.figures import Figures


def keep(what: str, figures: Figures, folder: Path | None = None) -> Path:
    """Write one result as JSON into ``folder`` (default: ``results`` of the person's data); returns the file."""
    made = datetime.now(UTC)
    folder = folder or paths.data_dir() / "results"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{what}-{made:%Y%m%d-%H%M%S}.json"
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps({"what": what, "made": f"{made:%Y-%m-%dT%H:%M:%SZ}", **figures.as_dict()}, indent=1)
                      + "\n", encoding="utf-8")
    os.replace(beside, path)
    return path
