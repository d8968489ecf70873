"""Which picture stands beside a volume, where there are several: a small list on the picture itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from fineview.core.study import Series
from fineview.gui.wording import tr


class LocalizerChoice(QWidget):
    """Lies over the top of the localizer.  ``chosen`` carries the UID of a series."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = QComboBox()
        self.box.setAccessibleName(tr("Picture beside the volume"))
        self.box.activated.connect(lambda _: self.chosen.emit(self.box.currentData()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.box)
        self.hide()

    def show_pictures(self, pictures: Sequence[Series], shown: Series | None) -> None:
        """Hidden where there is nothing to choose from."""
        uids = [one.uid for one in pictures]
        if uids != [self.box.itemData(n) for n in range(self.box.count())]:
            self.box.clear()
            for one in pictures:
                self.box.addItem(one.description or one.modality, one.uid)
        self.box.setCurrentIndex(max(0, uids.index(shown.uid) if shown is not None and shown.uid in uids else 0))
        self.setVisible(len(pictures) > 1)
        self.lay_out()

    def lay_out(self) -> None:
        room = self.parentWidget().width() - 16
        self.setGeometry(8, 6, max(80, min(room, 420)), self.sizeHint().height())
