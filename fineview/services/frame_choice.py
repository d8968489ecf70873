"""Which frame a command means when it does not say."""

from __future__ import annotations

from fineview.core.errors import RequestProblem
from fineview.core.study import Catalogue, FrameKey, Series, Study
from fineview.services.open_study import first_image_series


def choose_series(catalogue: Catalogue, series_uid: str | None) -> tuple[Study, Series]:
    """The named series, or the first image series in study, series-number, instance order.

    Raises ``RequestProblem`` (``no-series``) for a UID that is not there, ``InputProblem`` where no image is.
    """
    if series_uid is None:
        return first_image_series(catalogue)
    try:
        study, series = catalogue.find_series(series_uid)
    except KeyError:
        raise RequestProblem("There is no series with this UID.", "\"fineview info\" lists the series.",
                             "no-series") from None
    if not series.frames:
        raise RequestProblem("This series holds no image.", "\"fineview info\" lists the series.", "no-series")
    return study, series


def choose_frame(series: Series, index: int | None) -> FrameKey:
    """Frame ``index``, or the middle frame of a volume and frame 0 otherwise.  Raises ``RequestProblem``."""
    if index is None:
        return FrameKey(series.uid, series.default_frame)
    if not 0 <= index < len(series.frames):
        raise RequestProblem(f"There is no frame {index}; this series has {len(series.frames)}.",
                             f"Choose a frame from 0 to {len(series.frames) - 1}.", "frame-range")
    return FrameKey(series.uid, index)
