"""Whose picture this is: always visible, and a change of person is a visible change."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from fineview.gui.elided import Elided
from fineview.gui.theme import PATIENT_STRIPS
from fineview.gui.wording import date_words, person_name, tr
from fineview.services.snapshot import Banner, ViewState

_ANNOUNCED_MS = 6000


def patient_words(banner: Banner) -> str:
    """Name, sex, birth date and ID in one line; says where the file is silent."""
    patient = banner.patient
    born = date_words(patient.birth_date)
    parts = (person_name(patient.name) or tr("name unknown"), patient.sex, f"{tr('born')} {born}" if born else "",
             f"{tr('ID')} {patient.id}" if patient.id else tr("no ID"))
    return "   ".join(part for part in parts if part)


def study_words(banner: Banner) -> str:
    """Study date, series and its frames, lossy compression."""
    date = date_words(banner.study_date) or tr("date unknown")
    frames = f"{banner.frames} {tr('frames')}" if banner.frames > 1 else ""
    lossy = tr("Lossy compressed") if banner.lossy else ""
    return "   ".join(part for part in (date, banner.series, frames, lossy) if part)


class PatientBanner(QFrame):
    """The colour of the left strip changes with the person; for some seconds words say so as well."""

    WATCHES = frozenset({"banner", "patient_changes"})

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._strip = QFrame()
        self._strip.setFixedWidth(6)
        self.person, self.eye, self.study = QLabel(), QLabel(), Elided()
        self.changed_words = QLabel()
        self.changed_words.setObjectName("warning")
        self._seen, self._person = 0, ""
        for label in (self.person, self.eye, self.study, self.changed_words):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.person.setObjectName("title")
        self.study.setObjectName("quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(16)
        row.addWidget(self._strip)
        row.addWidget(self.person)
        row.addWidget(self.eye)
        # Identity is never cut; the series' name gives way.
        row.addWidget(self.study, 1)
        row.addWidget(self.changed_words)
        self.setMinimumHeight(36)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(self.changed_words.clear)
        self._show_strip(0)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        banner = state.banner
        self.setVisible(banner is not None)
        if banner is None:
            return
        self._person = patient_words(banner)
        self.eye.setText(tr(banner.laterality.words))
        known = banner.laterality.value is not None
        self.eye.setObjectName("warning" if banner.laterality.missing else "" if known else "quiet")
        self.eye.style().polish(self.eye)
        source = banner.laterality.source
        self.eye.setToolTip(tr("The file does not say which side this is.") if source == "none"
                            else f"{tr('Source')}: {source}")
        self.study.setText(study_words(banner))
        self._fit_person()
        if state.patient_changes != self._seen:
            self._announce(state.patient_changes)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_person()

    def _fit_person(self) -> None:
        """Identity in one line, or in two where the window is narrow; never cut."""
        room = self.width() - self.eye.sizeHint().width() - self.study.minimumSizeHint().width() - 84
        parts = self._person.split("   ")
        fits = self.person.fontMetrics().horizontalAdvance(self._person) <= room or len(parts) < 2
        half = (len(parts) + 1) // 2
        self.person.setText(self._person if fits else "   ".join(parts[:half]) + "\n" + "   ".join(parts[half:]))

    def _announce(self, count: int) -> None:
        first, self._seen = self._seen == 0, count
        self._show_strip(count)
        if first:
            return
        self.changed_words.setText(tr("Another patient"))
        self._fade.start(_ANNOUNCED_MS)
        self.setAccessibleName(f"{tr('Another patient')}: {self._person}")
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _show_strip(self, count: int) -> None:
        colour = PATIENT_STRIPS[max(count - 1, 0) % len(PATIENT_STRIPS)]
        self._strip.setStyleSheet(f"background: {colour}; border: none;")
        self._strip.setProperty("colour", colour)
