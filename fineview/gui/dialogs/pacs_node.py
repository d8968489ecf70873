"""Entering a peer: DICOM titles and ports, or the address of a DICOMweb service."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from fineview.core.errors import RequestProblem
from fineview.core.peer import Node, Secrets, checked
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import combo
from fineview.gui.wording import tr

_DIMSE, _WEB = ("host", "port", "called", "calling", "move_port", "tls"), ("url", "token")


class EnterNode(Page):
    """``entered`` gets the node, and its secrets where some were typed."""

    def __init__(self, entered: Callable[[Node, Secrets | None], object], parent: QWidget | None) -> None:
        super().__init__(tr("Enter a PACS node"), parent)
        self._entered = entered
        self.kind = combo(tr("Kind"), (("dimse", "DICOM (DIMSE)"), ("web", "DICOMweb")))
        self.fields = {name: QLineEdit() for name in ("name", "host", "port", "called", "calling", "move_port", "url",
                                                      "token", "ca_file")}
        self.fields["calling"].setText("FINEVIEW")
        self.fields["token"].setEchoMode(QLineEdit.EchoMode.Password)
        for name, words in (("host", "pacs.example"), ("port", "104"), ("move_port", tr("empty: C-GET is used")),
                            ("url", "https://pacs.example/dicom-web"), ("token", tr("empty: none is sent")),
                            ("ca_file", tr("empty: those of the system"))):
            self.fields[name].setPlaceholderText(words)
        self.tls = QCheckBox(tr("Encrypted (TLS)"))
        for field in self.fields.values():
            field.ensurePolished()
            field.setMinimumHeight(field.sizeHint().height())  # a long reason below must not squeeze them
        self.rows: dict[str, QWidget] = {**self.fields, "tls": self.tls}
        self._arrange()
        self.words(tr("A token is kept in the keyring of the system, never in a file."), "quiet")
        self.trouble = self.words("", "error")
        self.trouble.hide()
        go, _ = self.buttons("Enter", "Cancel")
        assert go is not None
        go.clicked.disconnect()
        go.clicked.connect(self._enter)
        self.kind.activated.connect(lambda _: self._show_kind())
        self._show_kind()
        self.setMinimumWidth(520)

    def _arrange(self) -> None:
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._form.addRow(tr("Kind"), self.kind)
        for name, title in (("name", "Name"), ("host", "Host"), ("port", "Port"), ("called", "Its title (AET)"),
                            ("calling", "Our title (AET)"), ("move_port", "Our port for C-MOVE"),
                            ("url", "Address"), ("token", "Bearer token")):
            self.fields[name].setAccessibleName(tr(title))
            self._form.addRow(tr(title), self.fields[name])
        self._form.addRow("", self.tls)
        place, choose = QHBoxLayout(), QPushButton(tr("Choose …"))
        choose.clicked.connect(self._choose)
        place.addWidget(self.fields["ca_file"], 1)
        place.addWidget(choose)
        self.fields["ca_file"].setAccessibleName(tr("Trusted certificates"))
        self._form.addRow(tr("Trusted certificates"), place)
        self.column.addLayout(self._form)

    def _show_kind(self) -> None:
        web = self.kind.currentData() == "web"
        for name in (*_DIMSE, *_WEB):
            self._form.setRowVisible(self.rows[name], (name in _WEB) == web)
        self.adjustSize()

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, tr("Trusted certificates"), "", "PEM (*.pem *.crt *.cer)")
        if chosen:
            self.fields["ca_file"].setText(chosen)

    def _enter(self) -> None:
        said = {name: field.text().strip() for name, field in self.fields.items()}
        try:
            if self.kind.currentData() == "web":
                node = Node(said["name"], "web", url=said["url"], ca_file=said["ca_file"])
            else:
                node = Node(said["name"], "dimse", said["host"], _number(said["port"]), said["called"],
                            said["calling"], self.tls.isChecked(), said["ca_file"],
                            move_port=_number(said["move_port"] or "0"))
            checked(node)
        except RequestProblem as error:
            self.trouble.setText(error.what)
            self.trouble.show()
            self.adjustSize()
            return
        token = said["token"] if node.kind == "web" else ""
        self._entered(node, Secrets(token) if token else None)
        self.accept()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1
