"""The window and a plain pyqtgraph ImageView with the same frames and the same heat, driven in turn, for the bench.

Ours is the whole way: the session's index changes, a snapshot is taken, the frame goes through its window, the heat
through its colours, and the window paints.  The plain viewer is given the same arrays with levels and a colour table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from fineview.core.evidence import HeatMap, Method, ModelIdentity
from fineview.core.image import Raster, Window
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Patient, Series, Study
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.start import application
from fineview.gui.theme import apply_theme
from fineview.imaging.colour import heat_rgba
from fineview.services.jobs import Post
from fineview.services.picture import heat_key
from fineview.services.remembered import PICTURES
from fineview.services.workbench import Workbench

_MODEL = ModelIdentity("bench", "1", "0" * 64)
_WINDOW = Window(2048.0, 4096.0)


def study_of(frames: Sequence[NDArray[np.uint16]]) -> Study:
    """One series of frames that no file holds."""
    rows, cols = frames[0].shape
    infos = tuple(FrameInfo("bench", i, rows=rows, cols=cols) for i in range(len(frames)))
    return Study("bench", Patient("Bench"), series=(
        Series("bench", "bench", "CT", rows=rows, cols=cols, bits=12, frames=infos),))


class FrameChange:
    """``show_*``: the next frame; ``pan_*``: the picture moved by a few pixels; painted when the call returns.

    ``frames``: (H, W) uint16 of 12 bits.  ``heat``: (H, W) float32 in [0, 1], one for each frame.
    """

    def __init__(self, factory: Callable[[Post], Workbench], frames: Sequence[NDArray[np.uint16]],
                 heat: Sequence[NDArray[np.float32]]) -> None:
        apply_theme(application(), "dark")
        self._frames, self._heat, self._turn = frames, heat, 0
        self.bench = factory(Mailbox().post)
        self.bench.explain.enabled = False
        self.window = MainWindow(self.bench, first_run=False)
        self.canvas = self.window.viewer.canvas
        self._expose(self.window)
        self._open()
        self.peer, self._over = pg.ImageView(), pg.ImageItem()
        self._make_peer()

    def _open(self) -> None:
        session = self.bench.session
        session.catalogue = Catalogue((study_of(self._frames),))
        for index, pixels in enumerate(self._frames):
            session.rasters[FrameKey("bench", index)] = Raster(pixels, windows=(_WINDOW,))
        self.bench.open.show_series("bench")
        self.bench.explain.set(kind="raw", lines=False)
        for index, values in enumerate(self._heat):
            key = FrameKey("bench", index)
            session.heat[heat_key(key, session.overlay)] = HeatMap(key, Method.RAW, "bench", None, values, _MODEL)
        wait(lambda: self.window.state is not None and self.window.state.overlay is not None)

    def _make_peer(self) -> None:
        """As large a picture as ours, the same colours where the heat is above our threshold."""
        self.peer.ui.histogram.hide()
        self.peer.ui.roiBtn.hide()
        self.peer.ui.menuBtn.hide()
        self.peer.getView().addItem(self._over)
        wished = self.bench.session.overlay
        ramp = np.linspace(0.0, 1.0, 256, dtype=np.float32)[None]
        self._over.setLookupTable(heat_rgba(ramp, wished.colour_map, wished.threshold, wished.opacity)[0])
        self.peer.setImage(self._frames[0], autoLevels=False, levels=self._levels, axes={"y": 0, "x": 1})
        self.peer.resize(self.canvas.size())
        self._expose(self.peer)

    @property
    def _levels(self) -> tuple[float, float]:
        return _WINDOW.centre - _WINDOW.width / 2, _WINDOW.centre + _WINDOW.width / 2

    def _expose(self, widget: QWidget) -> None:
        widget.show()
        # An unexposed window skips its painting, and a skipped paint costs nothing.
        wait(lambda: widget.windowHandle() is not None and widget.windowHandle().isExposed())
        for _ in range(3):
            QCoreApplication.processEvents()

    def show_ours(self) -> None:
        self._turn += 1
        PICTURES.clear()  # every frame is made as if it was never shown before
        self.bench.open.show_frame(self._turn % len(self._frames))
        self._painted()

    def show_peer(self) -> None:
        self._turn += 1
        index = self._turn % len(self._frames)
        self.peer.setImage(self._frames[index], autoLevels=False, levels=self._levels, autoRange=False,
                           axes={"y": 0, "x": 1})
        self._over.setImage(self._heat[index], levels=(0.0, 1.0))
        self.peer.ui.graphicsView.viewport().repaint()
        QCoreApplication.processEvents()

    def pan_ours(self) -> None:
        self._turn += 1
        self.canvas.pan_by(3 if self._turn % 2 else -3, 2 if self._turn % 4 < 2 else -2)
        self.canvas.repaint()
        QCoreApplication.processEvents()

    def pan_peer(self) -> None:
        self._turn += 1
        self.peer.getView().translateBy(x=3 if self._turn % 2 else -3, y=2 if self._turn % 4 < 2 else -2)
        self.peer.ui.graphicsView.viewport().repaint()
        QCoreApplication.processEvents()

    def played(self, rate: float, seconds: float) -> float:
        """Frames a second that the window shows of its stack while it plays at ``rate`` for so long."""
        seen, session = [self.bench.session.index], self.bench.session
        bar = self.window.viewer.frames
        bar.rate.setValue(rate)
        started = time.perf_counter()
        bar.play(True)
        while time.perf_counter() - started < seconds:
            QCoreApplication.processEvents()
            if session.index != seen[-1]:
                seen.append(session.index)
        spent = time.perf_counter() - started
        bar.play(False)
        return (len(seen) - 1) / spent

    def _painted(self) -> None:
        """The binder's turn now, the picture, and whatever else of the window has changed."""
        self.window.binder.update_now()
        self.canvas.repaint()
        QCoreApplication.processEvents()

    def close(self) -> None:
        for one in (self.window, self.peer):
            one.close()
            one.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
