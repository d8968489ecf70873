"""Looking: window, flips, turns, pixel values.  Instant changes of the session, no work behind them."""

from __future__ import annotations

import math
from dataclasses import replace

from fineview.core.image import Raster, Window
from fineview.core.orientation import ViewTransform
from fineview.imaging.window import default_window, presets
from fineview.services.named_windows import Kept, NamedWindows
from fineview.services.session import Session
from fineview.services.wishes import Tool, ViewWishes


class Look:
    """``settings`` keep a person's lists of named windows; without them the built-in lists hold."""

    def __init__(self, session: Session, settings: Kept | None = None) -> None:
        self._session, self.named = session, NamedWindows(settings)

    def least_score(self, score: float) -> None:
        """Undecided suggestions below ``score`` are not shown; what a person decided stays."""
        self._session.least_score = score
        self._session.pulse()

    def _set(self, **changes: object) -> None:
        self._session.view = replace(self._session.view, **changes)  # type: ignore[arg-type]
        self._session.pulse()

    def window(self, window: Window | None) -> None:
        """None: back to the file's own window."""
        self._set(window=window)

    def drag(self, dx_px: float, dy_px: float) -> None:
        """Right drag: across changes the width, down the centre; one pixel is 1/300 of the present width."""
        raster = self._session.raster
        if raster is None or raster.is_colour:
            return
        self._set(window=dragged(self._session.view.window or default_window(raster), raster, dx_px, dy_px))

    def presets(self) -> tuple[Window, ...]:
        """Those with a name first, so that their keys mean the same in every picture of a modality."""
        series, raster = self._session.series, self._session.raster
        if series is None or raster is None or raster.is_colour:
            return ()
        in_hu = series.modality != "CT" or raster.unit in ("HU", "")
        return presets(self.named.of(series.modality) if in_hu else (), raster)

    def preset(self, number: int) -> None:
        """The window of that number among ``presets``, from 1; nothing where there are not so many."""
        known = self.presets()
        if 1 <= number <= len(known):
            self.window(known[number - 1])

    def invert(self) -> None:
        self._set(inverted=not self._session.view.inverted)

    def _turn(self, transform: ViewTransform) -> None:
        self._set(transform=transform)

    def flip_horizontal(self) -> None:
        self._turn(self._session.view.transform.flip_horizontal())

    def flip_vertical(self) -> None:
        self._turn(self._session.view.transform.flip_vertical())

    def rotate(self, turns: int = 1) -> None:
        self._turn(self._session.view.transform.rotate(turns))

    def toggle_aspect(self) -> None:
        self._set(true_aspect=not self._session.view.true_aspect)

    def reset(self) -> None:
        self._session.view = ViewWishes()
        self._session.pulse()

    def tool(self, name: Tool) -> None:
        self._session.tool = name
        self._session.pulse()

    def pixel(self, x: float, y: float) -> str:
        """Value in modality units and position of the source pixel under (x, y); "" outside the picture."""
        raster = self._session.raster
        column, row = math.floor(x), math.floor(y)
        if raster is None or not (0 <= row < raster.rows and 0 <= column < raster.cols):
            return ""
        return f"{_value_words(raster, row, column)} at ({column}, {row})"


def dragged(window: Window, raster: Raster, dx_px: float, dy_px: float) -> Window:
    """The window after a drag of so many pixels of the screen."""
    step = max(window.width, 1e-6) / 300.0
    width = max(window.width + dx_px * step, 1e-3 if raster.pixels.dtype.kind == "f" else 1.0)
    return Window(window.centre + dy_px * step, width, window.function)


def _value_words(raster: Raster, row: int, column: int) -> str:
    if raster.is_colour:
        red, green, blue = (int(v) for v in raster.pixels[row, column])
        return f"R {red} G {green} B {blue}"
    return f"{float(raster.pixels[row, column]):g} {raster.unit}".rstrip()
