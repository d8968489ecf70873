"""Objects beside images as rows of the studies tree: what they are, and where they are shown or why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem

from fineview.core.study import Catalogue, Study
from fineview.gui.plain_tip import plain_tip
from fineview.gui.wording import tr
from fineview.services.companion_index import one_person
from fineview.services.companion_view import KIND_WORDS, CompanionRow

OBJECT_PATH = Qt.ItemDataRole.UserRole + 1
# A study may carry hundreds of reports; the tab of objects lists them all.
_MOST = 40


def object_words(row: CompanionRow) -> str:
    return f"{tr(KIND_WORDS[row.companion.kind]).capitalize()}: {row.companion.title}"


def of_study(rows: Sequence[CompanionRow], study: Study) -> tuple[CompanionRow, ...]:
    return tuple(row for row in rows if row.companion.study_uid == study.uid
                 and one_person(row.companion.patient_key, study.patient.key))


def homeless(rows: Sequence[CompanionRow], catalogue: Catalogue) -> tuple[CompanionRow, ...]:
    """Objects of no study that has images here."""
    at_home = {row.companion.path for study in catalogue.studies for row in of_study(rows, study)}
    return tuple(row for row in rows if row.companion.path not in at_home)


def object_rows(parent: QTreeWidgetItem, rows: Sequence[CompanionRow], folded: bool) -> None:
    """One row an object below ``parent``; short where the panel is folded."""
    for row in rows[:_MOST]:
        words, name = object_words(row), PurePath(row.companion.path).name
        item = QTreeWidgetItem(parent, [tr(KIND_WORDS[row.companion.kind]) if folded else f"{words}\n{row.words}"])
        item.setData(0, OBJECT_PATH, row.companion.path)
        item.setToolTip(0, plain_tip(f"{words}\n{row.words}\n{name}"))
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{words}, {row.words}")
    if len(rows) > _MOST:
        more = QTreeWidgetItem(parent, [tr("and {0} more objects").format(len(rows) - _MOST)])
        more.setFlags(Qt.ItemFlag.ItemIsEnabled)
