"""Searching a node: studies, their series, and bringing one of them here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QTreeWidgetItem

from fineview.core.peer import Match, Query
from fineview.gui.dialogs.pacs_table import Cells, button, item, name_words, tab_page, table, value_of
from fineview.gui.wording import tr
from fineview.services.pacs_desk import PacsDesk
from fineview.services.pacs_work import GET, PacsView

_FOUND = ("Date", "Modality", "Patient", "ID", "Born", "Description", "Objects")


def match_cells(one: Match) -> Cells:
    """A study, or a series below it, as the columns of the table."""
    kind, objects = one.modality.replace("\\", ", "), str(one.objects or "")
    if one.series_uid:
        return (tr("Series {0}").format(one.number).strip(), kind, "", "", "", one.description, objects)
    return (day(one.date), kind, name_words(one.patient_name), one.patient_id, day(one.birth_date),
            one.description, objects)


def day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


class SearchTab:
    """``node``: the name of the chosen one, None where there is none."""

    def __init__(self, desk: PacsDesk, node: Callable[[], str | None]) -> None:
        self._desk, self._node = desk, node
        self._rows: tuple[Match, ...] = ()
        self.search = button("Search", self._search, True)
        self.retrieve = button("Retrieve and open", self._retrieve, True)
        self.found = table(_FOUND, 5, tr("Studies found"))
        self.found.setRootIsDecorated(True)
        self.found.setExpandsOnDoubleClick(False)
        self.found.itemDoubleClicked.connect(lambda *_: self._retrieve())
        self.found.itemSelectionChanged.connect(self.enable)
        self.found.itemExpanded.connect(self._expand)
        self.page = tab_page(self._fields(), self.found, self.retrieve)

    def _fields(self) -> QHBoxLayout:
        self.fields = {name: QLineEdit() for name in ("patient_id", "patient_name", "dates", "modality")}
        hints = {"patient_id": "Patient ID", "patient_name": "Name, with * for any",
                 "dates": "Dates: 20260101-20261231", "modality": "Modality"}
        titles = {"patient_id": "Patient ID", "patient_name": "Patient's name", "dates": "Date or range",
                  "modality": "Modality"}
        row = QHBoxLayout()
        row.setSpacing(8)
        for name, field in self.fields.items():
            field.setPlaceholderText(tr(hints[name]))
            field.setAccessibleName(tr(titles[name]))
            field.setToolTip(tr(titles[name]))
            field.returnPressed.connect(self._search)
            row.addWidget(field, 1 if name == "modality" else 2)
        row.addWidget(self.search)
        return row

    def query(self) -> Query:
        return Query(**{name: field.text().strip() for name, field in self.fields.items()})  # type: ignore[arg-type]

    def show_view(self, view: PacsView) -> None:
        # The newest first: peers list in whatever order they find.
        rows = tuple(sorted(view.found.rows, key=lambda one: one.date, reverse=True)) if view.found is not None else ()
        if rows != self._rows:
            self._rows = rows
            self.found.clear()
            for one in rows:
                made = item(one, match_cells(one))
                made.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
                self.found.addTopLevelItem(made)
        for number, one in enumerate(rows):
            below, made_before = view.series.get(one.study_uid), self.found.topLevelItem(number)
            if below and made_before is not None and not made_before.childCount():
                made_before.addChildren([item(series, match_cells(series)) for series in below])
        self.enable()

    def enable(self) -> None:
        view, chosen = self._desk.view, self._chosen()
        self.search.setEnabled(self._node() is not None)
        self.retrieve.setEnabled(chosen is not None and bool(view.found_at) and not self._desk.busy(GET))
        series = chosen is not None and bool(chosen.series_uid)
        self.retrieve.setText(tr("Retrieve the series and open") if series else tr("Retrieve and open"))

    def _chosen(self) -> Match | None:
        items = self.found.selectedItems()
        chosen = value_of(items[0]) if items else None
        return chosen if isinstance(chosen, Match) else None

    def _search(self) -> None:
        node = self._node()
        if node is not None:
            self._desk.find(node, self.query())

    def _expand(self, one: QTreeWidgetItem) -> None:
        study = value_of(one)
        if isinstance(study, Match):
            self._desk.series(study)

    def _retrieve(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self.retrieve.isEnabled():
            self._desk.retrieve(chosen)
