"""The card of the encoder in force: what it was trained on, what was measured on these very weights, where it fails."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from fineview.core.card import ModelCard, Picture
from fineview.core.errors import FineViewError
from fineview.core.measured import StoredResult
from fineview.core.report import INTENDED_USE
from fineview.gui.dialogs.card_parts import figures, framed, grid, image_of, said
from fineview.gui.dialogs.page import Page
from fineview.gui.flow import FlowLayout
from fineview.gui.folded import Folded
from fineview.gui.panels.choices import combo
from fineview.gui.panels.identity import breakable
from fineview.gui.reliability_plot import ReliabilityPlot
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench

Part = TypeVar("Part", bound=QWidget)
_TITLES = {"lesions": "Lesions on photographs", "layers": "Layer lines", "chat": "Answers", "maps": "Heat maps",
           "card": "Measured again by \"fineview models verify\"", "words": "Word by word", "scales": "Scales",
           "seams": "Tile seams", "deployment": "Light deployment", "bench-vision": "Speed"}
_OPEN = ("lesions", "layers", "chat", "card")  # the others are long, and open by a click


class Card(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Model card"), parent)
        self._inner = QWidget(self)
        self._inner.hide()
        self.body = QVBoxLayout(self._inner)
        self.body.setContentsMargins(0, 0, 16, 0)
        self.body.setSpacing(8)
        self.waiting = said(tr("Reading the card …"), "quiet")
        self.column.addWidget(self.waiting)
        self.area = QScrollArea()
        self.area.setAccessibleName(tr("Model card"))
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.column.addWidget(self.area, 100)
        self.buttons(None, "Close")
        self.resize(960, 720)
        bench.cards.card(self._show, self._failed)

    def _failed(self, error: FineViewError) -> None:
        if isValid(self):
            self.waiting.setText(f"{error.what} {error.remedy}")

    def _show(self, card: ModelCard) -> None:
        if not isValid(self):
            return  # closed before it was read
        self.waiting.hide()
        self._add(said(f"{card.entry.name} {card.entry.version}", "hero"))
        self._add(said(INTENDED_USE, "warning"))
        self._add(grid((), [(tr(name), breakable(value)) for name, value in card.facts]))
        self._lines("What it is", (card.words.what,))
        if card.words.trained_on:
            self._title("What it was trained on")
            self._add(grid(("data", "licence", "use"),
                           [(one.data, one.licence, one.use) for one in card.words.trained_on]))
            self._add(said(card.words.data_notes, "quiet"))
        self._show_measured(card)
        self._show_failures(card.pictures)
        self._lines("Limits", card.words.limits)
        self._lines("Notes on this file of weights", card.own_notes)
        self._lines("What is not known", card.unknown)
        self.body.addStretch(1)
        self.area.setWidget(self._inner)  # whole: a long column that grew in sight would be squeezed at first

    def _show_measured(self, card: ModelCard) -> None:
        if card.results:
            self._title("What was measured on these very weights")
        for one in sorted(card.results, key=lambda result: result.what not in _OPEN):
            title = tr(_TITLES.get(one.what, one.what))
            if one.what in _OPEN:
                self._add(said(title, "title"))
                self._add(_inside(one))
            else:
                self._add(Folded(f"{title}: {len(one.figures)} {tr('figures')}, {one.made[:10]}",
                                 partial(_inside, one)))
        if card.others:
            self._add(said(tr("Not shown: {0} stored results of other weights or another calibration with this name."
                              ).format(card.others), "quiet"))
        if card.reliability:
            self._title("Do scores mean what they say?")
            self._show_reliability(card)

    def _show_reliability(self, card: ModelCard) -> None:
        self._add(said(tr("Regions: the probability that a region holds the label, half of them do. Suggestions: the "
                          "score that is shown with each. On the dashed line both are equal; larger dots stand on more "
                          "cases."), "quiet"))
        labels = list(dict.fromkeys(one.label for one, _ in card.reliability))
        self.label = combo(tr("Label"), tuple((one, one.replace("_", " ") or "all lesions") for one in labels))
        head = QHBoxLayout()
        head.addWidget(self.label)
        head.addStretch(1)
        self.body.addLayout(head)
        holder = QWidget()
        self.plots = FlowLayout(holder, 16)
        self._add(holder)

        def draw() -> None:
            self.plots.clear()
            for one, result in card.reliability:
                if one.label == self.label.currentData():
                    self.plots.addWidget(ReliabilityPlot(one, f"{tr(one.of.capitalize())}, {_short(result)}"))

        self.label.activated.connect(lambda _: draw())
        draw()

    def _show_failures(self, pictures: tuple[Picture, ...]) -> None:
        shown = [(one, image) for one in pictures if (image := image_of(one)) is not None]
        if not shown:
            return
        self._title("Where it fails")
        self._add(said(tr("Chosen by rule: the largest lesion missed and the surest wrong suggestion of each label."),
                       "quiet"))
        sources = list(dict.fromkeys(one.example.source for one, _ in shown))
        holder = QWidget()
        flow = FlowLayout(holder)
        for one, image in shown:
            flow.addWidget(framed(one, image, with_source=len(sources) > 1))
        self._add(holder)
        if len(sources) == 1:
            self._add(said(f"{tr('Each')}: {sources[0]}.", "quiet"))

    def _lines(self, title: str, lines: tuple[str, ...]) -> None:
        if any(lines):
            self._title(title)
            for one in lines:
                self._add(said(one))

    def _title(self, text: str) -> None:
        self._add(said(tr(text).upper(), "section")).setContentsMargins(0, 14, 0, 0)

    def _add(self, part: Part) -> Part:
        self.body.addWidget(part)
        return part


def _origin(one: StoredResult) -> str:
    here = tr(", measured here") if one.own else ""
    return f"{one.data}; {one.made[:10]}, {tr('seed')} {one.seed}{here}; {one.machine}"


def _inside(one: StoredResult) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(said(_origin(one), "quiet"))
    column.addWidget(figures(one))
    return holder


def _short(result: StoredResult) -> str:
    """The last part of what it was measured on: the plot's title has little room."""
    return result.data.split(", ")[-1]
