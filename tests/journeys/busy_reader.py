"""A reader who never stops: opens the sample in the real window and draws marks until somebody kills the process.

Run as ``python -m tests.journeys.busy_reader STORE QUESTION``; prints one line for everything that the window shows as
saved ("mark ID", "label ID", "answer ID").
"""

from __future__ import annotations

import sys
from pathlib import Path

from fineview import paths
from fineview.app import App
from fineview.core.region import RegionKind
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.start import application
from fineview.services.session import Session

QUESTIONS = ("how large is it?", "how bright is it?", "is it brighter than around it?")


def tell(word: str, subject: str) -> None:
    print(word, subject, flush=True)


def main(store: Path) -> None:
    """Draw, label and ask about measurements for ever; the encoder is not needed for any of it."""
    application()
    app = App(device="cpu", data_dir=store)
    mailbox = Mailbox()
    window = MainWindow(app.workbench(mailbox.post), first_run=False, preferences=app.journal, facts=app.facts)
    window.show()
    bench = window.desk.bench
    session = bench.session
    session.author = "Dr Busy"
    bench.open.paths([paths.sample_dir()])
    wait(lambda: session.raster is not None and not session.progress)
    tell("open", str(len(session.findings)))
    turn = 0
    while True:
        turn += 1
        drawn = bench.annotate.add(RegionKind.BOX, ((turn % 400, 10.0), (turn % 400 + 30.0, 40.0)), "drusen")
        wait(lambda drawn=drawn: any(one.id == drawn for one in session.findings))
        tell("mark", str(drawn))
        bench.annotate.label(str(drawn), "fluid")
        wait(lambda drawn=drawn: _labelled(session, str(drawn)))
        tell("label", str(drawn))
        if turn % 3 == 0:
            asked = len(session.answers)
            bench.ask.ask(QUESTIONS[turn // 3 % len(QUESTIONS)])
            wait(lambda asked=asked: len(session.answers) > asked)
            tell("answer", session.answers[-1].question.id)


def _labelled(session: Session, finding_id: str) -> bool:
    return any(one.id == finding_id and one.label == "fluid" for one in session.findings)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
