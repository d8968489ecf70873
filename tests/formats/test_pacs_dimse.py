"""DIMSE with a peer that is good, bad or gone: what is kept, what is refused, and what people are told."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.errors import Cancelled, FineViewError, LimitExceeded, PeerProblem  # noqa: E402
from fineview.core.peer import Node, Query, Receipt, Secrets, Wish  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.dcmtk import dcmtk  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, free_port, running  # noqa: E402

STUDY = "1.2.3"
NONE = Secrets()


def image(number: int, **values: Any) -> Dataset:
    return made.image(sop=f"1.2.3.4.{number}", InstanceNumber=number, **values)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    return Peers(tmp_path / "inner" / "received")


def test_a_study_is_found_and_retrieved_under_hashed_names(peers: Peers) -> None:
    with running(StandIn([image(1), image(2)])) as peer:
        assert peers.echo(peer.node(), NONE, Token()) == "answers"
        rows = peers.find(peer.node(), NONE, Query(), Token()).rows
        assert [(one.study_uid, one.patient_name, one.patient_id) for one in rows] == [(STUDY, "TEST^ONE", "1")]
        steps: list[tuple[float, float]] = []
        done = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token(lambda at, of, words: steps.append((at, of))))
    assert done.complete and done.promised == 2 and steps[-1] == (2, 2)
    assert files(peers.folder) == {f"{sha(STUDY)}/{sha(f'1.2.3.4.{n}')}.dcm" for n in (1, 2)}
    from pydicom import dcmread

    got = dcmread(done.arrived[0].path)
    assert got.PixelData == image(1).PixelData and got.PatientName == "TEST^ONE"
    assert Path(done.arrived[0].path).stat().st_mode & 0o077 == 0


def test_the_same_again_is_known_and_other_bytes_are_kept_beside(peers: Peers) -> None:
    with running(StandIn([image(1)])) as peer:
        first = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
        again = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
        peer.holds = [image(1, PatientName="OTHER^BYTES")]
        other = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert not first.arrived[0].known and again.arrived[0].known and again.arrived[0].path == first.arrived[0].path
    assert other.arrived[0].path != first.arrived[0].path and len(files(peers.folder)) == 2
    assert b"TEST^ONE" in Path(first.arrived[0].path).read_bytes()


def announced(name: str) -> Callable[[Dataset], str]:
    return lambda one: name


@pytest.mark.parametrize(("vice", "code"), [
    ({"announce": announced("1.2.3.4.9")}, "other-object"),
    ({"announce": announced("../../../escaped")}, "uid"),
    ({"announce": announced("/etc/cron.d/x")}, "uid"),
    ({"announce": announced("1.2.3.04")}, "uid"),
    ({"listed": announced("1.2.3.4.77")}, "not-asked"),
], ids=["another object", "a path upwards", "an absolute path", "a leading zero", "an object it never listed"])
def test_what_does_not_fit_is_refused_and_nothing_is_written(peers: Peers, tmp_path: Path, vice: dict[str, Any],
                                                             code: str) -> None:
    with running(StandIn([image(1)], **vice)) as peer:
        done = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert not done.complete and not done.arrived
    assert code in [one.code for one in done.refused]
    assert all(one.sop_uid in ("", "1.2.3.4.9", "1.2.3.4.1", "1.2.3.4.77") for one in done.refused)
    assert files(tmp_path) == set()


def test_rows_without_a_uid_are_left_out_and_counted(peers: Peers) -> None:
    with running(StandIn([image(1)])) as peer:
        peer.holds.append(image(2, StudyInstanceUID="../../up"))
        found = peers.find(peer.node(), NONE, Query(), Token())
    assert [one.study_uid for one in found.rows] == [STUDY] and found.refused == 1


def test_more_rows_than_the_limit_are_cut_and_told(peers: Peers) -> None:
    with running(StandIn([image(n, StudyInstanceUID=f"1.2.{n}") for n in range(1, 9)])) as peer:
        found = peers.find(peer.node(), NONE, Query(limit=3), Token())
        whole = peers.find(peer.node(), NONE, Query(limit=8), Token())
    assert len(found.rows) == 3 and found.cut and len(whole.rows) == 8 and not whole.cut


def test_a_peer_that_sends_far_more_than_it_promised_is_left(peers: Peers) -> None:
    more = [image(100 + n, StudyInstanceUID="9.9.9") for n in range(40)]
    with running(StandIn([image(1)], surplus=more)) as peer, pytest.raises(LimitExceeded):
        peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert files(peers.folder) == {f"{sha(STUDY)}/{sha('1.2.3.4.1')}.dcm"}


def test_a_peer_that_dies_in_the_middle_leaves_what_arrived(peers: Peers) -> None:
    with running(StandIn([image(1), image(2), image(3)], dies_after=1)) as peer:
        with pytest.raises(PeerProblem) as caught:
            peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
        assert caught.value.code == "peer-left"
        assert files(peers.folder) == {f"{sha(STUDY)}/{sha('1.2.3.4.1')}.dcm"}
        peer.dies_after = None
        assert peers.retrieve(peer.node(), NONE, Wish(STUDY), Token()).complete
    assert not list(peers.folder.glob(".arriving*"))


def test_objects_that_never_came_are_named(peers: Peers) -> None:
    with running(StandIn([image(1), image(2)], announce=lambda one: "1.2.3.4.1")) as peer:
        done = peers.retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert [one.sop_uid for one in done.arrived] == ["1.2.3.4.1"] and not done.complete
    assert {(one.sop_uid, one.code) for one in done.refused} >= {("1.2.3.4.2", "not-sent")}


def test_cancel_stops_at_once_and_keeps_what_arrived(peers: Peers) -> None:
    hold = threading.Event()
    token = Token(lambda done, total, words: done and token.cancel())

    def slowly(one: Dataset) -> str:
        if one.SOPInstanceUID == "1.2.3.4.2":
            hold.wait(20)
        return str(one.SOPInstanceUID)

    with running(StandIn([image(1), image(2)], announce=slowly)) as peer:
        with pytest.raises(Cancelled):
            peers.retrieve(peer.node(), NONE, Wish(STUDY), token)
        hold.set()
    assert files(peers.folder) == {f"{sha(STUDY)}/{sha('1.2.3.4.1')}.dcm"}


def refused(peers: Peers, node: Node) -> FineViewError:
    with pytest.raises(FineViewError) as caught:
        peers.echo(node, NONE, Token())
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")
    return caught.value


def test_refusals_say_which_side_must_change_what(peers: Peers) -> None:
    with running(StandIn(), require_called_aet=True, require_calling_aet=["FINEVIEW"]) as peer:
        assert peers.echo(peer.node(), NONE, Token())
        wrong = refused(peers, peer.node(called="NOBODY"))
        assert wrong.code == "peer-title" and "NOBODY" in wrong.what
        unknown = refused(peers, peer.node(calling="STRANGER"))
        assert unknown.code == "peer-title" and "STRANGER" in unknown.what
    assert refused(peers, peer.node()).code == "peer-unreachable"
    assert refused(peers, peer.node(host="no-such-host.invalid")).code == "peer-unreachable"


def test_a_silent_peer_is_left_after_the_nodes_patience(peers: Peers) -> None:
    hold = threading.Event()
    with running(StandIn(echo=lambda event: 0 if hold.wait(20) else 0)) as peer:
        assert refused(peers, peer.node(patience_s=1.0)).code == "peer-silent"
        hold.set()


def test_a_port_that_speaks_no_dicom(peers: Peers) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer() -> None:
            for _ in range(2):
                link, _ = server.accept()
                with link:
                    link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)

        thread = threading.Thread(target=answer)
        thread.start()
        code = refused(peers, Node("x", host="localhost", port=server.getsockname()[1], called="X", patience_s=2)).code
        if thread.is_alive():  # the second connection only looks for the reason
            socket.create_connection(server.getsockname()).close()
        thread.join()
    assert code in ("peer-refused", "peer-left", "peer-silent")


def sent(peers: Peers, node: Node, objects: list[tuple[str, Path]]) -> dict[str, Receipt]:
    told: dict[str, Receipt] = {}
    peers.send(node, NONE, objects, Token(), lambda uid: None, lambda one: told.__setitem__(one.sop_uid, one))
    return told


def written(folder: Path, *datasets: Dataset) -> list[tuple[str, Path]]:
    out = []
    for one in datasets:
        path = folder / f"{one.SOPInstanceUID}.dcm"
        path.write_bytes(made.as_bytes(one))
        out.append((str(one.SOPInstanceUID), path))
    return out


def test_only_a_confirmed_object_counts_as_sent(peers: Peers, tmp_path: Path) -> None:
    other = Dataset()
    other.Status, other.AffectedSOPInstanceUID = 0x0000, "1.2.3.4.999"
    answers: dict[str, Any] = {"1.2.3.4.1": 0x0000, "1.2.3.4.2": 0xA700, "1.2.3.4.3": other, "1.2.3.4.4": 0xB000}
    objects = written(tmp_path, *(image(n) for n in range(1, 6)))
    objects[4][1].write_bytes(made.as_bytes(image(6)))  # no longer the object that was put into the outbox
    gone = ("1.2.3.4.7", tmp_path / "gone.dcm")
    with running(StandIn(store=lambda event: answers[event.request.AffectedSOPInstanceUID])) as peer:
        told = sent(peers, peer.node(), [*objects, gone])
    assert {uid: one.confirmed for uid, one in told.items()} == {
        "1.2.3.4.1": True, "1.2.3.4.2": False, "1.2.3.4.3": False, "1.2.3.4.4": True, "1.2.3.4.5": False,
        "1.2.3.4.7": False}
    assert [uid for uid, one in told.items() if one.later] == ["1.2.3.4.2"]  # out of resources: not for now
    assert "A700h" in told["1.2.3.4.2"].why and "another object" in told["1.2.3.4.3"].why and told["1.2.3.4.4"].why
    assert [one.PixelData for one in peer.received] == [image(1).PixelData]


def test_an_encoding_that_the_peer_does_not_take_is_told(peers: Peers, tmp_path: Path) -> None:
    objects = written(tmp_path, image(1), image(2, syntax="1.2.840.10008.1.2.4.70",
                                                    PixelData=encapsulate([b"\xff\xd8\xff\xd9"])))
    with running(StandIn()) as peer:
        told = sent(peers, peer.node(), objects)
    assert told["1.2.3.4.1"].confirmed
    assert not told["1.2.3.4.2"].confirmed and "1.2.840.10008.1.2.4.70" in told["1.2.3.4.2"].why


def test_the_connection_breaks_while_sending(peers: Peers, tmp_path: Path) -> None:
    def store(event: Any) -> int:
        if event.request.AffectedSOPInstanceUID == "1.2.3.4.2":
            event.assoc.abort()
        return 0x0000

    started: list[str] = []
    told: list[Receipt] = []
    with running(StandIn(store=store)) as peer, pytest.raises(PeerProblem) as caught:
        peers.send(peer.node(), NONE, written(tmp_path, *(image(n) for n in (1, 2, 3))), Token(), started.append,
                   told.append)
    assert caught.value.code == "peer-left"
    assert started == ["1.2.3.4.1", "1.2.3.4.2"] and [one.sop_uid for one in told] == ["1.2.3.4.1"]


def test_c_move_takes_what_was_asked_for_from_dcmtk_and_nothing_else(peers: Peers, tmp_path: Path) -> None:
    """The peer tells dcmtk's storescu to deliver: another implementation on the sending side."""
    storescu = dcmtk("storescu")
    asked, foreign = written(tmp_path, image(1), image(2, StudyInstanceUID="8.8.8"))
    port = free_port()
    codes: list[int] = []

    def deliver(event: Any) -> Any:
        for _, path in (asked, foreign):
            codes.append(subprocess.run([storescu, "-aec", "FINEVIEW", "localhost", str(port), str(path)],
                                        capture_output=True, check=False).returncode)
        yield None, None

    with running(StandIn([image(1)])) as peer:
        peer.moved = deliver  # type: ignore[method-assign]
        node = replace(peer.node(), move_port=port)
    with running(peer):
        done = peers.retrieve(node, NONE, Wish(STUDY), Token())
    assert [one.sop_uid for one in done.arrived] == ["1.2.3.4.1"]
    assert [one.code for one in done.refused] == ["not-asked"]
    assert len(codes) == 2 and files(peers.folder) == {f"{sha(STUDY)}/{sha('1.2.3.4.1')}.dcm"}


def test_without_the_packages_it_says_what_to_install(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, node in (("pynetdicom", Node("n", host="h", port=104, called="P")),
                       ("dicomweb_client", Node("n", "web", url="https://h/x"))):
        monkeypatch.setitem(sys.modules, name, None)  # how Python itself marks a module that must not be found
        error = refused(peers, node)
        assert error.code == "pacs-missing" and "pip install 'fineview[pacs]'." in error.remedy
