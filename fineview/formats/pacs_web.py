"""What can be asked of a DICOMweb service (PS3.18): QIDO-RS, WADO-RS, STOW-RS.  Runs in the network child only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from fineview.core.errors import PeerProblem
from fineview.core.peer import Match, Node, Query, Secrets, Wish, hashed_name, is_uid
from fineview.formats import pacs_faults, pacs_json, pacs_stow, wire
from fineview.formats.pacs_http import Service, serving
from fineview.formats.pacs_inbox import OBJECTS, Inbox, too_many
from fineview.formats.pacs_parts import receive
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch

_PAGE = 1000
FRAMES_BYTES = 256 << 20
_NO_PAGE = (400, 404, 416)  # what services say to an offset behind their last row
_FIELDS = ["StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"]
_SERIES_FIELDS = ["SeriesDescription", "NumberOfSeriesRelatedInstances"]


def echo(node: Node, secrets: Secrets, say: Say) -> None:
    with serving(node, secrets) as service:
        service.client().search_for_studies(limit=1)
    say({"words": "answers"})


def find(node: Node, secrets: Secrets, say: Say, query: Any) -> None:
    asked = wire.from_plain(Query, query)
    good: dict[Match, None] = {}
    refused = 0
    with serving(node, secrets) as service:
        for row in _search(service, asked):
            made = pacs_json.match(row, asked.level)
            if made is None:
                refused += 1
            else:
                # PS3.18 has no search for patients: those of the studies found.
                good.setdefault(Match(patient_name=made.patient_name, patient_id=made.patient_id,
                                      birth_date=made.birth_date) if asked.level == "patient" else made)
            if len(good) > asked.limit:
                break
    for one in tuple(good)[:asked.limit]:
        say({"row": wire.to_plain(one)})
    say({"cut": len(good) > asked.limit, "refused": refused})


def _search(service: Service, query: Query) -> Iterator[pacs_json.Row]:
    filters = {name: value for name, value in (
        ("PatientID", query.patient_id), ("PatientName", query.patient_name), ("StudyDate", query.dates),
        ("AccessionNumber", query.accession)) if value}
    client = service.client()
    if query.level == "series":
        wanted = {"Modality": query.modality} if query.modality else None
        return _pages(query.limit + 1, lambda most, at: client.search_for_series(
            query.study_uid, limit=most, offset=at, search_filters=wanted, fields=_SERIES_FIELDS))
    filters |= {name: value for name, value in (("StudyInstanceUID", query.study_uid),
                                                ("ModalitiesInStudy", query.modality)) if value}
    return _pages(query.limit + 1, lambda most, at: client.search_for_studies(
        limit=most, offset=at, search_filters=filters or None, fields=_FIELDS))


def _pages(most: int, ask: Callable[[int, int], Any]) -> Iterator[pacs_json.Row]:
    """Every row once, page by page: a service may give fewer than were asked for (PS3.18 8.3.4.4).

    The list ends with a page that holds nothing new, or one that cannot be asked for.
    """
    seen: set[str] = set()
    at = 0
    while True:
        try:
            page = _rows(ask(most, at))
        except requests.HTTPError as error:
            if at and error.response is not None and error.response.status_code in _NO_PAGE:
                return
            raise
        at += len(page)
        if at > 2 * OBJECTS:
            raise too_many()
        fresh = {key: row for row in page if (key := json.dumps(row, sort_keys=True)) not in seen}
        if not fresh:
            return
        seen.update(fresh)
        yield from fresh.values()


def _rows(found: Any) -> list[pacs_json.Row]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise pacs_faults.answer_unreadable("no list of rows")
    return found


def listed(node: Node, secrets: Secrets, say: Say, studies: list[str]) -> None:
    """Every object that the service lists of these studies."""
    with serving(node, secrets) as service:
        for study in studies:
            for uid, _ in _instances(service, Wish(study)):
                say({"listed": uid})


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
    """(SOP instance, series) UID of everything the service lists.  Raises ``LimitExceeded``."""
    client, seen = service.client(), set[str]()
    for row in _pages(_PAGE, lambda most, at: client.search_for_instances(
            wish.study_uid, wish.series_uid or None, limit=most, offset=at)):
        sop, series = pacs_json.words(row, "00080018"), pacs_json.words(row, "0020000E") or wish.series_uid
        if is_uid(sop) and is_uid(series) and sop not in seen:
            seen.add(sop)
            yield sop, series
        if len(seen) > OBJECTS:
            raise too_many()


def frames(node: Node, secrets: Secrets, say: Say, wish: Any, sop_uid: str, numbers: list[int], arriving: str,
           target: str) -> None:
    asked = wire.from_plain(Wish, wish)
    if not is_uid(sop_uid) or not is_uid(asked.series_uid) or not numbers or any(one < 1 for one in numbers):
        raise PeerProblem("Frames are asked for by study, series and object UID and numbers from 1.",
                          "Give all three UIDs.", "uid")
    with serving(node, secrets, FRAMES_BYTES) as service:
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
    "echo": echo, "find": find, "listed": listed, "retrieve": retrieve, "send": pacs_stow.send,
    "frames": frames}
