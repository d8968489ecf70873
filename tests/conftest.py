"""A quiet suite: whatever a test leaves behind, or says without being asked, fails it.

Python warnings are errors (``filterwarnings`` in pyproject.toml, each exception with its reason), Qt's warnings too
(``qt_log_level_fail``).  Here: log records, top-level widgets, threads, running timers and the person's own data.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

# Before Qt or any model library is imported: no screen is needed, and nothing asks the network.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

# Threads that libraries keep for the life of the process, by name.
LASTING_THREADS = re.compile(r"^(pydev|execnet|ThreadPoolForQt)|\(dispatch_activity\)|tqdm|QtThread|Dummy-\d+")
PATIENCE_S = 3.0


@pytest.fixture(autouse=True)
def own_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the store, or the keyring, of the person who runs it."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("FINEVIEW_DATA", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A record at WARNING or above fails, unless ``@pytest.mark.logs("pattern")`` says that it belongs."""
    yield
    expected = [re.compile(pattern) for mark in request.node.iter_markers("logs") for pattern in mark.args]
    records = caplog.get_records("setup") + caplog.get_records("call")
    stray = [f"{one.name}: {one.getMessage()}" for one in records if one.levelno >= logging.WARNING
             and not any(pattern.search(one.getMessage()) for pattern in expected)]
    if stray:
        pytest.fail("unexpected log records:\n" + "\n".join(stray), pytrace=False)


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No new thread, no new top-level widget, no new running QTimer or QThread after the test."""
    threads = set(threading.enumerate())
    qt = _qt_things() if _uses_qt(request) else []
    before = {id(one) for one in qt}
    yield
    if _uses_qt(request):
        del qt
        _settle()
        left = [repr(one) for one in _qt_things() if id(one) not in before]
        if left:
            pytest.fail("left behind: " + ", ".join(left), pytrace=False)
    stray = _living(threads)
    if stray:
        pytest.fail("threads left behind: " + ", ".join(one.name for one in stray), pytrace=False)


def _uses_qt(request: pytest.FixtureRequest) -> bool:
    return "PySide6.QtWidgets" in sys.modules and bool({"qtbot", "qapp"} & set(request.fixturenames))


def _living(before: set[threading.Thread]) -> list[threading.Thread]:
    """New threads that are still alive after a moment's patience."""
    def stray() -> list[threading.Thread]:
        return [one for one in threading.enumerate()
                if one not in before and one.is_alive() and not LASTING_THREADS.search(one.name)]

    deadline = time.monotonic() + PATIENCE_S
    while stray() and time.monotonic() < deadline:
        time.sleep(0.01)
    return stray()


def _settle() -> None:
    """Let deleteLater happen: outside an event loop Qt keeps it waiting for ever."""
    from PySide6.QtCore import QCoreApplication, QEvent

    for _ in range(2):
        gc.collect()
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _qt_things() -> list[Any]:
    """Living top-level widgets, running timers and threads that Python knows of."""
    import shiboken6
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    widgets = list(app.topLevelWidgets()) if isinstance(app, QApplication) else []
    running = [one for one in gc.get_objects() if issubclass(type(one), QTimer | QThread) and shiboken6.isValid(one)
               and (one.isActive() if isinstance(one, QTimer) else one.isRunning() and one is not app)]
    return [*widgets, *running]


