"""Nothing is connected unless somebody asks: every look-up and connection of the program and its children is noted.

The session runs where there is no network at all, so that it also shows that none is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

ROOT = Path(__file__).parents[2]

NOTING = '''
import os, sys
def note(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        # AF_UNIX stays on this machine, and so does a library that tries whether there is IPv6.
        if getattr(args[0], "family", 2) != 1 and (event, args[1:]) != ("socket.bind", (("::1", 0),)):
            with open(os.environ["NOTED"], "a") as file:
                file.write(f"{event} {args[1:]}\\n")
sys.addaudithook(note)
'''

SESSION = '''
import sys
from PySide6.QtCore import QTimer
from fineview import paths
from fineview.app import App
from fineview.core.errors import PeerProblem
from fineview.core.peer import Node
from fineview.gui.dialogs.pacs import PacsPage
from fineview.gui.start import run
from fineview.services.jobs import Token
from fineview.services.outbox import objects_in

app = App()
pacs, outbox = app.pacs()
pacs.add(Node("clinic", host="127.0.0.1", port=9, called="PACS", patience_s=2))
*_, found = app.archive.scan([paths.sample_dir()], Token())
outbox.post("clinic", objects_in(found))  # what waits since yesterday tempts nobody

def ready(window):
    session, steps = window.desk.bench.session, []
    def look():
        if session.raster is None or session.progress:
            return
        if not steps:
            steps.append(PacsPage(window.desk.bench, window))
            steps[0].open()
        elif steps[0].node.count() and steps[0].outbox.outbox.topLevelItemCount() == 2:
            timer.stop()
            steps[0].reject()
            window.close()
    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(50)

assert run(app.workbench, [paths.sample_dir()], ready) == 0
print(open(sys.argv[1]).read() if sys.argv[1:] and __import__("os").path.exists(sys.argv[1]) else "", end="")
print("asked now", flush=True)
try:
    pacs.echo("clinic", Token())
except PeerProblem as error:
    print(error.code)
app.close()
'''


def isolated() -> list[str]:
    """The words before a command that take the network away, where this machine lets us."""
    with suppress(OSError):
        if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0:
            return ["unshare", "-rn"]
    return []


def test_a_session_with_the_sample_and_the_pacs_page_connects_to_nobody(tmp_path: Path) -> None:
    noting, noted = tmp_path / "noting", tmp_path / "noted"
    noting.mkdir()
    (noting / "sitecustomize.py").write_text(NOTING)
    ran = subprocess.run(
        [*isolated(), sys.executable, "-c", SESSION, str(noted)], cwd=ROOT, capture_output=True, text=True, timeout=180,
        check=False, env={**os.environ, "PYTHONPATH": f"{noting}{os.pathsep}{ROOT}", "NOTED": str(noted),
                          "FINEVIEW_DATA": str(tmp_path / "data"), "QT_QPA_PLATFORM": "offscreen"})
    before, _, after = ran.stdout.partition("asked now\n")
    assert ran.returncode == 0 and before == "", ran
    # The same eyes see the first connection that is asked for, made by a child of the program.
    assert after == "peer-unreachable\n" and "socket.connect (('127.0.0.1', 9),)" in noted.read_text()
