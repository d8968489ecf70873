"""Encapsulated documents (PS3.3 A.45, C.24.2): what they are called, and their bytes for who wants to save them.

Nothing here looks into a document, and nothing ever opens one.  Runs in the reading child.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from fineview.core.companion import Reference
from fineview.core.errors import InputProblem
from fineview.formats import limits
from fineview.formats.part10 import open_dicom
from fineview.formats.references import distinct, instances, meaning
from fineview.formats.values import integer, items, text

_SUFFIXES = {"application/pdf": ".pdf", "text/xml": ".xml", "model/stl": ".stl", "model/obj": ".obj",
             "model/mtl": ".mtl"}


def suffix(dataset: Dataset) -> str:
    return _SUFFIXES.get(text(dataset, "MIMETypeOfEncapsulatedDocument").lower(), ".bin")


def title(dataset: Dataset) -> str:
    return text(dataset, "DocumentTitle") or meaning(dataset, "ConceptNameCodeSequence")


def references(dataset: Dataset) -> tuple[Reference, ...]:
    return distinct(instances(items(dataset, "SourceInstanceSequence")))


def words(dataset: Dataset) -> str:
    data = dataset.get_item("EncapsulatedDocument")
    size = len(getattr(data, "value", None) or b"")
    kind = text(dataset, "MIMETypeOfEncapsulatedDocument") or "unknown type"
    return f"{kind}, {limits.in_words(size)}"


def content(path: str) -> bytes:
    """The document's bytes, without DICOM's padding.  Raises ``InputProblem`` where the file holds none."""
    opened = open_dicom(path)
    with opened.source:
        element = opened.dataset.get_item("EncapsulatedDocument")
        data = getattr(element, "value", None)
        if not isinstance(data, bytes) or not data:
            raise InputProblem("The file holds no document.", "Ask its sender for another copy.", "no-document")
        length = integer(opened.dataset, "EncapsulatedDocumentLength")
        if length is not None and len(data) - 1 <= length <= len(data):
            return data[:length]
        return data[:-1] if data.endswith(b"\0") else data
