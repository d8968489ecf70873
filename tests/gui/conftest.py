"""A mailbox, a workbench over a small study, and a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.theme import apply_theme
from fineview.services.workbench import Workbench
from tests.gui.answerer_seat import Braked, Seat
from tests.gui.scene import workbench


@pytest.fixture
def bench(qtbot: QtBot, qapp: object, tmp_path: Path) -> Iterator[Workbench]:
    mailbox = Mailbox()
    made = workbench(mailbox.post, tmp_path)
    yield made
    made.close()
    made.annotate._journal.close()
    mailbox.deleteLater()


@pytest.fixture
def settle(qtbot: QtBot, bench: Workbench) -> Callable[[Callable[[], bool]], None]:
    """Wait until something is true of the session and one more turn of the event loop has shown it."""
    def wait(true: Callable[[], bool]) -> None:
        qtbot.waitUntil(true, timeout=10_000)
        qtbot.wait(10)

    return wait


@pytest.fixture
def window(qtbot: QtBot, qapp: object, bench: Workbench, settle: Callable[[Callable[[], bool]], None]
           ) -> Iterator[MainWindow]:
    """The whole window with the small study open on its middle B-scan."""
    apply_theme(qapp, "dark")
    made = MainWindow(bench, first_run=False)
    made.resize(1600, 1000)
    made.show()
    bench.open.sample()
    settle(lambda: bench.session.raster is not None and len(bench.session.thumbnails) == 3
           and not bench.session.progress)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture(scope="session")
def answerer_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a person with one language model."""
    from tests.models import tiny_readers as tiny

    root = tmp_path_factory.mktemp("data")
    tiny.save(tiny.llava(), root / "answerers" / "tiny-llava")
    return root


@pytest.fixture
def tiny_llava(answerer_data: Path) -> Path:
    return answerer_data / "answerers" / "tiny-llava"


@pytest.fixture
def answerer_seat(qtbot: QtBot, qapp: object, answerer_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                  ) -> Iterator[Seat]:
    apply_theme(qapp, "dark")
    monkeypatch.setenv("FINEVIEW_DATA", str(answerer_data))
    made = Seat(qtbot, Braked(device="cpu", data_dir=tmp_path), tmp_path)
    yield made
    made.app.held.set()
    made.app.loading_held.set()
    made.close()
