"""What arrives from a peer: checked against what was asked for, kept under hashed names, never overwriting.

An object is stored only where its data set names the UID under which the peer sent it, belongs to the study that was
asked for, and reads like a DICOM file behind the same guards as any other.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from pathlib import Path

from fineview.core.errors import FineViewError, LimitExceeded
from fineview.core.peer import Arrived, TurnedAway, Wish, hashed_name, is_uid
from fineview.formats import limits, wire
from fineview.formats.pacs_say import Say
from fineview.formats.part10 import OpenFile, open_dicom, read_front
from fineview.formats.values import text

OBJECT_BYTES = 4 << 30
"""One object: more is refused while it is still coming in."""
RETRIEVE_BYTES = 256 << 30
OBJECTS = 100_000
SURPLUS = 16
"""Objects beyond what was promised before the peer is left: a few come from a study that grew meanwhile."""


def too_many() -> LimitExceeded:
    return LimitExceeded(f"The peer lists more than {OBJECTS} objects.", "Retrieve one series at a time.", "limit")


class Inbox:
    """``expected``: SOP instance UIDs that the peer says the study has; None where it could not say.

    Usable from several threads.  Every object ends in exactly one ``arrived`` or ``refused`` that is told.
    """

    def __init__(self, wish: Wish, target: Path, say: Say, expected: frozenset[str] | None = None) -> None:
        self._wish, self._target, self._say, self.expected = wish, target, say, expected
        self._lock = threading.Lock()
        self._in_object = self._in_all = self._surplus = 0
        self.stored: set[str] = set()
        self._turned: set[str] = set()
        self._patient_id = wish.patient_id

    def count(self, size: int) -> None:
        """Bytes that just came in.  Raises ``LimitExceeded`` beyond a limit."""
        with self._lock:
            self._in_object += size
            self._in_all += size
            if self._in_object > OBJECT_BYTES:
                raise limits.too_large("An object from the peer", self._in_object, OBJECT_BYTES)
            if self._in_all > RETRIEVE_BYTES:
                raise limits.too_large("What the peer sends", self._in_all, RETRIEVE_BYTES)

    def take(self, uid: str | None, arriving: Path) -> TurnedAway | None:
        """Judge and keep the file ``arriving``; returns the reason where it was refused.

        ``uid``: under which the peer announced it; None where it did not.  Raises ``OSError`` (disk full) and
        ``LimitExceeded`` where far more came than was promised.
        """
        with self._lock:
            self._in_object = 0
            refused = self._faults(uid, arriving)
            if refused is None:
                kept = self._keep(arriving)
                self.stored.add(kept.sop_uid)
                self._say({"arrived": wire.to_plain(kept)})
            else:
                arriving.unlink(missing_ok=True)
                self._turned.add(refused.sop_uid)
                self._say({"refused": wire.to_plain(refused)})
                self._surplus += refused.code == "not-asked"
            if self._surplus > SURPLUS or len(self.stored) > OBJECTS:
                raise LimitExceeded("The peer sends far more than it promised.",
                                    "Ask the administrator of the PACS; what belongs to the study is kept.", "limit")
            return refused

    @property
    def heard(self) -> bool:
        """Whether anything came at all."""
        return bool(self.stored or self._turned)

    def close(self) -> None:
        """Tell of everything that was listed and never came."""
        for uid in sorted((self.expected or frozenset()) - self.stored - self._turned):
            self._say({"refused": wire.to_plain(TurnedAway(uid, "not-sent", "The peer did not send it."))})

    def _faults(self, uid: str | None, arriving: Path) -> TurnedAway | None:
        said = uid if uid is not None and is_uid(uid) else ""
        if uid is not None and not said:
            return TurnedAway("", "uid", "The peer calls it by something that is not a UID.")
        try:
            named, study, series, self._image, self._named_id = _names(arriving)
        except FineViewError as error:
            return TurnedAway(said, error.code, error.what)
        except Exception as error:  # pydicom raises whatever its converters raise
            return TurnedAway(said, "damaged", f"It could not be understood ({type(error).__name__}).")
        self._uid = named
        if not is_uid(named):
            return TurnedAway(said, "uid", "It holds no valid SOP instance UID.")
        if uid is not None and named != said:
            return TurnedAway(said, "other-object", "It holds another object than the peer announced.")
        if study != self._wish.study_uid or self._wish.series_uid not in ("", series):
            return TurnedAway(named, "not-asked", "It belongs to another study or series than was asked for.")
        if self.expected is not None and named not in self.expected:
            return TurnedAway(named, "not-asked", "It is none of the objects that the peer had listed.")
        return None

    def _keep(self, arriving: Path) -> Arrived:
        """Move it to its hashed name; other bytes under the same UID are kept beside the first, not over it."""
        size, stranger = arriving.stat().st_size, self._is_stranger()
        target = self._target / f"{hashed_name(self._uid)}.dcm"
        if target.exists():
            content = _content(arriving)
            if content == _content(target):
                arriving.unlink()
                return Arrived(self._uid, str(target), size, True, self._image, stranger)
            target = target.with_name(f"{hashed_name(self._uid)}-{content[:16]}.dcm")
        handle = os.open(arriving, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        arriving.chmod(0o600)
        # Another retrieval of this study that brought nothing takes the empty folder away when it ends.
        self._target.mkdir(mode=0o700, exist_ok=True)
        os.replace(arriving, target)
        return Arrived(self._uid, str(target), size, False, self._image, stranger)

    def _is_stranger(self) -> bool:
        self._patient_id = self._patient_id or self._named_id
        return bool(self._named_id) and self._named_id != self._patient_id


def _names(path: Path) -> tuple[str, str, str, bool, str]:
    """(SOP instance, study, series) UID of the data set, whether it has pixels, and patient ID.

    Raises ``FineViewError``.
    """
    opened = open_dicom(str(path))
    with opened.source:
        if not _whole(opened):
            raise limits.truncated("its pixels end too early")
        one, study, series, patient = (text(opened.dataset, keyword) for keyword in (
            "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID"))
        return one, study, series, opened.structure.pixel_tag is not None, patient


def _whole(opened: OpenFile) -> bool:
    """Whether the pixels end where they say: by their length, or fragment by fragment (PS3.5 A.4)."""
    structure, file = opened.structure, opened.source
    if structure.pixel_tag is None:
        return True
    if structure.pixel_length is not None:
        return structure.pixel_start + structure.pixel_length <= opened.size
    file.seek(structure.pixel_start)
    while len(head := file.read(8)) == 8:
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) != (0xFFFE, 0xE000):
            return (group, element) == (0xFFFE, 0xE0DD)
        file.seek(length, 1)
    return False


def _content(path: Path) -> str:
    """sha256 of syntax and data set: the file's own header names who wrote it, which says nothing of the object."""
    with path.open("rb") as file:
        front = read_front(file)
        file.seek(front.start)
        digest = hashlib.file_digest(file, "sha256")
        digest.update(front.syntax.encode())
        return digest.hexdigest()
