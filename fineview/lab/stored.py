"""Results kept with their date: what "fineview models advise" reads, and what the handbook's results page shows."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from fineview import paths
from fineview.core.errors import StorageProblem
from fineview.core.evidence import ModelIdentity
from fineview.lab.figures import Failure, Figures
from fineview.store.results import FORMAT


def keep(what: str, figures: Figures, software: str, encoder: ModelIdentity | None, data: str,
         folder: Path | None = None, made: datetime | None = None) -> Path:
    """Write one result as JSON into ``folder`` (default: ``results`` of the person's data); returns the file.

    ``encoder``: the weights that were scored, None where the evaluation trained its own; ``data``: what it was scored
    on, in words that name no person and no folder.  Pictures of failures are written beside it, first.  Raises
    ``StorageProblem``; a half-written file never bears the name of a result.
    """
    moment = (made or datetime.now(UTC)).astimezone(UTC)
    folder = writable(folder)
    held = {"format": FORMAT, "what": what, "made": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "software": software,
            "encoder": None if encoder is None else _named(encoder),
            **figures.to_keep(), "data": data}
    path = _free(folder, f"{what}-{moment:%Y%m%d-%H%M%S}")
    try:
        examples = [_picture(path, number, one) for number, one in enumerate(figures.failures, 1)]
        return _write(path, {**held, "examples": examples} if examples else held)
    except OSError as error:
        raise _refused(folder, error) from error


def _named(encoder: ModelIdentity) -> dict[str, str]:
    """The weights, and how they were calibrated where they are: that stands beside the tensors and not in them."""
    held = {"name": encoder.name, "version": encoder.version, "sha256": encoder.sha256}
    return {**held, "calibration": encoder.calibration} if encoder.calibration else held


def writable(folder: Path | None = None) -> Path:
    """The folder of results, made where it was missing: asked before an evaluation that may take an hour.

    Raises ``StorageProblem`` where nothing can be written there.
    """
    folder = folder or paths.data_dir() / "results"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise _refused(folder, error) from error


def data_words(figures: Figures, images: bool, data: bool, labelled: str, only: Sequence[str] = ()) -> str:
    """What was scored, in words: the evaluation's own, or which photographs the command named.

    A table of a few rows says which, so that it does not take the place of the whole one.
    """
    if figures.data:
        words = figures.data
    elif data:
        words = f"photographs kept from training, {'loose boxes' if labelled == 'boxes' else 'pixel masks'}"
    else:
        words = "the person's own photographs" if images else "phantoms made by this program"
    return f"{words}; only {', '.join(only)}" if only else words


def _refused(folder: Path, error: OSError) -> StorageProblem:
    return StorageProblem(f"Results cannot be kept in {folder} ({error.strerror}).",
                          "Give a folder that can be written with --keep DIR.", "read-only")


def _free(folder: Path, stem: str) -> Path:
    path, number = folder / f"{stem}.json", 1
    while path.exists():  # two results of one second
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path


def _picture(beside: Path, number: int, one: Failure) -> dict[str, str]:
    path = beside.with_name(f"{beside.stem}-failure-{number}.png")
    Image.fromarray(one.rgb).save(path, optimize=True)
    return {"file": path.name, "words": one.words, "source": one.source}


def _write(path: Path, held: dict[str, Any]) -> Path:
    beside = path.with_suffix(".part")
    # rows of a curve on one line each: a person compares two results line by line
    text = re.sub(r"\[\n[^\[\]{}\"]*\]", lambda found: f"[{' '.join(found[0][1:-1].split())}]",
                  json.dumps(held, indent=1))
    try:
        with beside.open("w", encoding="utf-8") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path
