"""The window: places the parts and connects them.  No logic lives here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QMessageBox, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from fineview.gui import drops
from fineview.gui.action_bar import ActionBar
from fineview.gui.action_row import has_b_scans
from fineview.gui.actions import ACTIONS, GESTURES
from fineview.gui.bind import Binder
from fineview.gui.desk import Desk, Facts, Preferences
from fineview.gui.dialogs.intended_use import IntendedUse
from fineview.gui.keys import Keys
from fineview.gui.notices import Notices
from fineview.gui.panels.banner import PatientBanner
from fineview.gui.panels.chat import Chat
from fineview.gui.panels.evidence import Evidence
from fineview.gui.panels.findings import Findings
from fineview.gui.panels.header import Header
from fineview.gui.panels.objects import Objects
from fineview.gui.panels.status import Status
from fineview.gui.panels.studies import Studies
from fineview.gui.panels.thickness import Thickness
from fineview.gui.panels.welcome import Welcome
from fineview.gui.steady import make_steady
from fineview.gui.thumbnails import Thumbnails
from fineview.gui.viewer.viewer import Viewer
from fineview.gui.window_place import PlacedWindow
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench


class MainWindow(PlacedWindow):
    """``preferences`` keeps the acknowledged note and the theme; ``facts`` are the rows of the About page."""

    WATCHES = frozenset({"study", "series", "banner", "companions"})

    def __init__(self, bench: Workbench, *, first_run: bool, preferences: Preferences | None = None,
                 facts: Callable[[], Facts] = tuple) -> None:
        super().__init__()
        self.setWindowTitle("FineView")
        self.setAcceptDrops(True)
        self._bench, self._preferences, self._first_run = bench, preferences, first_run
        self._make_parts()
        self._arrange()
        self.keys = Keys(ACTIONS, preferences, GESTURES)
        self.desk = Desk(bench, self, self, facts, self.keys, preferences)
        self.bar = ActionBar(self, self.desk, self.keys)
        thumbnails = Thumbnails(bench.session, self.studies, self.viewer)
        self.binder = Binder(bench.session, (
            self, self.banner, self.notices, self.studies, self.viewer, self.chat, self.findings, self.evidence,
            self.thickness, self.objects, self.header, self.status, self.bar, thumbnails), self)
        self._connect()
        self.setMinimumSize(840, 480)  # below, the picture's own controls would be cut
        self.resize(1600, 1000)
        self.welcome.show_recent(bench.open.recent())
        make_steady(self)
        self.binder.update_now()

    @property
    def state(self) -> ViewState | None:
        return self.binder.state

    def _make_parts(self) -> None:
        bench = self._bench
        self.banner, self.notices, self.studies = PatientBanner(), Notices(bench.session), Studies()
        self.viewer, self.welcome, self.status = Viewer(bench), Welcome(), Status(bench)
        self.chat, self.findings = Chat(bench), Findings(bench)
        self.evidence, self.header = Evidence(bench), Header(bench)
        self.thickness = Thickness(bench, self.viewer.canvas)
        self.objects = Objects(bench)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        for one in (self.tabs, self.tabs.tabBar()):
            one.setAccessibleName(tr("Chat, findings, evidence and header"))
        for part, title in ((self.chat, "Chat"), (self.findings, "Findings"), (self.evidence, "Evidence"),
                            (self.thickness, "Thickness"), (self.objects, "Objects"), (self.header, "Header")):
            self.tabs.addTab(part, tr(title))

    def _arrange(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.viewer, 1)
        self.side = self.tabs
        self.side.setMinimumWidth(300)
        self.studies.setMinimumWidth(104)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(4)
        for part in (self.studies, middle, self.side):
            self.split.addWidget(part)
        self.split.setStretchFactor(1, 1)
        self.split.setChildrenCollapsible(False)
        self.keep_widths(self.split, self.studies.fold, self._preferences)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.split)
        whole = QWidget()
        whole.setObjectName("ground")
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.notices)
        rows.addWidget(self.pages, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(whole)

    def _connect(self) -> None:
        opening = self._bench.open
        self.studies.wanted.connect(opening.show_series)
        self.studies.tree.pane_wanted.connect(self._bench.panes.put)
        self.studies.object_wanted.connect(self.desk.read_object)
        self.viewer.region_drawn.connect(self.desk.ask)
        self.viewer.maximised.connect(self.desk.enlarge)
        self.evidence.encoder.which.clicked.connect(self.desk.advise)
        self.evidence.card.clicked.connect(self.desk.model_card)
        self.chat.answered_by.folder_wanted.connect(self.desk.choose_answerer)
        self.status.memory_wanted.connect(self.desk.memory)
        self.welcome.sample_wanted.connect(opening.sample)
        self.welcome.folder_wanted.connect(self.desk.open_folder)
        self.welcome.files_wanted.connect(self.desk.open_files)
        self.welcome.reopened.connect(opening.reopen)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        objects_only = state.study is None and bool(state.companions.rows)
        opened = state.study is not None or objects_only
        if not opened and self.pages.currentWidget() is not self.welcome:
            self.welcome.show_recent(self._bench.open.recent())
        for part, of_use in ((self.objects, bool(state.companions.rows)), (self.thickness, has_b_scans(state))):
            if not of_use and self.tabs.currentWidget() is part:
                self.tabs.setCurrentWidget(self.chat)  # else the neighbour would come up, whatever it is
            self.tabs.setTabVisible(self.tabs.indexOf(part), of_use)
        if objects_only:
            self.tabs.setCurrentWidget(self.objects)
        self.pages.setCurrentWidget(self.split if opened else self.welcome)
        self.bar.toolbar.setVisible(opened)

    def begin(self) -> None:
        """Show the intended-use note where it was never acknowledged; leaving it closes the window."""
        if self._first_run:
            note = IntendedUse(self._acknowledged, self)
            note.rejected.connect(self.close)
            note.open()

    def _acknowledged(self) -> None:
        self._first_run = False
        if self._preferences is not None:
            self._preferences.set_setting("intended-use", "acknowledged")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        # A key that no focused part wanted: the hold key works wherever nothing is being typed.
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.viewer.hold(True)
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.viewer.hold(False)
        super().keyReleaseEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if drops.welcome(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        drops.take(event, self, self.viewer.grid, self._bench)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if "report" in self._bench.session.progress and not self._may_leave():
            event.ignore()
            return
        self.keep_place()
        self.viewer.frames.play(False)
        self.binder.close()
        # The worker ends at its next stage; nobody needs to look at a dead window meanwhile.
        self.hide()
        self._bench.close()
        event.accept()

    def _may_leave(self) -> bool:
        answer = QMessageBox.question(self, tr("A report is being written"),
                                      tr("Leave without the report? Your marks are saved."))
        return answer is QMessageBox.StandardButton.Yes
