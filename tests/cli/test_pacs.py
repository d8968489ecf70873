"""``fineview pacs`` against dcmtk's storescp and a peer on loopback: words, objects, exit codes, and a full disk."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom import dcmread

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview import paths  # noqa: E402
from tests.cli.spoken import child, may_mount, speak  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.dcmtk import dcmtk  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, free_port, running  # noqa: E402


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """dcmtk's receiver: (port, folder that it fills)."""
    program = dcmtk("storescp")
    port, folder = free_port(), tmp_path / "received by dcmtk"
    folder.mkdir()
    process = subprocess.Popen([program, "--accept-all", "--aetitle", "DCMTK", "-od", str(folder), str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield port, folder
    process.terminate()
    process.wait()


def test_the_sample_study_reaches_dcmtk(storescp: tuple[int, Path]) -> None:
    port, folder = storescp
    assert speak("pacs", "add", "dcmtk", "--dimse", f"localhost:{port}", "--title", "DCMTK").code == 0
    assert speak("pacs", "echo", "dcmtk", "--json").json["answers"] is True
    sent = speak("pacs", "send", "dcmtk", paths.sample_dir(), "--json")
    originals = {str(one.SOPInstanceUID): one for one in map(dcmread, paths.sample_dir().glob("*.dcm"))}
    assert sent.code == 0 and {one["sop_uid"] for one in sent.json["objects"]} == set(originals)
    assert {(one["state"], one["attempts"]) for one in sent.json["objects"]} == {("sent", 1)}
    arrived = {str(one.SOPInstanceUID): one for one in map(dcmread, folder.iterdir())}
    assert set(arrived) == set(originals)
    assert all(arrived[uid].PixelData == one.PixelData for uid, one in originals.items())
    assert speak("pacs", "forget").out == "2 objects are out of the list.\n"
    assert speak("pacs", "outbox").out == "The outbox is empty.\n"


def test_search_and_retrieve_in_words_and_json(tmp_path: Path) -> None:
    with running(StandIn([made.image(sop="1.2.3.4.1")])) as peer:
        speak("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN", "--patience", "10")
        found = speak("pacs", "find", "here", "--json").json
        got = speak("pacs", "get", "here", "--study", "1.2.3", "--json").json
        spoken = speak("pacs", "get", "here", "--study", "1.2.3")
    assert [one["patient_id"] for one in found["matches"]] == ["1"] and found["more"] is False
    assert got["complete"] is True and got["promised"] == 1 and got["refused"] == []
    assert spoken.code == 0 and spoken.out.startswith("1 of 1 objects retrieved, in ")
    listed = speak("info", got["folder"], "--json").json
    assert [(study["uid"], len(study["series"])) for study in listed["studies"]] == [("1.2.3", 1)]


def test_what_failed_is_sent_again_by_retry() -> None:
    answers = [0xA700]
    with running(StandIn(store=lambda event: answers[0])) as peer:
        speak("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN", "--patience", "10")
        refused = speak("pacs", "send", "here", paths.sample_dir() / "volume.dcm", "--json")
        assert refused.code == 1 and [one["state"] for one in refused.json["objects"]] == ["failed"]
        assert "A700h" in refused.json["objects"][0]["why"]
        answers[0] = 0x0000
        again = speak("pacs", "retry", "--json")
    assert again.code == 0 and [(one["state"], one["attempts"]) for one in again.json["objects"]] == [("sent", 2)]


def test_words_that_cannot_be_done() -> None:
    assert speak("pacs", "echo", "nobody", "--json").error["code"] == "no-node"
    assert speak("pacs", "add", "x", "--dimse", "nowhere", "--title", "X").code == 2
    assert speak("pacs").code == 2
    assert speak("pacs", "add", "x", "--dimse", "h:104", "--json").error["code"] == "node"
    speak("pacs", "add", "gone", "--dimse", f"localhost:{free_port()}", "--title", "X")
    assert speak("pacs", "echo", "gone", "--json").error["code"] == "peer-unreachable"
    assert speak("pacs", "find", "gone", "--date", "yesterday", "--json").error["code"] == "query"
    assert speak("pacs", "get", "gone", "--study", "../../x", "--json").error["code"] == "uid"
    sent = speak("pacs", "send", "gone", paths.sample_dir(), "--json").error
    assert sent["code"] == "peer-unreachable" and "fineview pacs retry" in sent["remedy"]
    assert {one["state"] for one in speak("pacs", "outbox", "--json").json["objects"]} == {"waiting"}
    assert speak("pacs", "remove", "gone").code == 0
    assert [one["name"] for one in speak("pacs", "nodes", "--json").json["nodes"]] == []


def test_a_token_comes_from_standard_input_and_is_not_promised_to_last(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("t0ken\nt0ken\n"))
    added = speak("pacs", "add", "web", "--web", "https://pacs.example/dicom-web", "--ask-token", "--json")
    assert added.json["secrets_kept"] is False  # the tests' keyring keeps nothing
    assert "t0ken" not in added.out + added.err
    assert "FINEVIEW_PACS_TOKEN" in speak("pacs", "add", "web", "--web", "https://pacs.example/x", "--ask-token").out
    assert speak("pacs", "add", "web", "--web", "https://pacs.example/x", "--ask-token").code == 1  # none was given


@pytest.mark.skipif(not may_mount(), reason="this machine lets no process have mounts of its own")
def test_a_disk_that_fills_up_while_a_study_arrives(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    big = made.image(sop="1.2.3.4.2", Rows=2048, Columns=2048, PixelData=bytes(8 << 20))
    with running(StandIn([made.image(sop="1.2.3.4.1"), big])) as peer:
        ran = child("pacs", "get", "here", "--study", "1.2.3", "--json", FINEVIEW_DATA=str(data), before=(
            f"mount -t tmpfs -o size=3m none {data}\n"
            f"{sys.executable} -m fineview pacs add here --dimse localhost:{peer.port} --title STANDIN >/dev/null"))
    assert ran.error["code"] == "disk-full", ran
