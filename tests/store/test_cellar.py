"""The store as its users see it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fineview.core.errors import StorageProblem
from fineview.core.finding import State
from fineview.store.cellar import Cellar
from tests.store.examples import ANSWER, NOW, finding


def test_current_state_follows_from_the_journal(tmp_path: Path) -> None:
    one, two = finding(1), finding(2)
    edited = finding(1, state=State.EDITED, note="smaller")
    cellar = Cellar(tmp_path)
    cellar.record("add ellipse", None, one, NOW)
    cellar.record("add ellipse", None, two, NOW)
    cellar.record("add elsewhere", None, finding(3, study="9.9"), NOW)
    cellar.record("edit ellipse", one, edited, NOW)
    cellar.record("remove ellipse", two, None, NOW)
    cellar.close()
    again = Cellar(tmp_path)
    assert again.findings("1.2.3") == (edited,)
    assert again.findings("9.9") == (finding(3, study="9.9"),)
    assert [step for step, *_ in again.steps("1.2.3")] == [
        "add ellipse", "add ellipse", "edit ellipse", "remove ellipse"]
    assert again.steps("1.2.3")[2][1:3] == (one, edited)
    again.close()


def test_answers_settings_and_recent_studies_survive(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    cellar.keep_answer("1.2.3", ANSWER)
    cellar.set_setting("theme", "dark")
    cellar.set_setting("theme", "light")
    for uid, at in (("a", "2031"), ("b", "1999"), ("a", "1998")):  # the clock jumps; the order does not
        cellar.remember_study(uid, f"title {uid}", ["/x/ä", "/y"], at)
    cellar.close()
    again = Cellar(tmp_path)
    assert again.answers("1.2.3") == (ANSWER,) and again.answers("other") == ()
    assert again.setting("theme") == "light" and again.setting("never") is None
    assert again.recent_studies() == (
        ("a", "title a", ("/x/ä", "/y"), "1998"), ("b", "title b", ("/x/ä", "/y"), "1999"))
    assert len(again.recent_studies(limit=1)) == 1
    again.close()


def test_worker_threads_share_one_writer(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)

    def write(start: int) -> None:
        for number in range(start, start + 10):
            cellar.record("add", None, finding(number), NOW)

    threads = [threading.Thread(target=write, args=(100 * k,)) for k in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.id for one in cellar.findings("1.2.3")} == {f"f{100 * k + n}" for k in range(4) for n in range(10)}
    cellar.close()


def test_every_commit_is_synced(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    # 2 is FULL (sqlite.org/pragma.html#pragma_synchronous); NORMAL would lose acknowledged steps in a power cut.
    assert cellar._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert cellar._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    cellar.close()


def test_second_instance_reads_and_says_why_it_cannot_write(tmp_path: Path) -> None:
    first = Cellar(tmp_path)
    first.record("add", None, finding(1), NOW)
    second = Cellar(tmp_path)
    assert second.read_only and not first.read_only
    assert second.findings("1.2.3") == (finding(1),)
    for attempt in (lambda: second.record("add", None, finding(2), NOW), lambda: second.set_setting("a", "b"),
                    lambda: second.audit("open", {}, NOW)):
        with pytest.raises(StorageProblem) as caught:
            attempt()
        assert caught.value.code == "store-busy" and caught.value.remedy
    first.record("add", None, finding(2), NOW)
    assert len(second.findings("1.2.3")) == 2  # it follows what the writer does
    second.close()
    first.close()
    third = Cellar(tmp_path)
    assert not third.read_only
    third.close()


def test_opening_read_only_on_purpose(tmp_path: Path) -> None:
    Cellar(tmp_path / "a").close()
    with_file = Cellar(tmp_path / "a", read_only=True)
    without = Cellar(tmp_path / "none", read_only=True)
    assert with_file.findings("1.2.3") == without.findings("1.2.3") == ()
    assert not (tmp_path / "none").exists()
    with pytest.raises(StorageProblem) as caught:
        without.set_setting("a", "b")
    assert caught.value.code == "read-only"
    with_file.close()
    without.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    cellar.close()
    cellar.close()
    with pytest.raises(StorageProblem) as caught:
        cellar.set_setting("a", "b")
    assert caught.value.code == "store-closed"


def test_a_step_without_a_finding_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    with pytest.raises(ValueError):
        cellar.record("nothing", None, None, NOW)
    cellar.close()


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path / "private")
    cellar.set_setting("a", "b")
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "private").iterdir() if path.is_file()}
    assert set(modes.values()) == {0}, modes
    cellar.close()
