"""Correcting the measured lines on the B-scan: on or off, how far a drag reaches, and back to the original."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.layer_edit import KNOT_EVERY, LayerEditor
from fineview.gui.wording import tr
from fineview.services.thickness_edit import LineEdits


class LineTools(QWidget):
    def __init__(self, edits: LineEdits, canvas: Canvas) -> None:
        super().__init__()
        self._edits, self._canvas = edits, canvas
        self.editor = LayerEditor(canvas, edits.lines)
        self.editor.bent.connect(self._bend)
        self.on = QCheckBox(tr("correct lines on the B-scan"))
        self.on.setToolTip(tr("Drag a knot or the line itself. Your copy is kept; the original stays"))
        self.on.toggled.connect(self._switch)
        self.reach = QSpinBox()
        self.reach.setRange(2, 400)
        self.reach.setValue(KNOT_EVERY)
        self.reach.setSuffix(tr(" columns"))
        self.reach.setAccessibleName(tr("How far a drag reaches"))
        self.reach.valueChanged.connect(self._set_reach)
        self._pair: tuple[str, str] | None = None
        self.restore = (QPushButton(), QPushButton())
        self._arrange()

    def _arrange(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(QLabel(tr("A drag reaches")))
        first.addWidget(self.reach, 1)
        for number, button in enumerate(self.restore):
            button.clicked.connect(partial(self._restore, number))
            second.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.on)
        column.addLayout(first)
        column.addLayout(second)

    def show_lines(self, pair: tuple[str, str] | None) -> None:
        """The lines of the shown B-scan may be others now."""
        self._pair = pair
        if pair is None and self.on.isChecked():
            self.on.setChecked(False)
        lines = self._edits.lines()
        own = {name for name, _, source in lines if source == "person"}
        for button, name in zip(self.restore, pair or ("", ""), strict=True):
            button.setText(f"{tr('Restore')} {name}".strip())
            button.setEnabled(name in own)
        # The file's own copy of a line that is being corrected would lie beside it.
        if self._canvas.layer_lines.leave_out(name for name, _, _ in lines if self.on.isChecked()):
            self._canvas.update()
        self.editor.update()

    def _switch(self, on: bool) -> None:
        self.editor.switch(on)
        self.show_lines(self._pair)

    def _bend(self, name: str, column: int, row: float) -> None:
        self._edits.bend(name, column, row, self.reach.value())

    def _set_reach(self, columns: int) -> None:
        self.editor.reach = columns

    def _restore(self, number: int) -> None:
        lines = self._edits.lines()
        if number < len(lines):
            self._edits.restore(lines[number][0])
