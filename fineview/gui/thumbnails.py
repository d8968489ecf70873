"""Thumbnails and the localizer's picture: small rasters that arrive one by one after a study was opened."""

from __future__ import annotations

from fineview.core.image import Raster
from fineview.core.study import FrameKey, Series
from fineview.gui.panels.studies import Studies
from fineview.gui.viewer.viewer import Viewer
from fineview.services.picture import render_base
from fineview.services.session import Session
from fineview.services.snapshot import ViewState
from fineview.services.wishes import ViewWishes


class Thumbnails:
    """Hears every pulse: rasters that arrive in the background are no part of the snapshot."""

    WATCHES = None

    def __init__(self, session: Session, studies: Studies, viewer: Viewer) -> None:
        self._session, self._studies, self._viewer = session, studies, viewer
        self._shown: dict[str, Raster] = {}
        self._localizer: tuple[Series | None, Raster | None] = (None, None)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        for uid, raster in self._session.thumbnails.items():
            if self._shown.get(uid) is not raster:
                try:
                    spacing = state.catalogue.find_series(uid)[1].spacing
                except KeyError:
                    continue  # a picture of what was open a moment ago
                self._shown[uid] = raster
                self._studies.set_thumbnail(uid, render_base(raster, ViewWishes()), spacing.aspect)
        series = state.localizer
        picture = self._localizer_raster(series)
        if (series, picture) != self._localizer:
            self._localizer = (series, picture)
            image = render_base(picture, ViewWishes()) if picture is not None else None
            self._viewer.set_localizer_picture(series, image)

    def _localizer_raster(self, series: Series | None) -> Raster | None:
        if series is None:
            return None
        decoded = self._session.rasters.get(FrameKey(series.uid, series.default_frame))
        return decoded or self._session.thumbnails.get(series.uid)
