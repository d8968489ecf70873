"""Lists of peers as they are: page by page, in many scripts, twice, without an end, of the wrong patient."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pydicom.dataset import Dataset

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")
pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # noqa: E402
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from fineview.core.errors import PeerProblem  # noqa: E402
from fineview.core.peer import Node, Query, Secrets, Wish  # noqa: E402
from fineview.formats import pacs_find, pacs_web, wire  # noqa: E402
from fineview.formats.pacs_http import as_it_may_stand  # noqa: E402
from fineview.formats.pacs_inbox import Inbox  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, free_port, running  # noqa: E402
from tests.formats.test_pacs_web import ONE, SERIES, STUDY, TWO, Reply, StandInWeb, as_file, multipart, row  # noqa: E402
from tests.formats.test_pacs_web import serving as web_serving  # noqa: E402

NONE = Secrets()


class Said(list[dict[str, Any]]):
    """What an operation says, in this process."""

    def __call__(self, answer: dict[str, Any]) -> None:
        self.append(answer)

    def fail(self, error: BaseException) -> NoReturn:
        raise error

    @property
    def rows(self) -> list[Any]:
        return [one["row"] for one in self if "row" in one]


class NoWatch:
    """In this process nobody ends it when a peer is silent."""

    def __init__(self, *_: object) -> None: ...

    def handlers(self) -> list[tuple[Any, ...]]:
        return []


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacs_find, "Watch", NoWatch)


def found(node: Node, query: Query) -> tuple[list[Any], Any]:
    """(study UIDs, "cut")"""
    said = Said()
    (pacs_web if node.kind == "web" else pacs_find).find(node, NONE, said, wire.to_plain(query))
    return [one[0] for one in said.rows], said[-1]["cut"]


def paged(peer: StandInWeb, rows: list[dict[str, Any]], beyond: Reply) -> Reply:
    """Two rows a page, whatever was asked for."""
    at = int(re.search(r"offset=(\d+)", peer.seen[-1][0])[1])  # type: ignore[index]
    some = rows[at:at + 2]
    return (200, "application/dicom+json", json.dumps(some).encode()) if some else beyond


@pytest.mark.parametrize("beyond", [(200, "application/dicom+json", b"[]"), (204, "text/plain", b""),
                                    (400, "text/plain", b"no such page"), (404, "text/plain", b"")],
                         ids=["empty", "204", "400", "404"])
def test_a_service_that_gives_less_than_was_asked_for_is_read_to_its_end(beyond: Reply, tmp_path: Path) -> None:
    studies = [row(study=f"1.2.{n}") for n in range(1, 6)]
    objects = [row(sop=one, series=SERIES) for one in (ONE, TWO, "1.2.3.4.3")]
    peer = StandInWeb([])
    peer.answers = [(r"instances/([\d.]+)$", lambda: multipart(as_file(peer.seen[-1][0].rsplit("/", 1)[1]))),
                    ("/instances", lambda: paged(peer, objects, beyond)), ("", lambda: paged(peer, studies, beyond))]
    with web_serving(peer):
        assert found(peer.node(), Query()) == ([f"1.2.{n}" for n in range(1, 6)], False)
        assert found(peer.node(), Query(limit=3)) == (["1.2.1", "1.2.2", "1.2.3"], True)
        done = Peers(tmp_path).retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert done.complete and done.promised == 3


def test_a_first_page_that_fails_is_no_empty_list() -> None:
    with web_serving(StandInWeb([("", lambda: (400, "text/plain", b""))])) as peer, pytest.raises(Exception) as caught:
        found(peer.node(), Query())
    assert "400" in str(caught.value)


def test_a_list_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacs_web, "OBJECTS", 20)
    monkeypatch.setattr(pacs_find, "USELESS", 20)
    numbers = iter(range(1000))
    bad = [{"0020000D": {"Value": [f"../{n}"]}} for n in range(30)]
    with web_serving(StandInWeb([("", lambda: (200, "application/dicom+json", json.dumps(
            [{"n": next(numbers)} for _ in bad]).encode()))])) as peer, pytest.raises(Exception) as caught:
        found(peer.node(), Query())
    assert "lists more than" in str(caught.value)

    def endless(event: Any) -> Iterator[tuple[int, Dataset]]:
        one = Dataset()
        one.StudyInstanceUID = "1.2.3"
        while not event.is_cancelled:
            time.sleep(0.001)  # without it rows pile up in the peer, and its end waits until all are written
            yield 0xFF00, one
    dimse = StandIn()
    dimse.find = endless  # type: ignore[method-assign]
    with running(dimse), pytest.raises(PeerProblem) as left:
        found(dimse.node(), Query())
    assert left.value.code == "peer-answer" and "without end" in left.value.what


def test_a_row_that_is_listed_twice_is_one_and_an_empty_answer_is_none() -> None:
    def twice(event: Any) -> Iterator[tuple[int, Dataset]]:
        for uid in ("1.2.3", "1.2.4", "1.2.3"):
            one = Dataset()
            one.StudyInstanceUID = uid
            yield 0xFF00, one
    peer = StandIn()
    peer.find = twice  # type: ignore[method-assign]
    with running(peer):
        assert found(peer.node(), Query(limit=2)) == (["1.2.3", "1.2.4"], False)
    with running(StandIn()) as nobody:
        assert found(nobody.node(), Query()) == ([], False)


NAMES = [(None, "Smith^Ann"), ("ISO_IR 100", "Äneas^Rüdiger"), ("ISO_IR 144", "Люкceмбypг"),
         ("ISO_IR 126", "Διονυσιος"), ("ISO_IR 192", "Buc^Jérôme=山田^太郎"),
         (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
         (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"), ("GB18030", "Wang^XiaoDong=王^小东")]


@pytest.mark.parametrize(("charset", "name"), NAMES, ids=[str(one) for one, _ in NAMES])
def test_names_in_every_script_come_back_and_go_out(charset: Any, name: str) -> None:
    one = made.image(sop="1.2.3.4.1", PatientName=name)
    if charset is not None:
        one.SpecificCharacterSet = charset
    asked: list[tuple[str, str]] = []
    peer = StandIn([one])
    answer = peer.find

    def noting(event: Any) -> Iterator[Any]:
        keys = event.identifier
        keys.decode()
        asked.append((str(keys.PatientName), keys.StudyDate))
        yield from answer(event)
    peer.find = noting  # type: ignore[method-assign]
    with running(peer):
        said = Said()
        wanted = f"{name.split('^')[0].split('=')[0]}*"
        pacs_find.find(peer.node(), NONE, said, wire.to_plain(Query(patient_name=wanted, dates="20260101-")))
    assert [row[2] for row in said.rows] == [name]
    assert asked == [(wanted, "20260101-")]


def test_a_query_is_written_as_every_service_reads_it() -> None:
    peer = StandInWeb([("", lambda: (200, "application/dicom+json", b"[]"))])
    with web_serving(peer):
        found(peer.node(), Query(patient_name="Mül?er An*", dates="20260101-20261231", patient_id="a+b&c=d/e"))
    asked = peer.seen[0][0]
    for words in ("PatientName=M%C3%BCl?er%20An*", "StudyDate=20260101-20261231", "PatientID=a%2Bb%26c%3Dd/e"):
        assert words in asked
    assert as_it_may_stand("https://h/x%2Ay?a=%2A%26") == "https://h/x%2Ay?a=*%26"


@pytest.mark.parametrize("wish", [Wish(STUDY, patient_id="1"), Wish(STUDY)], ids=["known from the list", "not known"])
def test_objects_of_another_patient_are_kept_and_pointed_out(tmp_path: Path, wish: Wish) -> None:
    with running(StandIn([made.image(sop=ONE), made.image(sop=TWO, PatientID="2")])) as peer:
        done = Peers(tmp_path).retrieve(peer.node(), NONE, wish, Token())
    assert done.complete and done.strangers == 1
    assert {one.sop_uid: one.stranger for one in done.arrived} == {ONE: False, TWO: True}


def test_each_retrieval_has_a_second_way_or_says_what_to_change(tmp_path: Path) -> None:
    get, move = StudyRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelMove
    with running(StandIn([made.image(sop=ONE)], lacks=(move,))) as peer:
        done = Peers(tmp_path).retrieve(replace(peer.node(), move_port=free_port()), NONE, Wish(STUDY), Token())
    assert done.complete
    with running(StandIn([made.image(sop=ONE)], lacks=(get,))) as peer, pytest.raises(PeerProblem) as caught:
        Peers(tmp_path).retrieve(peer.node(), NONE, Wish(STUDY), Token())
    assert caught.value.code == "peer-service" and "port" in caught.value.remedy


def test_an_object_finds_the_folder_of_its_study_also_where_another_retrieval_took_it_away(tmp_path: Path) -> None:
    told: list[Any] = []
    inbox = Inbox(Wish("1.2.3"), tmp_path / "study", told.append)
    (tmp_path / "arriving").write_bytes(made.as_bytes(made.image()))
    assert inbox.take("1.2.3.4", tmp_path / "arriving") is None
    (stored,) = (tmp_path / "study").iterdir()
    assert stored.read_bytes() == made.as_bytes(made.image()) and "arrived" in told[0]
    assert (tmp_path / "study").stat().st_mode & 0o777 == 0o700
