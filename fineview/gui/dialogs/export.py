"""The report: formats, folder, author; says beforehand what will be written and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from fineview.core.finding import Finding, State
from fineview.core.report import GridEntry
from fineview.gui.dialogs.page import Page
from fineview.gui.wording import date_words, tr
from fineview.services.grid_entry import entries_of
from fineview.services.workbench import Workbench

FORMATS = (("pdf", "PDF", ".pdf"), ("html", "HTML", ".html"), ("json", "JSON", ".json"),
           ("sr", "DICOM structured report", ".dcm"), ("epdf", "PDF in DICOM", ".pdf.dcm"))


def contents_words(findings: tuple[Finding, ...], grids: tuple[GridEntry, ...] = (), measured: bool = False) -> str:
    """What enters and what stays out: only accepted findings with a label do, and grids a person put in.

    ``measured``: a thickness is shown, so that it is told where no grid enters.
    """
    enters = sum(f.in_report and bool(f.label) for f in findings)
    nameless = sum(f.in_report and not f.label for f in findings)
    undecided = sum(f.state is State.SUGGESTED for f in findings)
    words = [tr("Accepted findings that enter the report: {0}.").format(enters)]
    if nameless:
        words.append(tr("Marks without a label that stay out until they have one: {0}.").format(nameless))
    if undecided:
        words.append(tr("Suggestions that nobody reviewed and that stay out: {0}.").format(undecided))
    words += [grid_words(one) for one in grids]
    if measured and not grids:
        words.append(tr("The thickness grid stays out: it is not ticked \"in the report\"."))
    return "\n".join(words)


def grid_words(one: GridEntry) -> str:
    """"Thickness grid that enters the report: right eye (OD), ILM to BM, with the change since 2024-01-10."."""
    told = one.change
    since = date_words(told.before.date) or tr("an undated visit") if told is not None else ""
    what = "" if told is None else tr("with the difference between the eyes") if told.of_eyes else \
        f"{tr('with the change since')} {since}"
    parts = (one.laterality.words, f"{one.provenance.upper} {tr('to')} {one.provenance.lower}", what)
    return f"{tr('Thickness grid that enters the report:')} {', '.join(part for part in parts if part)}."


def target_words(folder: str, formats: tuple[str, ...]) -> str:
    """Names of the files to be written, and whether they replace others."""
    names = [f"report{suffix}" for name, _, suffix in FORMATS if name in formats]
    if not names or not folder:
        return tr("Choose a folder and at least one format.")
    there = [name for name in names if (Path(folder) / name).exists()]
    words = tr("Writes {0} into {1}.").format(", ".join(names), folder)
    return f"{words} {tr('Replaces {0}.').format(', '.join(there))}" if there else words


class ExportReport(Page):
    """``named`` hears the author's name, to remember it."""

    def __init__(self, bench: Workbench, parent: QWidget | None, named: Callable[[str], object] = str) -> None:
        super().__init__(tr("Export report"), parent)
        self._bench, self._named = bench, named
        self._study, findings = bench.session.study, bench.session.findings
        now = bench.session.thickness
        self.words(contents_words(findings, entries_of(bench.session.kept_grids, bench.session.study),
                                  now is not None and now.made is not None))
        self.boxes = {name: QCheckBox(tr(title)) for name, title, _ in FORMATS}
        self._pictures = any(f.in_report and f.label and f.sop_uid is None for f in findings)
        self.capture = QCheckBox(tr("Write these pictures as DICOM Secondary Capture under a new UID first"))
        self.capture_why = QLabel(tr("A structured report must point at DICOM objects; some findings are on pictures "
                                     "that are none."))
        self.capture_why.setObjectName("quiet")
        self.capture_why.setWordWrap(True)
        self.folder, self.author = QLineEdit(self._default_folder()), QLineEdit(bench.session.author)
        self.folder.setAccessibleName(tr("Folder"))
        self.author.setAccessibleName(tr("Author"))
        self.author.setPlaceholderText(tr("Your name, as it stands in the report"))
        self.summary = QPlainTextEdit()
        self.summary.setTabChangesFocus(True)
        self.summary.setAccessibleName(tr("Summary"))
        self.summary.setPlaceholderText(tr("Summary in your own words (optional)"))
        self.summary.setFixedHeight(88)
        self._arrange()
        self.target = self.words("", "quiet")
        go, _ = self.buttons("Write the report", "Cancel")
        assert go is not None
        self.go = go
        self._connect()
        self.boxes["pdf"].setChecked(True)
        self._tell()
        self.setMinimumWidth(600)

    def _default_folder(self) -> str:
        return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)

    def _arrange(self) -> None:
        formats, place = QGridLayout(), QHBoxLayout()
        formats.setHorizontalSpacing(20)
        place.setSpacing(8)
        for number, box in enumerate(self.boxes.values()):
            formats.addWidget(box, number // 2, number % 2)
        choose = QPushButton(tr("Choose …"))
        choose.clicked.connect(self._choose)
        place.addWidget(self.folder, 1)
        place.addWidget(choose)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.addRow(tr("Formats"), formats)
        form.addRow("", self.capture_why)
        form.addRow("", self.capture)
        form.addRow(tr("Folder"), place)
        form.addRow(tr("Author"), self.author)
        form.addRow(tr("Summary"), self.summary)
        self._form = form
        self.column.addLayout(form)

    def _connect(self) -> None:
        for box in self.boxes.values():
            box.toggled.connect(self._tell)
        self.folder.textChanged.connect(self._tell)
        self.accepted.connect(self._export)

    def chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def _tell(self) -> None:
        needed = self._pictures and self.boxes["sr"].isChecked()
        self._form.setRowVisible(self.capture_why, needed)
        self._form.setRowVisible(self.capture, needed)
        self.target.setText(target_words(self.folder.text().strip(), self.chosen()))
        self.go.setEnabled(bool(self.chosen()) and bool(self.folder.text().strip()))

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Folder for the report"), self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _export(self) -> None:
        bench = self._bench
        bench.session.author = self.author.text().strip()
        self._named(bench.session.author)
        bench.report.summary(self.summary.toPlainText())
        capture = self._pictures and self.boxes["sr"].isChecked() and self.capture.isChecked()
        bench.report.export(Path(self.folder.text().strip()).expanduser(), self.chosen(), as_secondary_capture=capture,
                            study=self._study)
