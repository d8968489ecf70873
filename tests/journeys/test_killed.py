"""kill -9 in the middle of work: everything the window has shown as saved is there at the next start."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.conftest import leave, seat

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
KILLS = 3


def _work_until_killed(store: Path, seconds: float) -> list[tuple[str, str]]:
    """What the reader was told to be saved before the process was killed ``seconds`` after the study was open."""
    reader = subprocess.Popen([sys.executable, "-m", "tests.journeys.busy_reader", str(store)], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                              env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"})
    assert reader.stdout is not None
    opened = reader.stdout.readline()
    if not opened.startswith("open"):
        reader.kill()
        pytest.fail(f"the window did not open: {reader.communicate()[1]}")
    time.sleep(seconds)
    reader.send_signal(signal.SIGKILL)
    said, told = reader.communicate(timeout=30)
    assert reader.returncode == -signal.SIGKILL, told
    # A line cut off in the middle was never told.
    whole = [line for line in said.splitlines(keepends=True) if line.endswith("\n")]
    return [("open", opened.split()[1]), *((word, subject) for word, subject in (line.split() for line in whole))]


def test_nothing_acknowledged_is_lost(qtbot, qapp, tmp_path: Path) -> None:
    moments = random.Random(20)
    told: list[tuple[str, str]] = []
    for _ in range(KILLS):
        said = _work_until_killed(tmp_path / "store", moments.uniform(0.3, 1.5))
        known = {subject for word, subject in told if word == "mark"}
        assert int(said[0][1]) >= len(known), "the next start shows at least what was told before"
        told += said[1:]
    marks, labels, answers = ({subject for word, subject in told if word == kind}
                              for kind in ("mark", "label", "answer"))
    assert marks and labels and answers, told

    again = seat(qtbot, tmp_path / "store")
    again.opens(ROOT / "resources" / "sample")
    found = {finding.id: finding for finding in again.session.findings}
    assert marks <= set(found)
    assert all(found[one].label == "fluid" for one in labels)
    assert all(found[one].author == "Dr Busy" for one in marks)
    assert answers <= {answer.question.id for answer in again.session.answers}
    assert again.app.journal.verify_audit().sound
    leave(again)
