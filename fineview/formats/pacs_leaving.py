"""Files that may leave: still there, still the object that was put into the outbox, and sure of who they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fineview.core.errors import FineViewError, PeerProblem
from fineview.core.peer import Receipt, is_uid
from fineview.formats import wire
from fineview.formats.gzipped import is_gzipped
from fineview.formats.pacs_say import Say
from fineview.formats.part10 import open_dicom
from fineview.formats.values import text


@dataclass(frozen=True, slots=True)
class Object:
    """A file that may leave.  ``kind``: SOP class UID."""

    sop_uid: str
    path: str
    kind: str
    syntax: str


def readable(objects: list[list[str]], say: Say) -> Iterator[Object]:
    """The files that still hold what was put into the outbox; the others get their receipt at once."""
    for uid, path in objects:
        try:
            one = examine(Path(path))
            if one.sop_uid != uid:
                raise PeerProblem("The file now holds another object.", "", "changed")
            yield one
        except FineViewError as error:
            say({"receipt": wire.to_plain(Receipt(uid, False, error.what))})
        except OSError:
            say({"receipt": wire.to_plain(Receipt(uid, False, "The file is no longer there."))})


def examine(path: Path) -> Object:
    """UIDs and transfer syntax of a file.  Raises ``FineViewError`` where it cannot be sent."""
    with path.open("rb") as file:
        if is_gzipped(file.read(16)):
            raise PeerProblem("The file is compressed with gzip.", "Unpack it and send what is inside.", "gzipped")
    opened = open_dicom(str(path))
    with opened.source:
        uid, kind = text(opened.dataset, "SOPInstanceUID"), text(opened.dataset, "SOPClassUID")
        meta = opened.dataset.file_meta
        said = text(meta, "MediaStorageSOPInstanceUID")
        syntax = text(meta, "TransferSyntaxUID")
    if not (is_uid(uid) and is_uid(kind)):
        raise PeerProblem("Its UIDs are missing or no UIDs.", "Ask its sender for another copy.", "uid")
    if not opened.front.has_meta or said != uid or text(meta, "MediaStorageSOPClassUID") != kind:
        raise PeerProblem("Its file header and its data set name different objects.",
                          "Ask its sender for another copy.", "uid")
    return Object(uid, str(path), kind, syntax)
