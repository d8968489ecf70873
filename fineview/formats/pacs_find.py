"""C-FIND: patients, studies, series and objects of a peer, as rows of our own (PS3.4 annex C)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from fineview.core.errors import PeerProblem
from fineview.core.peer import Level, Match, Node, Query, Secrets, Wish, is_uid
from fineview.formats import pacs_faults, wire
from fineview.formats.pacs_association import associated, status_of
from fineview.formats.pacs_inbox import OBJECTS, too_many
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch
from fineview.formats.values import integer, text

USELESS = 10_000
"""Rows that are known or name no UID before the peer is left: a list must end."""
_PENDING = (0xFF00, 0xFF01)
_CANCELLED = 0xFE00
Search = Callable[[Dataset], Iterator[Dataset]]


def echo(node: Node, secrets: Secrets, say: Say) -> None:
    with associated(node, secrets, [build_context(Verification)], handlers=Watch(node, say).handlers()) as assoc:
        status = status_of(assoc.send_c_echo())
    if status != 0x0000:
        raise _failed("The peer answered, but not with success", status)
    say({"words": "answers"})


def find(node: Node, secrets: Secrets, say: Say, query: Any) -> None:
    asked = wire.from_plain(Query, query)
    refused = 0
    cut = False
    told: set[Match] = set()
    with searching(node, secrets, asked.level, Watch(node, say)) as search:
        for number, row in enumerate(search(identifier(asked))):
            if number - len(told) > USELESS:
                raise pacs_faults.answer_unreadable("a list without end")
            made = match(row, asked.level)
            if made is None:
                refused += 1
            elif made not in told:  # some peers list a row once for each of its parts
                if len(told) == asked.limit:
                    cut = True
                    break
                told.add(made)
                say({"row": wire.to_plain(made)})
    say({"cut": cut, "refused": refused})


def identifier(query: Query) -> Dataset:
    """Keys with the wanted values, and empty ones for what should come back."""
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.QueryRetrieveLevel = query.level.upper()
    keys.PatientName, keys.PatientID, keys.PatientBirthDate = query.patient_name, query.patient_id, ""
    if query.level != "patient":
        keys.StudyInstanceUID, keys.AccessionNumber, keys.StudyDate = query.study_uid, query.accession, query.dates
        keys.StudyDescription = ""
    if query.level == "study":
        keys.ModalitiesInStudy, keys.NumberOfStudyRelatedInstances = query.modality, None
    if query.level == "series":
        keys.SeriesInstanceUID, keys.Modality, keys.SeriesDescription = "", query.modality, ""
        keys.SeriesNumber = keys.NumberOfSeriesRelatedInstances = None
    return keys


def match(row: Dataset, level: Level) -> Match | None:
    """None where a row names no valid UID of its level: nothing can be asked for by it."""
    series = level == "series"
    made = Match(
        text(row, "StudyInstanceUID"), text(row, "SeriesInstanceUID"), text(row, "PatientName"), text(row, "PatientID"),
        text(row, "PatientBirthDate"), text(row, "StudyDate"),
        text(row, "SeriesDescription" if series else "StudyDescription"),
        text(row, "Modality" if series else "ModalitiesInStudy"), text(row, "AccessionNumber"),
        text(row, "SeriesNumber"),
        integer(row, "NumberOfSeriesRelatedInstances" if series else "NumberOfStudyRelatedInstances") or 0)
    needed = () if level == "patient" else (made.study_uid, made.series_uid) if series else (made.study_uid,)
    return made if all(is_uid(uid) for uid in needed) else None


def instances(node: Node, secrets: Secrets, wish: Wish, watch: Watch) -> dict[str, str]:
    """SOP instance UID -> SOP class UID of everything the peer lists; what is no UID is left out.

    Hierarchical: an object is searched for within one series (PS3.4 C.4.1.3.1).  Raises ``LimitExceeded``.
    """
    found: dict[str, str] = {}
    with searching(node, secrets, "series", watch) as search:
        uids = [wish.series_uid] if wish.series_uid else []
        if not uids:
            rows = (match(row, "series") for row in search(identifier(Query("series", study_uid=wish.study_uid))))
            uids = list(dict.fromkeys(row.series_uid for row in rows if row is not None))
        for series in uids:
            keys = Dataset()
            keys.QueryRetrieveLevel = "IMAGE"
            keys.StudyInstanceUID, keys.SeriesInstanceUID = wish.study_uid, series
            keys.SOPInstanceUID = keys.SOPClassUID = ""
            for row in search(keys):
                uid, kind = text(row, "SOPInstanceUID"), text(row, "SOPClassUID")
                if is_uid(uid):
                    found[uid] = kind if is_uid(kind) else ""
                if len(found) > OBJECTS:
                    raise too_many()
    return found


def listed(node: Node, secrets: Secrets, say: Say, studies: list[str]) -> None:
    """Every object that the peer lists of these studies."""
    watch = Watch(node, say)
    for study in studies:
        for uid in instances(node, secrets, Wish(study), watch):
            say({"listed": uid})


@contextmanager
def searching(node: Node, secrets: Secrets, level: Level, watch: Watch) -> Iterator[Search]:
    """One association for any number of searches, one after the other."""
    model = (PatientRootQueryRetrieveInformationModelFind if level == "patient"
             else StudyRootQueryRetrieveInformationModelFind)
    with associated(node, secrets, [build_context(model)], handlers=watch.handlers()) as assoc:
        yield lambda keys: _answers(assoc, keys, model)


def _answers(assoc: Association, keys: Dataset, model: Any) -> Iterator[Dataset]:
    """Identifiers of the pending responses.  Left before their end, the association is of no more use: abort it."""
    ended = False
    try:
        for answer, row in assoc.send_c_find(keys, model):
            status = status_of(answer)
            if status in (0x0000, _CANCELLED):
                break
            if status not in _PENDING:
                raise _failed("The peer could not search", status)
            if row is None:
                raise pacs_faults.answer_unreadable("a row of the list")
            yield row
        ended = True
    finally:
        if not ended:
            assoc.abort()


def _failed(what: str, status: int) -> PeerProblem:
    return PeerProblem(f"{what} (status {status:04X}h).", "Ask for less, or ask the administrator of the PACS.",
                       "peer-answer")
