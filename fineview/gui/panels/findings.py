"""Suggestions and marks: accept, edit, reject, delete; undo and redo with the name of the step."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fineview.core.chance import chance_words
from fineview.core.finding import Finding, Origin, State
from fineview.core.image import Raster
from fineview.gui import icons
from fineview.gui.panels.score_slider import ScoreSlider
from fineview.gui.theme import as_panel, current
from fineview.gui.wording import tr
from fineview.services.ground import titled
from fineview.services.mark_facts import mark_facts, raster_of
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_ID = Qt.ItemDataRole.UserRole


def state_words(finding: Finding) -> str:
    """Who stands behind it and what was decided, in words."""
    if finding.origin is Origin.PERSON:
        return tr("yours")
    score = f" {chance_words(finding.score)}" if finding.score is not None else ""
    return f"{tr(finding.state.value)}{score}"


class Findings(QWidget):
    WATCHES = frozenset({"findings", "selected", "undo_name", "redo_name", "study", "suggestions", "image"})

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        as_panel(self)
        self._bench = bench
        self._chosen: Finding | None = None
        self._worth = ""
        self._measured: tuple[Finding | None, Raster | None] = (None, None)
        self._findings: tuple[Finding, ...] = ()
        self.list = QTreeWidget()
        self.list.setHeaderLabels([tr("No."), tr("Label"), tr("State"), tr("Frame")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setAccessibleName(tr("Findings"))
        for column, mode in enumerate((0, 1, 0, 0)):
            self.list.header().setSectionResizeMode(
                column, QHeaderView.ResizeMode.Stretch if mode else QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(False)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self._empty = QLabel(tr("No findings yet. Draw a region, or choose Analyse this frame."))
        self._empty.setObjectName("quiet")
        self._empty.setWordWrap(True)
        self.scores = ScoreSlider(bench)
        self._make_editor()
        self._arrange()

    def _make_editor(self) -> None:
        self.label = QComboBox()
        self.label.setEditable(True)
        self.label.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label.setAccessibleName(tr("Label of the finding"))
        self.label.lineEdit().setPlaceholderText(tr("Label"))
        self.label.activated.connect(lambda _: self._label())
        self.label.lineEdit().returnPressed.connect(self._label)
        self.note = QLineEdit()
        self.note.setPlaceholderText(tr("Note"))
        self.note.setAccessibleName(tr("Note on the finding"))
        self.note.editingFinished.connect(self._note)
        self.accept = self._button("accept", tr("Accept"), lambda i: self._bench.annotate.accept(i))
        self.reject = self._button("reject", tr("Reject"), lambda i: self._bench.annotate.reject(i))
        self.delete = self._button("delete", tr("Delete"), lambda i: self._bench.annotate.delete(i))
        self.undo, self.redo = QPushButton(), QPushButton()
        icons.dress(self.undo, "undo")
        icons.dress(self.redo, "redo")
        self.undo.clicked.connect(self._bench.annotate.undo)
        self.redo.clicked.connect(self._bench.annotate.redo)
        self._source = QLabel()
        self._source.setObjectName("quiet")
        self._source.setWordWrap(True)
        self._source.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts.setAccessibleName(tr("Measured of the finding"))

    def _button(self, icon: str, text: str, act: object) -> QPushButton:
        made = QPushButton(text)
        icons.dress(made, icon)
        made.clicked.connect(lambda: act(self._chosen.id) if self._chosen is not None else None)  # type: ignore[operator]
        return made

    def _arrange(self) -> None:
        buttons, steps = QHBoxLayout(), QVBoxLayout()
        for one in (self.accept, self.reject, self.delete):
            buttons.addWidget(one)
        for one in (self.undo, self.redo):
            one.setObjectName("link")
            steps.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._empty)
        column.addWidget(self.scores)
        column.addWidget(self.list, 1)
        column.addWidget(self._source)
        column.addWidget(self.facts)
        column.addWidget(self.label)
        column.addWidget(self.note)
        column.addLayout(buttons)
        column.addLayout(steps)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        if changed & {"findings", "study"}:
            self._findings = state.findings
            self._fill()
        if changed - {"image"}:
            self._show_chosen(state)
        self._show_facts()

    def _show_chosen(self, state: ViewState) -> None:
        # A photograph has one frame: the room belongs to the label.
        self.list.setColumnHidden(3, all(f.frame.index == 0 for f in state.findings))
        self.scores.show_suggestions(state.suggestions)
        self._worth = state.suggestions.of_selected
        self._select(state.selected)
        self._empty.setVisible(not state.findings and not state.suggestions.total)
        self._show_steps(state)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:  # another theme: the inks in the list are its own
            self._fill()
            self._select(self._chosen.id if self._chosen is not None else None)

    def _fill(self) -> None:
        tokens = current()
        self.list.clear()
        for number, one in enumerate(self._findings, start=1):
            label = titled(one.label) or tr(one.region.kind.value)
            where = str(one.frame.index + 1) if one.frame.index >= 0 else tr("not open")
            item = QTreeWidgetItem([str(number), label, state_words(one), where])
            item.setData(0, _ID, one.id)
            item.setToolTip(1, label)
            item.setForeground(2, QColor(tokens.person if one.origin is Origin.PERSON else tokens.model))
            font = item.font(1)
            font.setStrikeOut(one.state is State.REJECTED)
            font.setItalic(one.state is State.SUGGESTED)
            item.setFont(1, font)
            self.list.addTopLevelItem(item)

    def _select(self, selected: str | None) -> None:
        self._chosen = next((f for f in self._findings if f.id == selected), None)
        self.list.clearSelection()
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item is not None and item.data(0, _ID) == selected:
                self.list.setCurrentItem(item)
        self._show_editor()

    def _show_editor(self) -> None:
        one = self._chosen
        for widget in (self.label, self.note, self._source, self.accept, self.reject, self.delete):
            widget.setVisible(one is not None)
        if one is None:
            return
        self.label.clear()
        for word in dict.fromkeys((*self._bench.annotate.labels(), *([one.label] if one.label else []))):
            self.label.addItem(titled(word), word)
        self.label.setCurrentText(titled(one.label))
        if not self.note.hasFocus():
            self.note.setText(one.note)
        by_model = one.origin is Origin.MODEL
        self.accept.setVisible(by_model)
        self.reject.setVisible(by_model)
        self.accept.setEnabled(one.state in (State.SUGGESTED, State.REJECTED))
        self.reject.setEnabled(one.state is not State.REJECTED)
        self.delete.setVisible(not by_model)
        self._source.setVisible(by_model)
        if one.model is not None:
            reviewed = tr("not reviewed") if one.state is State.SUGGESTED else tr(one.state.value)
            score = f", {tr('score')} {chance_words(one.score)}" if one.score is not None else ""
            worth = f". {self._worth}" if self._worth else ""
            self._source.setText(f"{tr('suggested by')} {one.model.short}{score}, {reviewed}{worth}")

    def _show_facts(self) -> None:
        """Measured again where the mark or the pixels under it are others, not where only the window was dragged."""
        one, session = self._chosen, self._bench.session
        now = (one, raster_of(session, one) if one is not None else None)
        if now[0] != self._measured[0] or now[1] is not self._measured[1]:
            self._measured = now
            self.facts.setText(mark_facts(session, one) if one is not None else "")
            self.facts.setVisible(bool(self.facts.text()))

    def _show_steps(self, state: ViewState) -> None:
        for button, name, idle in ((self.undo, state.undo_name, tr("Nothing to undo")),
                                   (self.redo, state.redo_name, tr("Nothing to redo"))):
            button.setText(name or idle)
            button.setEnabled(bool(name))

    def _clicked(self, item: QTreeWidgetItem) -> None:
        one = next((f for f in self._findings if f.id == item.data(0, _ID)), None)
        if one is None:
            return
        self._bench.open.show(one.frame)
        self._bench.annotate.select(one.id)

    def _label(self) -> None:
        if self._chosen is not None:
            typed = self.label.currentText().strip()
            # The list shows "hard exudate" for the word hard_exudate, which codes and answers know it by.
            known = self.label.findText(typed)
            self._bench.annotate.label(self._chosen.id, self.label.itemData(known) if known >= 0 else typed)

    def _note(self) -> None:
        if self._chosen is not None and self.note.text().strip() != self._chosen.note:
            self._bench.annotate.note(self._chosen.id, self.note.text().strip())

    def focus_label(self) -> None:
        self.label.setFocus(Qt.FocusReason.ShortcutFocusReason)
