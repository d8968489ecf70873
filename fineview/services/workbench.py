"""The use cases of one window, side by side: every gesture ends in exactly one of these methods.

All methods are called on the GUI thread, return at once, and report through the session (``Session.pulse``).
"""

from __future__ import annotations

from dataclasses import dataclass

from fineview.services.annotate import Annotate
from fineview.services.answerer_shelf import AnswererShelf
from fineview.services.ask import Ask
from fineview.services.card_shelf import CardShelf
from fineview.services.companions import Companions
from fineview.services.compose_report import ComposeReport
from fineview.services.encoder_shelf import EncoderShelf
from fineview.services.explain import Explain
from fineview.services.hanging import Hanging
from fineview.services.jobs import Jobs
from fineview.services.look import Look
from fineview.services.memory import Memory
from fineview.services.open_study import OpenStudy
from fineview.services.pacs_desk import PacsDesk
from fineview.services.pane_desk import PaneDesk
from fineview.services.planes import Planes
from fineview.services.plugin_shelf import PluginShelf
from fineview.services.session import Session
from fineview.services.thickness_desk import ThicknessDesk

Shelves = tuple[EncoderShelf, AnswererShelf, CardShelf]


@dataclass(frozen=True, slots=True)
class Workbench:
    session: Session
    jobs: Jobs
    open: OpenStudy
    look: Look
    explain: Explain
    ask: Ask
    annotate: Annotate
    report: ComposeReport
    shelf: EncoderShelf
    answerers: AnswererShelf
    cards: CardShelf
    plugins: PluginShelf
    thickness: ThicknessDesk
    companions: Companions
    pacs: PacsDesk
    memory: Memory
    planes: Planes
    hanging: Hanging

    @property
    def panes(self) -> PaneDesk:
        return self.hanging.panes

    def cancel(self, lane: str) -> None:
        """Stop what runs in a lane; the bar goes away at once, the worker at its next stage."""
        if lane == "ask":
            self.ask.stop()
        elif lane == "model":
            self.explain.cancel()
        elif lane == "answerer":
            self.answerers.cancel()
        elif lane == "volume":
            self.planes.close()
        else:
            self.jobs.cancel(lane)
            self.session.progress.pop(lane, None)
            self.session.pulse()

    def close(self) -> None:
        self.jobs.close()
