"""``fineview pacs`` against dcmtk's storescp and a peer on loopback: words, objects, exit codes, and a full disk."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview import paths  # noqa: E402
from tests.cli.spoken import ROOT, child, may_mount, speak  # noqa: E402
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
    answers = [0xC000]
    with running(StandIn(store=lambda event: answers[0])) as peer:
        speak("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN", "--patience", "10")
        refused = speak("pacs", "send", "here", paths.sample_dir() / "volume.dcm", "--json")
        assert refused.code == 1 and [one["state"] for one in refused.json["objects"]] == ["failed"]
        assert "C000h" in refused.json["objects"][0]["why"]
        answers[0] = 0x0000
        again = speak("pacs", "retry", "--json")
    assert again.code == 0 and [(one["state"], one["attempts"]) for one in again.json["objects"]] == [("sent", 2)]


def test_what_was_sent_is_checked_and_what_was_not_can_be_given_up() -> None:
    answers = [0x0000]
    with running(StandIn(store=lambda event: answers[0])) as peer:
        speak("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN", "--patience", "10")
        speak("pacs", "send", "here", paths.sample_dir() / "volume.dcm")
        missing = speak("pacs", "check", "--json")
        assert missing.code == 1 and "does not list it" in missing.json["objects"][0]["why"]
        peer.holds = peer.received
        assert speak("pacs", "check").out.endswith("1 of 1 sent objects are listed by their peers.\n")
        answers[0] = 0xC000
        refused = speak("pacs", "send", "here", paths.sample_dir() / "photograph.dcm", "--json").json["objects"]
        assert [one["state"] for one in refused] == ["failed"]
        assert speak("pacs", "give-up", refused[0]["sop_uid"], "--json").json == {"given_up": 1}
        assert [one["state"] for one in speak("pacs", "outbox", "--json").json["objects"]] == ["sent"]


def test_a_retrieved_study_is_listed_and_deleted_for_good() -> None:
    holds = [made.image(sop="1.2.3.4.1"), made.image(sop="1.2.3.4.2", PatientID="2")]
    with running(StandIn(holds)) as peer:
        speak("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN", "--patience", "10")
        got = speak("pacs", "get", "here", "--study", "1.2.3", "--patient-id", "1", "--json")
    assert got.code == 1 and got.json["complete"]  # all is there, and one of them is another patient's
    assert {one["sop_uid"]: one["other_patient"] for one in got.json["arrived"]} == {
        "1.2.3.4.1": False, "1.2.3.4.2": True}
    [study] = speak("pacs", "received", "--json").json["studies"]
    folder = Path(got.json["folder"])
    assert (study["study_uid"], study["objects"], study["folder"]) == ("1.2.3", 2, str(folder))
    assert study["bytes"] == sum(one["bytes"] for one in got.json["arrived"])
    assert speak("pacs", "delete", "--study", "1.2.3").code == 2 and folder.is_dir()  # not without --for-good
    gone = speak("pacs", "delete", "--study", "1.2.3", "--for-good", "--json")
    assert gone.json == {"study_uid": "1.2.3", "deleted": 2} and not folder.exists()
    assert speak("pacs", "received").out == "No study was retrieved yet, or all are deleted.\n"
    assert speak("pacs", "delete", "--study", "1.2.3", "--for-good", "--json").error["code"] == "no-study"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_stopped_in_the_middle_of_a_study_no_half_file_stays(tmp_path: Path, how: signal.Signals) -> None:
    hold, reached = threading.Event(), threading.Event()
    big = made.image(sop="1.2.3.4.2", Rows=512, Columns=512, PixelData=bytes(1 << 19))

    def slowly(one: Dataset) -> str:
        if one.SOPInstanceUID == "1.2.3.4.2":
            reached.set()
            hold.wait(30)
        return str(one.SOPInstanceUID)

    data = tmp_path / "data"
    with running(StandIn([made.image(sop="1.2.3.4.1"), big], announce=slowly)) as peer:
        assert child("pacs", "add", "here", "--dimse", f"localhost:{peer.port}", "--title", "STANDIN",
                     FINEVIEW_DATA=str(data)).code == 0
        process = subprocess.Popen([sys.executable, "-m", "fineview", "pacs", "get", "here", "--study", "1.2.3"],
                                   cwd=ROOT, env={**os.environ, "FINEVIEW_DATA": str(data)}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        assert reached.wait(60)
        peer.closed.clear()
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        assert peer.closed.wait(20)  # nobody goes on talking
        hold.set()
    assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 130) and b"Traceback" not in err
    # What was whole stays, and nothing half is beside it.
    for folder in (data / "received").iterdir():
        if not folder.name.startswith("."):
            assert [dcmread(one).SOPInstanceUID for one in folder.iterdir()] == ["1.2.3.4.1"]
    opened = child("info", str(data / "received"), "--json", FINEVIEW_DATA=str(data))
    assert [len(study["series"]) for study in opened.json["studies"]] == [1] and not opened.json["problems"]


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
    data, got = tmp_path / "data", tmp_path / "got.json"
    data.mkdir()
    big = made.image(sop="1.2.3.4.2", Rows=2048, Columns=2048, PixelData=bytes(8 << 20))
    program = f"{sys.executable} -m fineview pacs"
    with running(StandIn([made.image(sop="1.2.3.4.1"), big])) as peer:
        kept = child("pacs", "received", "--json", FINEVIEW_DATA=str(data), before=(
            f"mount -t tmpfs -o size=3m none {data}\n"
            f"{program} add here --dimse localhost:{peer.port} --title STANDIN >/dev/null\n"
            f"{program} get here --study 1.2.3 --json >{got} && exit 9 || test $? = 1"))
    said = json.loads(got.read_text())["error"]
    assert said["code"] == "disk-full" and "what has arrived is kept" in said["remedy"]
    # Read while the disk is still full: what was whole is there, and nothing half of the other.
    assert [(one["study_uid"], one["objects"]) for one in kept.json["studies"]] == [("1.2.3", 1)], kept
