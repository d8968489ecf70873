"""Entering a peer, or changing one: DICOM titles and ports, or the address of a DICOMweb service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from fineview.core.errors import RequestProblem
from fineview.core.peer import Node, Secrets, checked
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import combo
from fineview.gui.wording import tr

_DIMSE, _WEB = ("host", "port", "called", "calling", "move_port", "tls"), ("url", "token")
_TITLES = {"name": "Name", "host": "Host", "port": "Port", "called": "Its title (AET)", "calling": "Our title (AET)",
           "move_port": "Our port for C-MOVE", "url": "Address", "token": "Bearer token",
           "patience_s": "Patience in seconds"}
_FILES = {"ca_file": "Trusted certificates", "cert_file": "Our certificate", "key_file": "Its key"}
_HINTS = {"host": "pacs.example", "port": "104", "move_port": "empty: C-GET is used",
          "url": "https://pacs.example/dicom-web", "token": "empty: none is sent",
          "ca_file": "empty: those of the system", "cert_file": "where the peer asks for one",
          "key_file": "empty: in the same file", "passphrase": "empty: the key has none"}


class EnterNode(Page):
    """``entered`` gets the node, and its secrets where some were typed.  ``known``: the one to change."""

    def __init__(self, entered: Callable[[Node, Secrets | None], object], parent: QWidget | None,
                 known: Node | None = None) -> None:
        super().__init__(tr("Enter a PACS node") if known is None else tr("Change a PACS node"), parent)
        self._entered = entered
        self.kind = combo(tr("Kind"), (("dimse", "DICOM (DIMSE)"), ("web", "DICOMweb")))
        self.fields = {name: QLineEdit() for name in (*_TITLES, *_FILES, "passphrase")}
        for name in ("token", "passphrase"):
            self.fields[name].setEchoMode(QLineEdit.EchoMode.Password)
        for name, words in _HINTS.items():
            self.fields[name].setPlaceholderText(tr(words))
        self.tls = QCheckBox(tr("Encrypted (TLS)"))
        for field in self.fields.values():
            field.ensurePolished()
            field.setMinimumHeight(field.sizeHint().height())  # a long reason below must not squeeze them
        self._arrange()
        self._fill(known)
        self.words(tr("Token and passphrase are kept in the keyring of the system, never in a file. A node that is "
                      "entered again starts without those of the one before."), "quiet")
        self.trouble = self.words("", "error")
        self.trouble.hide()
        go, _ = self.buttons("Enter" if known is None else "Change", "Cancel")
        assert go is not None
        go.clicked.disconnect()
        go.clicked.connect(self._enter)
        self.kind.activated.connect(lambda _: self._show_kind())
        self._show_kind()
        self.setMinimumWidth(540)

    def _fill(self, known: Node | None) -> None:
        shown = known or Node("")
        for name in (*_TITLES, *_FILES):
            value = getattr(shown, name, "")
            self.fields[name].setText("" if value == 0 else f"{value:g}" if isinstance(value, float) else str(value))
        self.tls.setChecked(shown.tls)
        self.kind.setCurrentIndex(1 if shown.kind == "web" else 0)
        self.fields["name"].setEnabled(known is None)  # another name is another node

    def _arrange(self) -> None:
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._form.addRow(tr("Kind"), self.kind)
        for name, title in _TITLES.items():
            self.fields[name].setAccessibleName(tr(title))
            self._form.addRow(tr(title), self.fields[name])
        self._form.addRow("", self.tls)
        for name, title in _FILES.items():
            place, choose = QHBoxLayout(), QPushButton(tr("Choose …"))
            place.setSpacing(8)
            choose.setAutoDefault(False)
            choose.setAccessibleName(tr("Choose {0}").format(tr(title)))
            choose.clicked.connect(partial(self._choose, name, title))
            place.addWidget(self.fields[name], 1)
            place.addWidget(choose)
            self.fields[name].setAccessibleName(tr(title))
            self._form.addRow(tr(title), place)
        self.fields["passphrase"].setAccessibleName(tr("Passphrase of the key"))
        self._form.addRow(tr("Passphrase of the key"), self.fields["passphrase"])
        self.rows: dict[str, QWidget] = {**self.fields, "tls": self.tls}
        self.column.addLayout(self._form)

    def _show_kind(self) -> None:
        web = self.kind.currentData() == "web"
        for name in (*_DIMSE, *_WEB):
            self._form.setRowVisible(self.rows[name], (name in _WEB) == web)
        self.adjustSize()

    def _choose(self, name: str, title: str, *_: object) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(self, tr(title), "", "PEM (*.pem *.crt *.cer *.key)")
        if chosen:
            self.fields[name].setText(chosen)

    def _node(self) -> Node:
        """Raises ``RequestProblem`` where it is none."""
        said = {name: field.text().strip() for name, field in self.fields.items()}
        patience = _seconds(said["patience_s"])
        if self.kind.currentData() == "web":
            node = Node(said["name"], "web", url=said["url"], patience_s=patience)
        else:
            node = Node(said["name"], "dimse", said["host"], _number(said["port"]), said["called"],
                        said["calling"], self.tls.isChecked(), move_port=_number(said["move_port"] or "0"),
                        patience_s=patience)
        return checked(replace(node, ca_file=said["ca_file"], cert_file=said["cert_file"], key_file=said["key_file"]))

    def _enter(self) -> None:
        try:
            node = self._node()
        except RequestProblem as error:
            self.trouble.setText(error.what)
            self.trouble.show()
            self.adjustSize()
            return
        token = self.fields["token"].text().strip() if node.kind == "web" else ""
        passphrase = self.fields["passphrase"].text() if node.cert_file else ""
        self._entered(node, Secrets(token, passphrase) if token or passphrase else None)
        self.accept()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
