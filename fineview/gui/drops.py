"""What may be dropped on the window: files from outside are opened, a series goes into the pane below it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from fineview.gui.panels.series_tree import series_in
from fineview.gui.viewer.pane_grid import PaneGrid
from fineview.services.workbench import Workbench


def welcome(data: QMimeData) -> bool:
    return bool(series_in(data)) or any(url.isLocalFile() for url in data.urls())


def take(event: QDropEvent, window: QWidget, grid: PaneGrid, bench: Workbench) -> None:
    """``event`` in coordinates of ``window``."""
    series = series_in(event.mimeData())
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    if series or paths:
        event.acceptProposedAction()
    if series:
        bench.panes.put(grid.at(grid.mapFrom(window, event.position().toPoint())), series)
    elif paths:
        bench.open.paths(paths)
