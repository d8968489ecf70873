"""Version, model, licences; research use only."""

from __future__ import annotations

import textwrap

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from fineview import __version__
from fineview.core.report import INTENDED_USE
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.identity import facts
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState


class About(Page):
    """``rows``: (name, value) told by the application: model card, licences, data folder."""

    def __init__(self, rows: tuple[tuple[str, str], ...], state: ViewState | None, parent: QWidget | None) -> None:
        super().__init__(tr("About FineView"), parent)
        self.words(f"FineView {__version__}", "hero")
        self.words(tr(INTENDED_USE), "warning")
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        known = dict(rows)
        if state is not None and state.analysis is not None:
            named = ("sha256", tr("Model"), tr("Device"))
            told = {name: value for name, value in facts(state.analysis) if name in named}
            known = {**told, **known}
        known.setdefault(tr("Licence of the code"), "Apache-2.0")
        for name, value in known.items():
            # Wrapped here and not by the label, whose height Qt guesses wrong inside a form.
            label = QLabel(textwrap.fill(value, 72))
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            title = QLabel(name)
            title.setObjectName("quiet")
            form.addRow(title, label)
        self.column.addLayout(form)
        self.buttons(None, "Close")
        self.setMinimumWidth(560)
