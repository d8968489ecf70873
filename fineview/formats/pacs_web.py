"""What can be asked of a DICOMweb service (PS3.18): QIDO-RS, WADO-RS, STOW-RS.  Runs in the network child only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fineview.core.errors import PeerProblem
from fineview.core.peer import Match, Node, Query, Secrets, Wish, hashed_name, is_uid
from fineview.formats import pacs_faults, pacs_json, pacs_stow, wire
from fineview.formats.pacs_http import Service, serving
from fineview.formats.pacs_inbox import OBJECTS, Inbox
from fineview.formats.pacs_parts import receive
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch

_PAGE = 1000
_FIELDS = ["StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"]
_SERIES_FIELDS = ["SeriesDescription", "NumberOfSeriesRelatedInstances"]


def echo(node: Node, secrets: Secrets, say: Say) -> None:
    with serving(node, secrets) as service:
        service.client().search_for_studies(limit=1)
    say({"words": "answers"})


def find(node: Node, secrets: Secrets, say: Say, query: Any) -> None:
    asked = wire.from_plain(Query, query)
    with serving(node, secrets) as service:
        rows = _search(service, asked)
    made = [pacs_json.match(row, asked.level) for row in rows]
    good = [one for one in made if one is not None]
    if asked.level == "patient":
        # PS3.18 has no search for patients: those of the studies found.
        known = {(one.patient_id, one.patient_name): one for one in good}
        good = [Match(patient_name=one.patient_name, patient_id=one.patient_id, birth_date=one.birth_date)
                for one in known.values()]
    for one in good[:asked.limit]:
        say({"row": wire.to_plain(one)})
    say({"cut": len(rows) > asked.limit, "refused": sum(one is None for one in made)})


def _search(service: Service, query: Query) -> list[pacs_json.Row]:
    filters = {name: value for name, value in (
        ("PatientID", query.patient_id), ("PatientName", query.patient_name), ("StudyDate", query.dates),
        ("AccessionNumber", query.accession)) if value}
    client, most = service.client(), query.limit + 1
    if query.level == "series":
        if query.modality:
            filters = {"Modality": query.modality}
        found = client.search_for_series(query.study_uid, limit=most, search_filters=filters or None,
                                         fields=_SERIES_FIELDS)
    else:
        filters |= {name: value for name, value in (("StudyInstanceUID", query.study_uid),
                                                    ("ModalitiesInStudy", query.modality)) if value}
        found = client.search_for_studies(limit=most, search_filters=filters or None, fields=_FIELDS)
    return _rows(found)


def _rows(found: Any) -> list[pacs_json.Row]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise pacs_faults.answer_unreadable("no list of rows")
    return found


def retrieve(node: Node, secrets: Secrets, say: Say, wish: Any, arriving: str, target: str) -> None:
    asked = wire.from_plain(Wish, wish)
    with serving(node, secrets) as service:
        promised = dict(_instances(service, asked))
        if not promised:
            raise PeerProblem("The peer has nothing under that UID.",
                              "Search again: it may have been moved or deleted.", "peer-not-found")
        say({"promised": len(promised)})
        inbox = Inbox(asked, Path(target), say, frozenset(promised))
        watch = Watch(node, say)
        watch.received = inbox.count
        for number, (sop, series) in enumerate(promised.items()):
            address = f"{service.base}/studies/{asked.study_uid}/series/{series}/instances/{sop}"
            kept = Path(arriving) / str(number)
            if receive(service, address, kept, watch.came):
                inbox.take(sop, kept)
        inbox.close()


def _instances(service: Service, wish: Wish) -> Iterator[tuple[str, str]]:
    """(SOP instance, series) UID of everything the service lists, page by page."""
    client, seen = service.client(), set[str]()
    while len(seen) <= OBJECTS:
        rows = _rows(client.search_for_instances(wish.study_uid, wish.series_uid or None, limit=_PAGE,
                                                 offset=len(seen)))
        fresh = 0
        for row in rows:
            sop, series = pacs_json.words(row, "00080018"), pacs_json.words(row, "0020000E") or wish.series_uid
            if is_uid(sop) and is_uid(series) and sop not in seen:
                seen.add(sop)
                fresh += 1
                yield sop, series
        # A service that knows no offset gives the same page for ever.
        if not fresh or len(rows) < _PAGE:
            return


def frames(node: Node, secrets: Secrets, say: Say, wish: Any, sop_uid: str, numbers: list[int], arriving: str,
           target: str) -> None:
    asked = wire.from_plain(Wish, wish)
    if not is_uid(sop_uid) or not is_uid(asked.series_uid) or not numbers or any(one < 1 for one in numbers):
        raise PeerProblem("Frames are asked for by study, series and object UID and numbers from 1.",
                          "Give all three UIDs.", "uid")
    with serving(node, secrets) as service:
        # "*": in the encoding in which the service holds them (PS3.18 8.7.3.5.2).
        found = service.client().retrieve_instance_frames(
            asked.study_uid, asked.series_uid, sop_uid, numbers, media_types=(("application/octet-stream", "*"),))
    if len(found) != len(numbers):
        raise pacs_faults.answer_unreadable(f"{len(found)} frames instead of {len(numbers)}")
    for number, data in zip(numbers, found, strict=True):
        beside = Path(arriving) / str(number)
        beside.write_bytes(data)
        kept = Path(target) / f"{hashed_name(sop_uid)}-frame-{number}.bin"
        beside.chmod(0o600)
        beside.replace(kept)
        say({"frame": str(kept)})


OPERATIONS: dict[str, Callable[..., None]] = {
    "echo": echo, "find": find, "retrieve": retrieve, "send": pacs_stow.send, "frames": frames}
