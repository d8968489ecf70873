"""One door for every word a person reads, so that a translation file finds them all in one context."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from fineview.core.study import Laterality


def tr(text: str) -> str:
    """The translation of ``text`` in context ``fineview``; the text itself where no translator is installed."""
    return QCoreApplication.translate("fineview", text)


def person_name(dicom_name: str) -> str:
    """A DICOM person name (PS3.5 6.2, ``Family^Given^Middle^Prefix^Suffix``) as people write it."""
    family, *rest = (part.strip() for part in dicom_name.split("=")[0].split("^"))
    return ", ".join(part for part in (family, " ".join(word for word in rest if word)) if part)


def date_words(da: str) -> str:
    """A DICOM DA (YYYYMMDD) as 2026-03-04; other text unchanged, "" stays ""."""
    return f"{da[:4]}-{da[4:6]}-{da[6:8]}" if len(da) == 8 and da.isdigit() else da


def side_words(told: Laterality) -> str:
    """OD, OS, OU of eyes; nothing where nothing that comes in pairs is shown."""
    eye = {"R": "OD", "L": "OS", "B": "OU"}.get(told.value or "") if told.organ == "eye" else None
    return eye or (tr(told.words) if told.value or told.missing else "")


def plain(text: str) -> str:
    """``text`` safe inside a label that understands markup: words from files and models never become markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
