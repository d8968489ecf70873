"""A study that was retrieved from a PACS and lies in the folder for received objects."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReceivedStudy:
    """``folder``: its name, made of a hash.  ``size``: bytes on disk.  ``at``: local time of the newest object.

    The words are those of one of its files; "" where none of them could be read.
    """

    folder: str
    study_uid: str = ""
    patient_name: str = ""
    patient_id: str = ""
    date: str = ""
    description: str = ""
    objects: int = 0
    size: int = 0
    at: str = ""
