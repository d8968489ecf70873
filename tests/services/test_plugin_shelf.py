"""Plugins in the window: listed and switched behind it, with a notice for one that breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.errors import FineViewError
from fineview.core.plugin import PluginEntry
from fineview.extend.host import PluginHost
from fineview.services.jobs import Jobs
from fineview.services.plugin_shelf import PluginShelf
from fineview.services.session import Session
from fineview.store.cellar import Cellar
from tests.services.conftest import Mailbox

TOML = """[plugin]
name = "acme"
version = "1.0"
licence = "MIT"
summary = "Reads Acme files"
api = 1
entry = "code:Reader"
hooks = ["instrument_reader"]
[[reads]]
words = "Acme"
suffixes = [".acme"]
"""


@pytest.fixture
def cellar(tmp_path: Path):
    made = Cellar(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def host(tmp_path: Path, cellar: Cellar) -> PluginHost:
    folder = tmp_path / "own" / "acme"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(TOML)
    (folder / "code.py").write_text("class Reader: ...")
    return PluginHost(tmp_path / "bundled", tmp_path / "own", lambda: cellar)


def test_listing_and_switching(host: PluginHost, jobs: Jobs, mailbox: Mailbox, cellar: Cellar) -> None:
    shelf = PluginShelf(Session(), jobs, host)
    seen: list[tuple[PluginEntry, ...]] = []
    failed: list[FineViewError] = []
    shelf.list(seen.append, failed.append)
    shelf.switch("acme", True, seen.append, failed.append)
    shelf.switch("acme", False, seen.append, failed.append)
    mailbox.pump(lambda: len(seen) == 3)
    assert [rows[0].state for rows in seen] == ["off", "on", "off"] and not failed
    shelf.switch("nobody", True, seen.append, failed.append)
    mailbox.pump(lambda: bool(failed))
    assert failed[0].code == "plugin-unknown" and "acme" in str(cellar.setting("plugins"))


def test_one_that_breaks_is_told_on_the_windows_thread(host: PluginHost, jobs: Jobs, mailbox: Mailbox) -> None:
    session = Session()
    PluginShelf(session, jobs, host)
    host.enable("acme")
    host.failed("acme", "reader-died")
    assert session.notices == ()  # not before the window's thread comes to it
    mailbox.drain()
    (notice,) = session.notices
    assert (notice.level, notice.code) == ("warning", "plugin-failed")
    assert notice.what == "The plugin acme was taken out: it crashed." and "Plugins …" in notice.remedy


def test_safe_mode_is_said(tmp_path: Path, jobs: Jobs, cellar: Cellar) -> None:
    session = Session()
    PluginShelf(session, jobs, PluginHost(tmp_path, tmp_path, lambda: cellar, safe_mode=True))
    assert [notice.code for notice in session.notices] == ["safe-mode"]
