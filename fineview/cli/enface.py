"""``fineview enface``: a slab of an OCT volume from the front, as a picture."""

from __future__ import annotations

import argparse
from typing import Any

from fineview.cli.show import progress_token
from fineview.cli.study import opened
from fineview.cli.thickness import lines_of, volume_of


def enface(wish: argparse.Namespace) -> Any:
    """Writes the picture, and says what it shows."""
    from fineview.imaging.png import png
    from fineview.services.deliver import deliver
    from fineview.services.front_view import front_object, front_view
    from fineview.services.open_study import scan_all
    from fineview.services.slab import Slab
    from fineview.services.thickness import localizer_of

    token = progress_token()
    with opened(wish) as app:
        study, series = volume_of(scan_all(app.archive, [wish.path], token), wish.series)
        named = wish.upper.line or wish.lower.line
        lines = lines_of(app, series, wish.lines, token) if named else None
        made = front_view(series, localizer_of(study, series), lines, Slab(wish.upper, wish.lower), wish.mode,
                          app.archive, token)
    deliver(png(made.shown()), wish.out)
    told = front_object(made, series) | {"out": str(wish.out), "lines": lines.by if lines is not None else None}
    if wish.json:
        return told
    scale = f"{made.cell_mm:g} mm a pixel, {made.lateral.value}" if made.cell_mm else "a pixel is an A-scan, no scale"
    print(f"{made.slab.words}, {made.mode}: {told['cols']} x {told['rows']} px, {scale}; {wish.out}")
    return 0
