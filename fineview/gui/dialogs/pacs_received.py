"""Received studies: which lie on this computer, how large they are, opening one, and deleting one for good."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from fineview.core.received import ReceivedStudy
from fineview.gui.dialogs.pacs_search import day
from fineview.gui.dialogs.pacs_table import Cells, button, fill, name_words, tab_page, table, value_of
from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr
from fineview.services.pacs_desk import PacsDesk
from fineview.services.pacs_work import PacsView

_COLUMNS = ("Received", "Patient", "ID", "Study of", "Description", "Objects", "Size")


def size_words(size: int) -> str:
    """Bytes in decimal units, as file managers count them."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"


def received_cells(one: ReceivedStudy) -> Cells:
    return (one.at, name_words(one.patient_name), one.patient_id, day(one.date), one.description,
            str(one.objects), size_words(one.size))


def delete_words(one: ReceivedStudy) -> str:
    """What goes, what stays, and that there is no way back."""
    who = name_words(one.patient_name) or one.patient_id or tr("a patient without a name")
    what = tr("{0} objects ({1}) of {2} are deleted from this computer.").format(one.objects, size_words(one.size), who)
    rest = tr("There is no way back: to have the study again it must be retrieved again. Marks, answers and reports "
              "that you made of it stay, and what waits in the outbox is still sent.")
    return f"{what} {rest}"


class ConfirmDelete(Page):
    def __init__(self, one: ReceivedStudy, parent: QWidget | None) -> None:
        super().__init__(tr("Delete a received study"), parent)
        self.words(delete_words(one))
        go, keep = self.buttons("Delete for good", "Keep it")
        assert go is not None
        go.setAutoDefault(False)
        keep.setDefault(True)  # Enter deletes nothing
        keep.setFocus()
        self.setMinimumWidth(460)


class ReceivedTab:
    def __init__(self, desk: PacsDesk, parent: QWidget) -> None:
        self._desk, self._parent = desk, parent
        self.studies = table(_COLUMNS, 4, tr("Received studies"))
        self.studies.itemSelectionChanged.connect(self.enable)
        self.studies.itemDoubleClicked.connect(lambda *_: self._open())
        self.open = button("Open", self._open, True)
        self.delete = button("Delete …", self._delete)
        row = QHBoxLayout()
        self.note = QLabel()
        self.note.setObjectName("quiet")
        row.addWidget(self.note, 1)
        self.page = tab_page(row, self.studies, self.open, self.delete)

    def show_view(self, view: PacsView) -> None:
        found = view.received
        fill(self.studies, [(one, received_cells(one)) for one in found or ()],
             lambda one: one.folder if isinstance(one, ReceivedStudy) else one)
        if found is None:
            self.note.setText(tr("Looking at the folder …"))
        else:
            size = size_words(sum(one.size for one in found))
            self.note.setText(tr("{0} studies, {1}. They stay until you delete them.").format(len(found), size)
                              if found else tr("No study was retrieved yet, or all are deleted."))
        self.enable()

    def enable(self) -> None:
        for part in (self.open, self.delete):
            part.setEnabled(self._chosen() is not None)

    def _chosen(self) -> ReceivedStudy | None:
        items = self.studies.selectedItems()
        chosen = value_of(items[0]) if items else None
        return chosen if isinstance(chosen, ReceivedStudy) else None

    def _open(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._desk.received.open(chosen)

    def _delete(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._desk.received.free(chosen):
            sure = ConfirmDelete(chosen, self._parent)
            sure.accepted.connect(lambda: self._desk.received.delete(chosen))
            sure.open()
