"""Qt actions made from the table: menus, toolbar, shortcuts; enabled, checked and named by the state."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from fineview.gui import icons
from fineview.gui.action_row import Action
from fineview.gui.actions import ACTIONS
from fineview.gui.desk import Desk
from fineview.gui.keys import Keys, native
from fineview.gui.pane_actions import MOST_PRESETS
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState


class ActionBar:
    WATCHES = frozenset({"tool", "overlay_wishes", "view", "frame_key", "selected", "undo_name", "redo_name", "study",
                         "series", "image", "window_text", "beside", "companions", "panes", "planes"})

    def __init__(self, window: QMainWindow, desk: Desk, keys: Keys) -> None:
        self._desk, self._keys = desk, keys
        self._state: ViewState | None = None
        self.actions: dict[str, QAction] = {}
        menus: dict[str, QMenu] = {}
        for row in ACTIONS:
            if row.menu not in menus:
                menus[row.menu] = window.menuBar().addMenu(tr(row.menu))
            made = self.actions[row.id] = self._make(row, window)
            menus[row.menu].addAction(made)
        menus["Presets"].aboutToShow.connect(self._name_presets)
        menus["Presets"].aboutToHide.connect(self._show_presets)
        self.toolbar = self._make_toolbar(window)
        keys.subscribe(self._rekey)

    def _make(self, row: Action, window: QMainWindow) -> QAction:
        made = QAction(tr(row.title), window)
        made.setIconText(tr(row.title))
        if row.icon:
            icons.dress(made, row.icon)
        made.setShortcut(QKeySequence(self._keys.of(row.id)))
        made.setCheckable(row.checked is not None)
        made.triggered.connect(lambda _=False, r=row: self._run(r))
        self._tell(made, row, tr(row.title))
        return made

    def _tell(self, made: QAction, row: Action, title: str) -> None:
        key = f" ({native(self._keys.of(row.id))})" if self._keys.of(row.id) else ""
        tip = f"{title}{key}" + (f"\n{tr(row.tip)}" if row.tip else "")
        made.setToolTip(tip)
        made.setStatusTip(tr(row.tip))

    def _make_toolbar(self, window: QMainWindow) -> QToolBar:
        bar = QToolBar(tr("Tools"), window)
        bar.setMovable(False)
        bar.setIconSize(QSize(18, 18))
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        groups = sorted({row.toolbar for row in ACTIONS if row.toolbar})
        for group in groups:
            for row in ACTIONS:
                if row.toolbar == group:
                    bar.addAction(self.actions[row.id])
                    button = bar.widgetForAction(self.actions[row.id])
                    button.setAccessibleName(tr(row.title))
            if group != groups[-1]:
                bar.addSeparator()
        more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:  # Qt's own arrow is dark in every theme
            icons.dress(more, "more")
            more.setToolTip(tr("More tools"))
            more.setAccessibleName(tr("More tools"))
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)
        return bar

    def _rekey(self) -> None:
        """Keys were given to other actions: all are taken away first, for no key may have two for a moment."""
        for made in self.actions.values():
            made.setShortcut(QKeySequence())
        for row in ACTIONS:
            self.actions[row.id].setShortcut(QKeySequence(self._keys.of(row.id)))
            self._tell(self.actions[row.id], row, self.actions[row.id].text())

    def _run(self, row: Action) -> None:
        row.run(self._desk)
        # A click flips a checkable action by itself; the state alone decides what is checked.
        if self._state is not None:
            self.show_state(self._state, self.WATCHES)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self._state = state
        for row in ACTIONS:
            made = self.actions[row.id]
            made.setEnabled(row.enabled(state))
            if row.checked is not None:
                made.setChecked(row.checked(state))
            if row.words is not None:
                title = row.words(state)
                made.setText(tr(title))
                self._tell(made, row, title)

    def _name_presets(self) -> None:
        """The menu tells which windows the keys stand for in this picture."""
        known = self._desk.bench.look.presets()
        for number in range(1, MOST_PRESETS + 1):
            made = self.actions[f"preset-{number}"]
            made.setVisible(number <= len(known))
            if number <= len(known):
                preset = known[number - 1]
                name = tr(preset.name) or tr("From the file")
                made.setText(f"{name}   W {preset.width:g}  L {preset.centre:g}")

    def _show_presets(self) -> None:
        """A hidden action does not hear its key."""
        for number in range(1, MOST_PRESETS + 1):
            self.actions[f"preset-{number}"].setVisible(True)
