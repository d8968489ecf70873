"""Hanging: when a study is opened its pictures are put side by side by the rule of their modality."""

from __future__ import annotations

from fineview.services.hanging_rules import DEFAULT_RULES, Rule, from_text, hang, rule_for, to_text
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.pane_desk import PaneDesk
from fineview.services.panes import MOST, Pane, Panes
from fineview.services.ports import Archive
from fineview.services.session import Session
from fineview.services.settings import Settings

SETTING = "hanging"


def hanging(session: Session, jobs: Jobs, archive: Archive, opening: OpenStudy, settings: Settings) -> Hanging:
    """With the desk of the panes it hangs."""
    return Hanging(session, PaneDesk(session, jobs, archive, opening), opening, settings)


class Hanging:
    """Hangs as long as nobody has touched what is open; after that only a person moves pictures."""

    def __init__(self, session: Session, panes: PaneDesk, opening: OpenStudy, settings: Settings) -> None:
        self._session, self.panes, self._opening, self._settings = session, panes, opening, settings
        self._catalogue = session.catalogue
        session.subscribe(self._heard)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return from_text(self._settings.setting(SETTING))

    def set_rules(self, rules: tuple[Rule, ...]) -> None:
        """For what is open now, and for what will be."""
        self._settings.set_setting(SETTING, "" if rules == DEFAULT_RULES else to_text(rules))
        self.hang()

    def hang(self) -> None:
        """Put what is open side by side by the rule of the active series' modality."""
        session = self._session
        if session.study is None or session.series is None:
            return
        catalogue = session.catalogue
        hung = hang(rule_for(session.series.modality, self.rules), catalogue, session.study, session.series)
        shown = [self.panes.fresh(catalogue.find_series(uid)[1]) if uid is not None else Pane() for uid in hung.series]
        self.panes.arrange(Panes(hung.layout, (*shown, *(Pane(),) * (MOST - len(shown))), hung.active))

    def _heard(self) -> None:
        session = self._session
        if session.catalogue is self._catalogue:
            return
        self._catalogue = session.catalogue
        if not self._opening.touched:
            self.hang()
