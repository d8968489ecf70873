"""A damaged store never gives wrong rows silently, and its backup can be put back."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from fineview.core.errors import StorageProblem
from fineview.store import schema
from fineview.store.cellar import Cellar, restore
from fineview.store.opening import FILE
from tests.store.examples import ANSWER, NOW, finding

COUNT = 12


def fill(folder: Path, count: int = COUNT) -> None:
    cellar = Cellar(folder)
    for number in range(count):
        cellar.record("add", None, finding(number), NOW)
        cellar.audit("accept", {"finding": f"f{number}"}, NOW)
    cellar.keep_answer("1.2.3", ANSWER)
    cellar.set_setting("theme", "dark")
    cellar.remember_study("1.2.3", "title", ["/a"], NOW)
    cellar.close()


def everything(cellar: Cellar) -> tuple[object, ...]:
    return (cellar.findings("1.2.3"), cellar.answers("1.2.3"), cellar.steps("1.2.3"), cellar.audit_events(),
            cellar.setting("theme"), cellar.recent_studies())


def test_one_flipped_letter_in_a_row_is_found_on_reading(tmp_path: Path) -> None:
    fill(tmp_path)
    cellar = Cellar(tmp_path)
    other = sqlite3.connect(tmp_path / FILE)
    with other:
        other.execute("UPDATE step SET after = replace(after, 'fluid', 'fluie') WHERE seq = 4")
    other.close()
    with pytest.raises(StorageProblem) as caught:
        cellar.findings("1.2.3")
    assert caught.value.code == "store-damaged" and "row 4 of table step" in caught.value.what
    cellar.close()


def test_random_flips_are_never_silent(tmp_path: Path) -> None:
    fill(tmp_path / "good")
    good = Cellar(tmp_path / "good", read_only=True)
    expected = everything(good)
    good.close()
    image = (tmp_path / "good" / FILE).read_bytes()
    chance, loud = random.Random(7), 0
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        spoiled = bytearray(image)
        for _ in range(8):
            spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        (folder / FILE).write_bytes(spoiled)
        cellar = Cellar(folder)
        if cellar.trouble is not None:
            loud += 1
            assert cellar.trouble.code in ("store-damaged", "store-newer"), cellar.trouble.code
            with pytest.raises(StorageProblem):
                cellar.findings("1.2.3")
            assert (cellar.setting("theme"), cellar.recent_studies()) == (None, ())
        else:
            assert everything(cellar) == expected  # every flip fell on unused bytes
        cellar.close()
    assert loud > 30


@pytest.mark.parametrize("content", [b"", b"not a database, only words" * 100])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    cellar = Cellar(tmp_path)
    if not content:  # SQLite takes an empty file for a new database
        assert not cellar.read_only
    else:
        assert cellar.trouble is not None and cellar.trouble.code == "store-damaged"
        with pytest.raises(StorageProblem):
            cellar.record("add", None, finding(1), NOW)
        assert (tmp_path / FILE).read_bytes() == content
    cellar.close()


def test_the_last_backup_is_offered_and_can_be_restored(tmp_path: Path) -> None:
    fill(tmp_path)
    Cellar(tmp_path).close()  # opening a sound store takes the backup
    spoiled = (tmp_path / FILE).read_bytes()[:-3000]
    (tmp_path / FILE).write_bytes(spoiled)
    cellar = Cellar(tmp_path)
    assert cellar.trouble is not None and cellar.backups()[-1].name in cellar.trouble.remedy
    backup = cellar.backups()[-1]
    cellar.close()
    kept = restore(tmp_path, backup)
    assert kept.read_bytes() == spoiled
    again = Cellar(tmp_path)
    assert not again.read_only and len(again.findings("1.2.3")) == COUNT
    again.close()


def test_restoring_under_a_running_instance_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    cellar = Cellar(tmp_path)
    with pytest.raises(StorageProblem) as caught:
        restore(tmp_path, cellar.backups()[-1])
    assert caught.value.code == "store-busy"
    cellar.close()


def test_backups_are_few_and_only_where_something_changed(tmp_path: Path) -> None:
    for number in range(6):
        cellar = Cellar(tmp_path)
        cellar.record("add", None, finding(number), NOW)
        cellar.close()
        Cellar(tmp_path).close()
        Cellar(tmp_path).close()
    cellar = Cellar(tmp_path)
    assert [path.name.split("-")[0] for path in cellar.backups()] == ["000004", "000005", "000006"]
    cellar.close()


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    cellar = Cellar(tmp_path)
    assert cellar.trouble is not None and cellar.trouble.code == "store-newer"
    with pytest.raises(StorageProblem):
        cellar.findings("1.2.3")
    cellar.close()
    assert (tmp_path / FILE).read_bytes() == before
