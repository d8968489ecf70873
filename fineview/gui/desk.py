"""Gestures that belong to the window alone: dialogs, panels, theme.  Everything else goes to the workbench."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QTabWidget, QWidget

from fineview.core.geometry import Point
from fineview.gui import icons, theme
from fineview.gui.dialogs.about import About
from fineview.gui.dialogs.advice import EncoderAdvice
from fineview.gui.dialogs.export import ExportReport
from fineview.gui.dialogs.hanging import HangingRules
from fineview.gui.dialogs.labels import EditLabels
from fineview.gui.dialogs.memory import MemoryPage
from fineview.gui.dialogs.modalities import WhyTheyDiffer
from fineview.gui.dialogs.model_card import Card
from fineview.gui.dialogs.pacs import PacsPage
from fineview.gui.dialogs.plugins import Plugins
from fineview.gui.dialogs.shortcuts import Shortcuts
from fineview.gui.dialogs.windows import Windows
from fineview.gui.keys import Keys
from fineview.gui.panels.chat import Chat
from fineview.gui.panels.findings import Findings
from fineview.gui.panels.objects import Objects
from fineview.gui.panels.studies import Studies
from fineview.gui.panels.thickness import Thickness
from fineview.gui.viewer.viewer import Viewer
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

Facts = Sequence[tuple[str, str]]


class Preferences(Protocol):
    """Small settings that outlive the window; the journal fits it by shape."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class Parts(Protocol):
    """The parts of the window that gestures reach."""

    viewer: Viewer
    studies: Studies
    side: QTabWidget
    tabs: QTabWidget
    chat: Chat
    findings: Findings
    thickness: Thickness
    objects: Objects

    @property
    def state(self) -> ViewState | None: ...


class Desk:
    """What the rows of the action table may reach: ``bench`` and the window's own parts.

    ``facts``: rows of the About page.  ``keys``: which key does what, for the page of keys.
    """

    def __init__(self, bench: Workbench, window: QWidget, parts: Parts, facts: Callable[[], Facts],
                 keys: Keys, preferences: Preferences | None) -> None:
        self.bench, self._window, self._parts = bench, window, parts
        self._facts, self._keys, self._preferences = facts, keys, preferences
        self._point: Point | None = None
        parts.viewer.canvas.hovered.connect(self._remember_point)

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

    def choose_answerer(self) -> None:
        """A folder with a language model, to answer questions from now on."""
        chosen = QFileDialog.getExistingDirectory(self._window, tr("Choose a folder with a language model"))
        if chosen:
            self.bench.answerers.choose(chosen)

    def pacs(self) -> None:
        PacsPage(self.bench, self._window).open()

    def export(self) -> None:
        ExportReport(self.bench, self._window, self._keep_author).open()

    def _keep_author(self, name: str) -> None:
        if self._preferences is not None and name:
            self._preferences.set_setting("author", name)

    def edit_labels(self) -> None:
        EditLabels(self.bench, self._window).open()

    def about(self) -> None:
        About(tuple(self._facts()), self._parts.state, self._window).open()

    def advise(self) -> None:
        EncoderAdvice(self.bench, self._window).open()

    def model_card(self) -> None:
        Card(self.bench, self._window).open()

    def memory(self) -> None:
        MemoryPage(self.bench, self._window).open()

    def plugins(self) -> None:
        Plugins(self.bench, self._window).open()

    def explain_modalities(self) -> None:
        WhyTheyDiffer(self._window).open()

    def shortcuts(self) -> None:
        Shortcuts(self._keys, self._window).open()

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
        self._parts.studies.setVisible(not self._parts.studies.isVisible())

    def toggle_side(self) -> None:
        self._parts.side.setVisible(not self._parts.side.isVisible())

    def maximise(self) -> None:
        """The picture alone, and back."""
        alone = self._parts.studies.isVisible() or self._parts.side.isVisible()
        self._parts.studies.setVisible(not alone)
        self._parts.side.setVisible(not alone)

    def enlarge(self) -> None:
        """Double click: the pane alone where there are several, else the picture alone."""
        if self.bench.session.panes.count > 1:
            self.bench.panes.alone()
        else:
            self.maximise()

    def windows(self) -> None:
        Windows(self.bench, self._window).open()

    def hanging(self) -> None:
        HangingRules(self.bench, self._window).open()

    def ask(self) -> None:
        self._parts.side.show()
        self._parts.tabs.setCurrentWidget(self._parts.chat)
        self._parts.chat.focus_question()

    def read_object(self, path: str) -> None:
        """The object's text beside the picture, and the frame it belongs to."""
        self._parts.side.show()
        self._parts.tabs.setCurrentWidget(self._parts.objects)
        self.bench.companions.select(path)

    def edit_label(self) -> None:
        self._parts.side.show()
        self._parts.tabs.setCurrentWidget(self._parts.findings)
        self._parts.findings.focus_label()

    def thickness(self) -> None:
        """The tab of the thickness map; measures where nothing was measured yet."""
        self._parts.side.show()
        self._parts.tabs.setCurrentWidget(self._parts.thickness)
        now = self.bench.session.thickness
        if now is None or now.made is None:
            self._parts.thickness.measure.click()

    def compare_thickness(self) -> None:
        """With the volume that the tab offers first, which is an earlier visit where there is one."""
        self._parts.side.show()
        self._parts.tabs.setCurrentWidget(self._parts.thickness)
        if not self._parts.thickness.against.compare():
            self.bench.session.tell("info", tr("There is no other volume of this patient to compare with."),
                                    tr("Open both visits together. The files must name patient and eye."),
                                    "nothing-to-compare")
            self.bench.session.pulse()

    def correct_lines(self) -> None:
        self._parts.thickness.lines.on.toggle()

    def play(self) -> None:
        self._parts.viewer.frames.toggle()

    def reset_view(self) -> None:
        self.bench.look.reset()
        self.fit()

    def fit(self) -> None:
        viewer = self._parts.viewer
        for one in (viewer.canvas, *viewer.planes.canvases):
            one.fit()
        viewer.grid.fit()

    def one_to_one(self) -> None:
        self._parts.viewer.canvas.one_to_one()

    def zoom(self, factor: float) -> None:
        self._parts.viewer.canvas.zoom_by(factor)

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
        """Escape: let go of a half drawn region, else stop the answer, else point at nothing, else select nothing,
        where no field was left by it.

        The keys belong to the picture again: in the question field they would be letters.
        """
        canvas = self._parts.viewer.canvas
        typing = not canvas.hasFocus()
        canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if canvas.hand.busy:
            canvas.let_go()
        elif self.bench.session.streaming is not None:
            self.bench.ask.stop()
        elif self.bench.session.pointed is not None:
            self.bench.ask.point_at_nothing()
        elif not typing:  # leaving a field keeps the mark it was about
            self.bench.annotate.select(None)

    def last_frame(self) -> None:
        series = self.bench.session.series
        if series is not None:
            self.bench.open.show_frame(len(series.frames) - 1)
