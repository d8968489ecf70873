"""Settings are known at once and on disk soon; a store that cannot be written stops nobody."""

from __future__ import annotations

from pathlib import Path

from fineview.services.jobs import Jobs
from fineview.services.settings import Settings
from fineview.store.cellar import Cellar


def test_a_setting_holds_at_once_and_is_written_behind(tmp_path: Path, jobs: Jobs, mailbox) -> None:
    journal = Cellar(tmp_path)
    settings = Settings(journal, lambda: jobs)
    assert settings.setting("theme") is None
    settings.set_setting("theme", "light")
    assert settings.setting("theme") == "light"
    jobs.close()
    assert journal.setting("theme") == "light"
    journal.close()


def test_a_read_only_store_keeps_it_for_this_window(tmp_path: Path, jobs: Jobs) -> None:
    first, second = Cellar(tmp_path), Cellar(tmp_path)
    settings = Settings(second, lambda: jobs)
    settings.set_setting("theme", "light")
    jobs.close()
    assert settings.setting("theme") == "light" and first.setting("theme") is None
    first.close()
    second.close()
