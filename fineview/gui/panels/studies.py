"""Patient, study, series with thumbnails; below them the files that would not open, with reason and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QTreeWidgetItem, QVBoxLayout, QWidget

from fineview.core.study import Catalogue, Patient, Series, Study
from fineview.gui.panels.object_rows import OBJECT_PATH, homeless, object_rows, of_study
from fineview.gui.panels.series_tree import UID as _UID
from fineview.gui.panels.series_tree import SeriesTree
from fineview.gui.plain_tip import plain_tip
from fineview.gui.theme import DARK, as_panel
from fineview.gui.viewer.layers import to_qimage
from fineview.gui.wording import date_words, person_name, side_words, tr
from fineview.services.companion_view import CompanionRow
from fineview.services.snapshot import ViewState

_THUMB = QSize(64, 48)
# A folder of a thousand broken files is told once, not a thousand times.
_MOST_PROBLEMS = 50


def series_words(series: Series) -> str:
    """What it is; which side and how many frames; whether a localizer is linked to it."""
    side = side_words(series.laterality)
    count = len(series.frames)
    frames = f"{count} {tr('frames')}" if count > 1 else f"{series.cols} x {series.rows}"
    linked = tr("with localizer") if series.localizer_uid else ""
    kind = series.modality or tr("picture")
    told = ", ".join(filter(None, (kind, side, frames)))
    return "\n".join(part for part in (series.description or kind, told, linked) if part)


def study_words(study: Study) -> str:
    return "  ".join(part for part in (date_words(study.date) or tr("date unknown"), study.description) if part)


def people_words(people: Iterable[Patient]) -> dict[tuple[str, ...], str]:
    """A name for each patient by key; two of one name are told apart by birth date and ID."""
    told = {one.key: (person_name(one.name) or tr("name unknown"), one) for one in people}
    names = Counter(name for name, _ in told.values())
    return {key: name if names[name] == 1 else "  ".join(
        part for part in (name, one.birth_date and f"{tr('born')} {date_words(one.birth_date)}",
                          one.id and f"{tr('ID')} {one.id}") if part) for key, (name, one) in told.items()}


def thumbnail(image: NDArray[np.uint8], aspect: float) -> QIcon:
    """A small picture in its true shape on the picture's ground."""
    made = to_qimage(image)
    height = max(int(made.height() * aspect), 1)
    small = made.scaled(QSize(made.width(), height).scaled(_THUMB, Qt.AspectRatioMode.KeepAspectRatio),
                        Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    ground = QPixmap(_THUMB)
    ground.fill(QColor(DARK.picture))
    painter = QPainter(ground)
    painter.drawImage((_THUMB.width() - small.width()) // 2, (_THUMB.height() - small.height()) // 2, small)
    painter.end()
    made_icon = QIcon(ground)
    made_icon.addPixmap(ground, QIcon.Mode.Selected)  # else Qt lays the colour of the chosen row over the picture
    return made_icon


class Studies(QWidget):
    """``wanted`` carries a series UID, ``object_wanted`` the path of an object beside the images.

    ``fold``: thumbnails only, for small screens.
    """

    WATCHES = frozenset({"catalogue", "series", "companions", "panes"})
    wanted = Signal(str)
    object_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        as_panel(self)
        self._icons: dict[str, QIcon] = {}
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._folded = False
        self._catalogue = Catalogue()
        self._objects: tuple[CompanionRow, ...] = ()
        self._title = QLabel(tr("STUDIES"))
        self._title.setObjectName("section")
        self._title.setContentsMargins(8, 8, 8, 0)
        self.tree = SeriesTree()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(8)
        self.tree.setRootIsDecorated(False)
        self.tree.setIconSize(_THUMB)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setAccessibleName(tr("Studies and series"))
        self.tree.itemClicked.connect(self._clicked)
        self.tree.itemActivated.connect(self._clicked)
        self._problem_title = QLabel()
        self._problem_title.setObjectName("warning")
        self._problem_title.setWordWrap(True)
        self._problem_title.setContentsMargins(8, 4, 8, 0)
        self.problems = self._make_problems()
        self._problem_area = QScrollArea()
        self._problem_area.setWidgetResizable(True)
        self._problem_area.setMaximumHeight(180)
        self._problem_area.setWidget(self.problems)
        self._problem_area.setAccessibleName(tr("Files that could not be opened"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for one, stretch in ((self._title, 0), (self.tree, 3), (self._problem_title, 0), (self._problem_area, 1)):
            column.addWidget(one, stretch)
        self._show_problems()

    def _make_problems(self) -> QLabel:
        made = QLabel()
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.setWordWrap(True)
        made.setAlignment(Qt.AlignmentFlag.AlignTop)
        made.setContentsMargins(8, 4, 8, 8)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        made.setAccessibleName(tr("Files that could not be opened"))
        return made

    def fold(self, folded: bool) -> None:
        if folded != self._folded:
            self._folded = folded
            self.tree.setIndentation(0 if folded else 8)
            self._rebuild()
            self._show_problems()

    @property
    def folded(self) -> bool:
        return self._folded

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        if "catalogue" in changed:
            self._catalogue, self._objects = state.catalogue, state.companions.rows
            self._rebuild()
            self._show_problems()
        row = self._rows.get(state.series.uid) if state.series else None
        if row is not None:
            self.tree.setCurrentItem(row)

    def set_thumbnail(self, uid: str, image: NDArray[np.uint8], aspect: float) -> None:
        self._icons[uid] = thumbnail(image, aspect)
        if uid in self._rows:
            self._rows[uid].setIcon(0, self._icons[uid])

    def _rebuild(self) -> None:
        current = self.tree.currentItem()
        shown = current.data(0, _UID) if current is not None else None
        self.tree.clear()
        self._rows.clear()
        people: dict[tuple[str, ...], QTreeWidgetItem] = {}
        names = people_words(study.patient for study in self._catalogue.studies)
        for study in self._catalogue.studies:
            person = people.get(study.patient.key)
            if person is None:
                person = people[study.patient.key] = self._branch(
                    self.tree.invisibleRootItem(), names[study.patient.key], bold=True)
            branch = self._branch(person, study_words(study), date_words(study.date) if self._folded else "")
            for series in study.series:
                self._rows[series.uid] = self._leaf(branch, series)
            object_rows(branch, of_study(self._objects, study), self._folded)
        object_rows(self.tree.invisibleRootItem(), homeless(self._objects, self._catalogue), self._folded)
        self.tree.expandAll()
        if shown in self._rows:
            self.tree.setCurrentItem(self._rows[shown])

    def _branch(self, parent: QTreeWidgetItem, text: str, short: str = "", bold: bool = False) -> QTreeWidgetItem:
        item = QTreeWidgetItem(parent, [short or text])
        item.setToolTip(0, plain_tip(text))
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        if bold:
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
        return item

    def _leaf(self, parent: QTreeWidgetItem, series: Series) -> QTreeWidgetItem:
        words = series_words(series)
        item = QTreeWidgetItem(parent, ["" if self._folded else words])
        item.setData(0, _UID, series.uid)
        item.setToolTip(0, plain_tip("\n".join((words, *series.warnings))))
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, words)
        item.setSizeHint(0, QSize(0, _THUMB.height() + 14))
        blank = QPixmap(_THUMB)
        blank.fill(QColor(DARK.picture))
        item.setIcon(0, self._icons.get(series.uid, QIcon(blank)))
        return item

    def _show_problems(self) -> None:
        problems = self._catalogue.problems
        told = [f"{PurePath(one.path).name}\n{one.what} {one.remedy}" for one in problems[:_MOST_PROBLEMS]]
        if len(problems) > _MOST_PROBLEMS:
            told.append(tr("and {0} more").format(len(problems) - _MOST_PROBLEMS))
        copies = [one for one in self._catalogue.files if one.verdict == "duplicate"]
        told += [tr("{0}\nThe same image as {1}, shown once.").format(
            PurePath(one.path).name, PurePath(one.same_as or "").name) for one in copies[:_MOST_PROBLEMS]]
        self.problems.setText("\n\n".join(told))
        titles = [f"{tr('problems') if self._folded else tr('not opened')}: {len(problems)}"] if problems else []
        titles += [f"{tr('copies')}: {len(copies)}"] if copies else []
        self._problem_title.setText("  ".join(titles))
        self._problem_title.setToolTip(plain_tip("\n".join(f"{p.path}: {p.what}" for p in problems[:20])))
        self._problem_title.setVisible(bool(titles))
        self._problem_area.setVisible(bool(told) and not self._folded)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        uid, path = item.data(0, _UID), item.data(0, OBJECT_PATH)
        if uid:
            self.wanted.emit(uid)
        elif path:
            self.object_wanted.emit(path)
