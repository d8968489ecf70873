"""Choosing another volume of the patient to compare with: one button for the likely one, a menu for all."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from fineview.gui.wording import date_words, tr
from fineview.services.compare_desk import CompareDesk
from fineview.services.thickness_compare import Candidate
from fineview.services.thickness_desk import ThicknessDesk

_WHEN = {"earlier": "earlier", "same day": "same day", "later": "later", "": "undated"}


class CompareWith(QWidget):
    def __init__(self, desk: ThicknessDesk) -> None:
        super().__init__()
        self._desk = desk
        self._offered: tuple[Candidate, ...] = ()
        self.first, self.others = QPushButton(), QPushButton("\u2026")
        self.alone = QPushButton(tr("Stop comparing"))
        for button in (self.first, self.alone):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.first.clicked.connect(lambda: self._choose(self._offered[0]))
        self.menu = QMenu(self.others)
        self.others.setMenu(self.menu)
        self.others.setFixedWidth(56)
        self.first.setText(tr("Compare"))
        self.others.setAccessibleName(tr("Other volumes to compare with"))
        self.alone.clicked.connect(self._compare.drop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for one in (self.first, self.alone, self.others):
            row.addWidget(one)

    @property
    def _compare(self) -> CompareDesk:
        return self._desk.compare

    def compare(self) -> bool:
        """With what is offered first; False where nothing is."""
        offered = self._compare.choices()
        if offered:
            self._choose(offered[0])
        return bool(offered)

    def show_choices(self, offered: tuple[Candidate, ...], compared: bool, busy: bool) -> None:
        """Hidden where there is nothing to compare with."""
        self.setVisible(bool(offered))
        self.alone.setVisible(compared)
        self.first.setVisible(not compared)
        for button in (self.first, self.others):
            button.setEnabled(not busy)
        if offered == self._offered or not offered:
            return
        self._offered = offered
        self.first.setText(f"{tr('Compare with')} {choice_words(offered[0])}")
        self.first.setToolTip(full_words(offered[0]))
        self.others.setVisible(len(offered) > 1)
        self.menu.clear()
        for number, one in enumerate(offered):
            if number and offered[number - 1].same_eye and not one.same_eye:
                self.menu.addSeparator()
            self.menu.addAction(full_words(one)).triggered.connect(partial(self._choose, one))

    def _choose(self, one: Candidate, _: bool = False) -> None:
        self._compare.choose(one.series.uid, self._desk.measure)


def choice_words(one: Candidate) -> str:
    """"2024-01-10", or "the other eye": short, for a narrow panel; the tool tip tells all."""
    return (date_words(one.study.date) or tr("the undated one")) if one.same_eye else tr("the other eye")


def full_words(one: Candidate) -> str:
    """"2024-01-10 (earlier), right eye (OD), OCT volume scan, 25 B-scans"."""
    series, eye = one.series, one.series.laterality.words
    eye = eye if one.same_eye else f"{tr('the other eye')}: {eye}, {tr('mirrored')}"
    words = (f"{date_words(one.study.date) or tr('undated')} ({tr(_WHEN[one.when])})", eye, series.description,
             f"{len(series.frames)} {tr('B-scans')}")
    return ", ".join(word for word in words if word)
