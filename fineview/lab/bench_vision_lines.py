"""Layer lines of an OCT volume as the thickness map asks for them: B-scans together against one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fineview.core.image import Raster
from fineview.core.study import FrameInfo, Series
from fineview.lab.figures import Figure
from fineview.lab.phantom_oct import volume
from fineview.lab.timing import speedup
from fineview.models.predictor import Predictor
from fineview.services.jobs import Token
from fineview.services.thickness_lines import VolumeLines, from_model

if TYPE_CHECKING:
    from fineview.app import App

FRAMES = 12
PAIRS = 4
GOAL = 1.5
TOLERANCE_PX = 0.5
"""Lines of the two ways may differ by rounding: another number of threads adds in another order, in half precision."""


class _Scans:
    """An archive of B-scans in memory."""

    def __init__(self) -> None:
        self._images = [one.image for one in volume(5, FRAMES)]
        rows, cols = self._images[0].shape
        self.series = Series("1.2", "1", "OPT", frames=tuple(
            FrameInfo("", number, rows=rows, cols=cols) for number in range(FRAMES)))

    def read_frame(self, frame: FrameInfo) -> Raster:
        return Raster(self._images[frame.frame_in_file])


class _Alone:
    """The same engine without its way of taking several frames at a time."""

    def __init__(self, engine: Predictor) -> None:
        self.identity, self.encode = engine.identity, engine.encode
        self.domain, self.layers = engine.domain, engine.layers


def run(app: App) -> list[Figure]:
    """How many times faster, and how far apart the two ways' lines are."""
    engine = Predictor.load(app.encoder_folder(), app.device)  # type: ignore[arg-type]
    scans: Any = _Scans()
    drawn: dict[str, VolumeLines] = {}

    def draw(how: str, by: Any) -> None:
        drawn[how] = from_model(scans.series, scans, by, Token())

    draw("together", engine)  # the first pass of a process is slower than all others
    faster = speedup(f"layer lines of {FRAMES} B-scans together against one at a time",
                     lambda: draw("together", engine), lambda: draw("alone", _Alone(engine)), GOAL, PAIRS)
    return [faster, _apart(drawn["together"], drawn["alone"])]


def _apart(one: VolumeLines, other: VolumeLines) -> Figure:
    rows = [(one.rows[name], other.rows[name]) for name in one.names]
    away = [np.abs(a - b)[np.isfinite(a) & np.isfinite(b)] for a, b in rows]
    alone = float(np.mean([np.isfinite(a) != np.isfinite(b) for a, b in rows]))
    most = float(np.concatenate(away).max())
    return Figure("largest difference of lines drawn together and one at a time", round(most, 3), "px", FRAMES, None,
                  TOLERANCE_PX, most <= TOLERANCE_PX, {"share_of_columns_known_to_one_alone": round(alone, 5)})
