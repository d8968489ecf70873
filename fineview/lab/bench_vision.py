"""``fineview bench vision``: what the encoders cost, beside the machine's own ceiling and beside their peers.

Each idea has its file; ``--only`` picks by name: first-map, rows, embedded, volume, lines, full-size, gpu.  Ratios
come from interleaved pairs of one run.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from fineview.core.errors import WrongWords
from fineview.lab.figures import Figure

if TYPE_CHECKING:
    from fineview.app import App

PARTS = ("first-map", "rows", "embedded", "volume", "lines", "full-size", "gpu")


def run(app: App, only: tuple[str, ...] = ()) -> list[Figure]:
    """The figures of every part, or of those named.  Raises ``WrongWords`` for a name that is none."""
    unknown = [name for name in only if name not in PARTS]
    if unknown:
        raise WrongWords(f"\"{unknown[0]}\" is no part of this bench.", f"Parts: {', '.join(PARTS)}.")
    found: list[Figure] = []
    for name in PARTS:
        if not only or name in only:
            part: Callable[[App], list[Figure]] = import_module(
                f"fineview.lab.bench_vision_{name.replace('-', '_')}").run
            found += part(app)
    return found
