"""Hanging rules: what stands side by side when a study is opened, one line a modality; kept when accepted."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QWidget

from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import choose, combo
from fineview.gui.wording import tr
from fineview.services.hanging_rules import DEFAULT_RULES, FILL_WORDS, OTHERS, Rule
from fineview.services.workbench import Workbench

_MODALITIES = {
    "OPT": "OCT volumes (OPT)", "OP": "Eye photographs (OP)", "MG": "Mammography (MG)", "MR": "Magnetic resonance (MR)",
    "CT": "Computed tomography (CT)", "CR": "Radiographs (CR)", "DX": "Digital radiographs (DX)",
    "US": "Ultrasound (US)", OTHERS: "All others"}
_LAYOUTS = (("1x1", "one picture"), ("1x2", "two side by side"), ("2x1", "one above the other"),
            ("2x2", "two by two"))


class HangingRules(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Hanging"), parent)
        self._bench = bench
        self.words(tr("What stands side by side when a study is opened. Sides and dates are taken from the files; "
                      "where they are missing, or nothing belongs beside it, one picture is shown."), "quiet")
        self.rows: dict[str, tuple[QComboBox, QComboBox]] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setColumnStretch(2, 1)
        for column, title in enumerate(("Kind of picture", "At most", "What")):
            head = QLabel(tr(title))
            head.setObjectName("section")
            grid.addWidget(head, 0, column)
        for row, rule in enumerate(bench.hanging.rules, start=1):
            self._add(grid, row, rule)
        self.column.addLayout(grid)
        reset = QPushButton(tr("Back to the built-in rules"))
        reset.setObjectName("link")
        reset.clicked.connect(lambda: self._show(DEFAULT_RULES))
        self.column.addWidget(reset, 0, Qt.AlignmentFlag.AlignLeft)
        self.buttons("Keep and apply", "Cancel")
        self.accepted.connect(self._keep)

    def _add(self, grid: QGridLayout, row: int, rule: Rule) -> None:
        name = tr(_MODALITIES.get(rule.modality, rule.modality))
        layout = combo(f"{name}: {tr('At most')}", _LAYOUTS)
        fill = combo(f"{name}: {tr('What')}", tuple(FILL_WORDS.items()))
        fill.setMinimumContentsLength(30)
        layout.setMinimumContentsLength(18)
        for column, part in enumerate((QLabel(name), layout, fill)):
            grid.addWidget(part, row, column)
        self.rows[rule.modality] = layout, fill
        choose(layout, rule.layout)
        choose(fill, rule.fill)

    def _show(self, rules: tuple[Rule, ...]) -> None:
        for rule in rules:
            layout, fill = self.rows[rule.modality]
            choose(layout, rule.layout)
            choose(fill, rule.fill)

    def _keep(self) -> None:
        self._bench.hanging.set_rules(tuple(Rule(modality, layout.currentData(), fill.currentData())
                                            for modality, (layout, fill) in self.rows.items()))
