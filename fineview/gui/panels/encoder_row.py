"""Whose maps are shown: the encoders at hand, and one click to which of them measured results speak for."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.wording import tr
from fineview.services.snapshot import EncoderChoice
from fineview.services.workbench import Workbench


class _Told(QStyledItemDelegate):
    """In the open list an encoder's name is followed by what a person must know before choosing it."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: N802
        super().initStyleOption(option, index)
        words = index.data(Qt.ItemDataRole.ToolTipRole)
        option.text = f"{option.text}: {words}" if words else option.text  # type: ignore[attr-defined]


def fill_encoders(box: QComboBox, names: tuple[tuple[str, str, str], ...]) -> None:
    """(value, name, words) of each encoder; the closed box shows the name alone."""
    if not isinstance(box.itemDelegate(), _Told):
        box.setItemDelegate(_Told(box))
    refill(box, tuple((value, name) for value, name, _ in names))
    for row, (_, _, words) in enumerate(names):
        box.setItemData(row, words, Qt.ItemDataRole.ToolTipRole)
    widest = max((box.fontMetrics().horizontalAdvance(f"{name}: {words}") for _, name, words in names), default=0)
    box.view().setMinimumWidth(widest + 32)


class EncoderRow(QWidget):
    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.box = combo(tr("Encoder"))
        self.box.activated.connect(lambda _: bench.explain.encoder(self.box.currentData()))
        self.which = QPushButton(tr("Which?"))
        self.which.setObjectName("link")
        self.which.setAccessibleName(tr("Which encoder for which task"))
        self.which.setToolTip(tr("Which encoder and scale for this task: what was measured, and when"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.which)
        self.setFocusProxy(self.box)

    def show_choice(self, choice: EncoderChoice) -> None:
        fill_encoders(self.box, choice.names)
        choose(self.box, choice.chosen)
        loading = tr("Being loaded; until it is there, the old one's maps stay.") if choice.loading else ""
        self.box.setToolTip(loading or str(self.box.currentData(Qt.ItemDataRole.ToolTipRole) or ""))
