"""Studies that were retrieved: their size is told, and deleted means gone, once, and nothing else with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.core.errors import FineViewError
from fineview.formats.archive import FileArchive
from fineview.services.jobs import Token
from fineview.services.received import Received
from fineview.store.cellar import Cellar
from tests.formats import made

STUDY = "1.2.3"
FOLDER = hashlib.sha256(STUDY.encode()).hexdigest()


@pytest.fixture
def received(tmp_path: Path) -> Iterator[Received]:
    root, archive, cellar = tmp_path / "received", FileArchive(), Cellar(tmp_path / "data")
    (root / FOLDER).mkdir(parents=True)
    for number in (1, 2):
        (root / FOLDER / f"{number}.dcm").write_bytes(made.as_bytes(made.image(sop=f"1.2.3.4.{number}")))
    yield Received(root, archive, cellar)
    archive.close()
    cellar.close()


def code(received: Received, folder: str) -> str:
    with pytest.raises(FineViewError) as caught:
        received.remove(folder)
    return caught.value.code


def test_listed_with_what_the_files_say_and_their_size(received: Received) -> None:
    other = received.root / ("0" * 64)
    other.mkdir()
    (other / "a.dcm").write_bytes(b"broken")
    (received.root / ".arriving-1-x").mkdir()
    found = {one.folder: one for one in received.studies(Token())}
    assert set(found) == {FOLDER, "0" * 64}
    ours = found[FOLDER]
    assert (ours.study_uid, ours.patient_id, ours.patient_name, ours.objects) == (STUDY, "1", "TEST^ONE", 2)
    assert ours.size == sum(path.stat().st_size for path in (received.root / FOLDER).iterdir())
    assert (found["0" * 64].study_uid, found["0" * 64].objects, found["0" * 64].size) == ("", 1, 6)


def test_deleted_is_gone_with_its_frames_and_its_name_and_is_told_of(received: Received, tmp_path: Path) -> None:
    frames, kept = received.root / "frames" / FOLDER, received.root / ("1" * 64)
    for folder in (frames, kept):
        folder.mkdir(parents=True)
        (folder / "x").write_bytes(b"x")
    journal = received._journal
    journal.remember_study(STUDY, "TEST^ONE", [str(received.root / FOLDER)], "now")
    journal.remember_study("9.9", "OTHER", ["/elsewhere"], "now")
    assert received.remove(FOLDER) == 3
    assert {path.name for path in received.root.rglob("*")} == {"frames", "1" * 64, "x"}
    assert [title for _, title, _, _ in journal.recent_studies()] == ["OTHER"]
    assert isinstance(journal, Cellar)
    events = [one for one in journal.audit_events() if one.event == "delete"]
    assert [(one.detail["study"], one.detail["objects"]) for one in events] == [(STUDY, "2")]
    assert code(received, FOLDER) == "no-study"
    assert not any(b"TEST^ONE" in path.read_bytes() for path in received.root.rglob("*") if path.is_file())


def test_nothing_else_can_be_deleted(received: Received, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"x")
    (received.root / ("a" * 64)).symlink_to(outside)
    for folder in ("..", "", "frames", "../outside", "a" * 64, f"{FOLDER}/..", "A" * 64):
        assert code(received, folder) == "no-study"
    (received.root / FOLDER / "link.dcm").symlink_to(outside / "precious")
    assert received.remove(FOLDER) == 3
    assert (outside / "precious").is_file()


def test_a_second_program_deletes_nothing(received: Received, tmp_path: Path) -> None:
    second = Cellar(tmp_path / "data")
    try:
        assert code(Received(received.root, received._archive, second), FOLDER) == "read-only"
    finally:
        second.close()
    assert len(list((received.root / FOLDER).iterdir())) == 2
