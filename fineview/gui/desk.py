"""Gestures that belong to the window alone: dialogs, panels, theme.  Everything else goes to the workbench."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QApplication, QFileDialog

from fineview.core.geometry import Point
from fineview.gui import icons, theme
from fineview.gui.dialogs.about import About
from fineview.gui.dialogs.export import ExportReport
from fineview.gui.dialogs.labels import EditLabels
from fineview.gui.dialogs.shortcuts import Shortcuts
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench

if TYPE_CHECKING:
    from fineview.gui.main_window import MainWindow

Facts = Sequence[tuple[str, str]]


class Preferences(Protocol):
    """Small settings that outlive the window; the journal fits it by shape."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class Desk:
    """What the rows of the action table may reach: ``bench`` and the window's own parts."""

    def __init__(self, bench: Workbench, window: MainWindow, facts: Callable[[], Facts],
                 preferences: Preferences | None) -> None:
        self.bench, self._window = bench, window
        self._facts, self._preferences = facts, preferences
        self._point: Point | None = None
        window.viewer.canvas.hovered.connect(self._remember_point)

    @property
    def canvas(self) -> object:
        return self._window.viewer.canvas

    def _remember_point(self, point: Point | None) -> None:
        self._point = point or self._point

    def open_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self._window, tr("Open a folder"))
        if chosen:
            self.bench.open.paths([Path(chosen)])

    def open_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self._window, tr("Open files"))
        if chosen:
            self.bench.open.paths([Path(one) for one in chosen])

    def export(self) -> None:
        ExportReport(self.bench, self._window).open()

    def edit_labels(self) -> None:
        EditLabels(self.bench, self._window).open()

    def about(self) -> None:
        About(tuple(self._facts()), self._window.state, self._window).open()

    def shortcuts(self) -> None:
        Shortcuts(self._window).open()

    def quit(self) -> None:
        self._window.close()

    def toggle_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        name: theme.ThemeName = "light" if app.property("fineview-theme") == "dark" else "dark"
        theme.apply_theme(app, name)
        icons.redress()
        if self._preferences is not None:
            self._preferences.set_setting("theme", name)

    def toggle_browser(self) -> None:
        self._window.studies.setVisible(not self._window.studies.isVisible())

    def toggle_side(self) -> None:
        self._window.side.setVisible(not self._window.side.isVisible())

    def maximise(self) -> None:
        """The picture alone, and back."""
        alone = self._window.studies.isVisible() or self._window.side.isVisible()
        self._window.studies.setVisible(not alone)
        self._window.side.setVisible(not alone)

    def ask(self) -> None:
        self._window.side.show()
        self._window.tabs.setCurrentWidget(self._window.chat)
        self._window.chat.focus_question()

    def edit_label(self) -> None:
        self._window.side.show()
        self._window.tabs.setCurrentWidget(self._window.findings)
        self._window.findings.focus_label()

    def play(self) -> None:
        self._window.viewer.frames.toggle()

    def fit(self) -> None:
        self._window.viewer.canvas.fit()

    def one_to_one(self) -> None:
        self._window.viewer.canvas.one_to_one()

    def zoom(self, factor: float) -> None:
        self._window.viewer.canvas.zoom_by(factor)

    def mark_fovea(self) -> None:
        """Where the cursor is, or was last, on the picture."""
        if self._point is not None:
            self.bench.annotate.mark_fovea(*self._point)

    def selected(self, act: Callable[[str], None]) -> None:
        """Do something with the selected finding, where there is one."""
        chosen = self.bench.session.selected
        if chosen is not None:
            act(chosen)

    def step_back(self) -> None:
        """Escape: let go of a half drawn region, else stop the answer, else select nothing."""
        canvas = self._window.viewer.canvas
        if canvas.hand.busy:
            canvas.let_go()
        elif self.bench.session.streaming is not None:
            self.bench.ask.stop()
        else:
            self.bench.annotate.select(None)

    def last_frame(self) -> None:
        series = self.bench.session.series
        if series is not None:
            self.bench.open.show_frame(len(series.frames) - 1)
