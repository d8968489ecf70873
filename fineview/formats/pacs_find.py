"""C-FIND: patients, studies, series and objects of a peer, as rows of our own (PS3.4 annex C)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from fineview.core.errors import PeerProblem
from fineview.core.peer import Level, Match, Node, Query, Secrets, Wish, is_uid
from fineview.formats import pacs_faults, wire
from fineview.formats.pacs_association import associated, status_of
from fineview.formats.pacs_inbox import OBJECTS
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch
from fineview.formats.values import integer, text

_PENDING = (0xFF00, 0xFF01)
_CANCELLED = 0xFE00


def echo(node: Node, secrets: Secrets, say: Say) -> None:
    with associated(node, secrets, [build_context(Verification)], handlers=Watch(node, say).handlers()) as assoc:
        status = status_of(assoc.send_c_echo())
    if status != 0x0000:
        raise _failed("The peer answered, but not with success", status)
    say({"words": "answers"})


def find(node: Node, secrets: Secrets, say: Say, query: Any) -> None:
    asked = wire.from_plain(Query, query)
    refused = count = 0
    cut = False
    for row in matches(node, secrets, identifier(asked), asked.level, asked.limit + 1, Watch(node, say)):
        if count == asked.limit:
            cut = True
            break
        made = match(row, asked.level)
        if made is None:
            refused += 1
        else:
            count += 1
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
    """SOP instance UID -> SOP class UID of everything the peer lists; what is no UID is left out."""
    found: dict[str, str] = {}
    uids = (wish.series_uid,) if wish.series_uid else _series(node, secrets, wish, watch)
    for series in uids:
        keys = Dataset()
        keys.QueryRetrieveLevel = "IMAGE"
        keys.StudyInstanceUID, keys.SeriesInstanceUID = wish.study_uid, series
        keys.SOPInstanceUID = keys.SOPClassUID = ""
        for row in matches(node, secrets, keys, "series", OBJECTS, watch):
            uid, kind = text(row, "SOPInstanceUID"), text(row, "SOPClassUID")
            if is_uid(uid):
                found[uid] = kind if is_uid(kind) else ""
    return found


def _series(node: Node, secrets: Secrets, wish: Wish, watch: Watch) -> tuple[str, ...]:
    """Hierarchical: an object is searched for within one series (PS3.4 C.4.1.3.1)."""
    query = Query("series", study_uid=wish.study_uid)
    rows = (match(row, "series") for row in matches(node, secrets, identifier(query), "series", OBJECTS, watch))
    return tuple(dict.fromkeys(row.series_uid for row in rows if row is not None))


def matches(node: Node, secrets: Secrets, keys: Dataset, level: Level, limit: int, watch: Watch) -> Iterator[Dataset]:
    """Identifiers of the pending responses, at most ``limit``; then the peer is left."""
    model = (PatientRootQueryRetrieveInformationModelFind if level == "patient"
             else StudyRootQueryRetrieveInformationModelFind)
    with associated(node, secrets, [build_context(model)], handlers=watch.handlers()) as assoc:
        for count, (answer, row) in enumerate(assoc.send_c_find(keys, model, msg_id=1), start=1):
            status = status_of(answer)
            if status == 0x0000 or status == _CANCELLED:
                return
            if status not in _PENDING:
                raise _failed("The peer could not search", status)
            if row is None:
                raise pacs_faults.answer_unreadable("a row of the list")
            yield row
            if count == limit:
                assoc.abort()
                return


def _failed(what: str, status: int) -> PeerProblem:
    return PeerProblem(f"{what} (status {status:04X}h).", "Ask for less, or ask the administrator of the PACS.",
                       "peer-answer")
