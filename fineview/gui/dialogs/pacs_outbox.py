"""The outbox: what became of each object, trying now, and giving up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLabel

from fineview.core.peer import Parcel
from fineview.gui.dialogs.pacs_table import Cells, button, fill, tab_page, table, value_of
from fineview.gui.wording import tr
from fineview.services.pacs_desk import PacsDesk
from fineview.services.pacs_work import SEND, PacsView

_SENT = ("State", "Node", "Object", "UID", "Attempts", "Remark")
_STATES = {"waiting": "Waiting", "sending": "On its way", "sent": "Sent, confirmed", "failed": "Failed"}


def parcel_cells(one: Parcel) -> Cells:
    return (tr(_STATES[one.state]), one.node, one.kind, one.sop_uid, str(one.attempts), one.why)


def waiting_words(view: PacsView) -> str:
    """What waits, and when it is tried again."""
    waits = sum(one.state == "waiting" for one in view.parcels)
    if not waits:
        return tr("An object counts as sent once the peer has confirmed it.")
    if view.next_try:
        return tr("{0} objects wait; the next try is at {1}, while FineView is open.").format(waits, view.next_try)
    return tr("{0} objects wait; they go when you ask.").format(waits)


class OutboxTab:
    """``choose``: opens the page that says what of the open study is sent."""

    def __init__(self, desk: PacsDesk, can_send: Callable[[], bool], choose: Callable[[], object]) -> None:
        self._desk, self._can_send = desk, can_send
        self.outbox = table(_SENT, 5, tr("Objects sent, waiting or failed"), many=True)
        self.outbox.itemSelectionChanged.connect(self.enable)
        self.send = button("Send the open study …", choose, True)
        self.retry = button("Try now", lambda: desk.sending.retry(self._ids() or None))
        self.give_up = button("Give up", lambda: desk.sending.give_up(self._ids()))
        self.give_up.setToolTip(tr("The chosen objects leave the outbox and are never sent. The files they came from "
                                   "stay."))
        self.check = button("Does the peer list them?", desk.sending.check)
        self.check.setToolTip(tr("Asks whether what was confirmed can be found there, before you delete an original."))
        self.forget = button("Clear what was sent", desk.sending.forget)
        row = QHBoxLayout()
        self.note = QLabel()
        self.note.setObjectName("quiet")
        row.addWidget(self.note, 1)
        self.page = tab_page(row, self.outbox, self.send, self.retry, self.give_up, self.check, self.forget)

    def show_view(self, view: PacsView) -> None:
        fill(self.outbox, [(one, parcel_cells(one)) for one in view.parcels],
             lambda one: one.id if isinstance(one, Parcel) else one)
        self.note.setText(waiting_words(view))
        self.enable()

    def enable(self) -> None:
        parcels, busy = self._desk.view.parcels, self._desk.busy(SEND)
        chosen = self._ids()
        concerned = [one for one in parcels if not chosen or one.id in chosen]
        sent = any(one.state == "sent" for one in parcels)
        for part, on in ((self.send, self._can_send()),
                         (self.retry, any(one.state in ("waiting", "failed") for one in concerned) and not busy),
                         (self.give_up, any(one.state in ("waiting", "failed") for one in concerned)
                          and bool(chosen) and not busy),
                         (self.check, sent and not busy), (self.forget, sent)):
            part.setEnabled(on)

    def _ids(self) -> frozenset[str]:
        return frozenset(value.id for one in self.outbox.selectedItems()
                         if isinstance(value := value_of(one), Parcel))
