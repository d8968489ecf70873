"""What kind of companion a data set is, and what its header says of it.  Runs in the reading child.

A new kind is a new file and one row in ``_READERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID

from fineview.core.companion import Companion, CompanionKind, Reference
from fineview.formats import (
    documents,
    gsps_read,
    oct_objects,
    overlay_planes,
    pmap_read,
    rtstruct_read,
    seg_read,
    sr_text,
)
from fineview.formats.references import distinct, instances, of_series
from fineview.formats.sr_tree import tree_of
from fineview.formats.values import items, text

_STORAGE = "1.2.840.10008.5.1.4.1.1."
Facts = dict[str, Any]


def companion_of(dataset: Dataset, path: str, sop_class: str, patient_key: tuple[str, ...],
                 pictured: bool) -> Companion | None:
    """What an object is; of an image (``pictured``) only where something is to be laid over one.

    A content that cannot be understood costs its text and nothing else: the object stays listed.
    """
    kind, reader = _kind_of(sop_class)
    if pictured and reader is None:
        return _planes(dataset, path, sop_class, patient_key)
    known: Facts = {"sop_uid": text(dataset, "SOPInstanceUID"), "sop_class_uid": sop_class,
                    "study_uid": text(dataset, "StudyInstanceUID"), "patient_key": patient_key,
                    "frame_of_reference_uid": text(dataset, "FrameOfReferenceUID")}
    try:
        known |= (reader or _other)(dataset)
    except Exception as error:
        known["note"] = f"Its content could not be understood ({type(error).__name__})."
    if kind == "other" and class_words(sop_class).endswith("Image"):
        known["note"] = "The file holds no pixels."
    named = known.pop("title", "") or text(dataset, "SeriesDescription") or text(dataset, "ContentLabel")
    return Companion(path, kind, named or class_words(sop_class), **known)


def class_words(sop_class: str) -> str:
    """The SOP class in words, its UID where it has none."""
    name = UID(sop_class).name if sop_class else ""
    return name.removesuffix(" Storage") or "DICOM object"


def _kind_of(sop_class: str) -> tuple[CompanionKind, Callable[[Dataset], Facts] | None]:
    tail = sop_class.removeprefix(_STORAGE) if sop_class.startswith(_STORAGE) else ""
    if tail in _READERS:
        return _READERS[tail]
    if tail.startswith("88."):
        return "report", _report
    if tail.startswith("11."):
        return "presentation", _presentation
    return ("document", _document) if tail.startswith("104.") else ("other", None)


def _planes(dataset: Dataset, path: str, sop_class: str, patient_key: tuple[str, ...]) -> Companion | None:
    parts = overlay_planes.planes(dataset)
    if not parts:
        return None
    uid = text(dataset, "SOPInstanceUID")
    count = f"{len(parts)} overlay plane{'s' if len(parts) > 1 else ''}"
    lines = "\n".join(f"{one.name}{f': {one.words}' if one.words else ''}" for one in parts)
    return Companion(path, "overlay-planes", count, uid, sop_class, text(dataset, "StudyInstanceUID"), patient_key,
                     text=lines, refers_to=(Reference(uid),) if uid else (), parts=parts)


def _segmentation(dataset: Dataset) -> Facts:
    parts = seg_read.segments(dataset)
    return {"title": text(dataset, "ContentLabel") or text(dataset, "SeriesDescription"), "parts": parts,
            "text": seg_read.words(dataset, parts), "refers_to": seg_read.references(dataset)}


def _presentation(dataset: Dataset) -> Facts:
    parts = gsps_read.layers(dataset)
    return {"title": text(dataset, "ContentLabel"), "parts": parts, "text": gsps_read.words(dataset, parts),
            "refers_to": gsps_read.references(dataset)}


def _structures(dataset: Dataset) -> Facts:
    parts = rtstruct_read.regions(dataset)
    return {"title": text(dataset, "StructureSetLabel") or text(dataset, "StructureSetName"), "parts": parts,
            "text": rtstruct_read.words(parts), "refers_to": rtstruct_read.references(dataset),
            "frame_of_reference_uid": rtstruct_read.frames_of_reference(dataset)}


def _report(dataset: Dataset) -> Facts:
    root, cut = tree_of(dataset)
    told = [sr_text.state(dataset), text(dataset, "ContentDate"), sr_text.words(root, cut)]
    return {"title": root.concept, "text": "\n".join(line for line in told if line),
            "refers_to": sr_text.references(dataset, root)}


def _key_objects(dataset: Dataset) -> Facts:
    root, cut = tree_of(dataset)
    return {"title": root.concept or "Key objects", "text": sr_text.words(root, cut),
            "refers_to": sr_text.references(dataset, root)}


def _parametric_map(dataset: Dataset) -> Facts:
    title, words = pmap_read.words(dataset)
    return {"title": title, "text": words, "refers_to": distinct(of_series(dataset))}


def _document(dataset: Dataset) -> Facts:
    return {"title": documents.title(dataset), "text": documents.words(dataset),
            "refers_to": documents.references(dataset), "suffix": documents.suffix(dataset)}


def _dose(dataset: Dataset) -> Facts:
    said = (text(dataset, f"Dose{word}").lower() for word in ("Type", "SummationType", "Units"))
    return {"title": "RT dose", "text": ", ".join(word for word in said if word),
            "refers_to": distinct([*instances(items(dataset, "ReferencedRTPlanSequence")),
                                   *instances(items(dataset, "ReferencedStructureSetSequence"))])}


def _plan(dataset: Dataset) -> Facts:
    beams = items(dataset, "BeamSequence") or items(dataset, "IonBeamSequence")
    lines = [text(dataset, "RTPlanName"), text(dataset, "RTPlanDescription"), text(dataset, "RTPlanGeometry").lower()]
    lines += [f"beam {text(one, 'BeamNumber')} {text(one, 'BeamName')} {text(one, 'RadiationType').lower()}".rstrip()
              for one in beams[:200]]
    return {"title": text(dataset, "RTPlanLabel") or "RT plan", "text": "\n".join(line for line in lines if line),
            "refers_to": distinct([*instances(items(dataset, "ReferencedStructureSetSequence")),
                                   *instances(items(dataset, "ReferencedDoseSequence"))])}


def _other(dataset: Dataset) -> Facts:
    return {"text": class_words(text(dataset, "SOPClassUID")), "refers_to": distinct(
        [*of_series(dataset), *instances(items(dataset, "ReferencedImageSequence"))])}


_READERS: dict[str, tuple[CompanionKind, Callable[[Dataset], Facts]]] = {
    "66.4": ("segmentation", _segmentation), "66.7": ("segmentation", _segmentation),
    "481.3": ("structures", _structures), "481.2": ("dose", _dose), "481.5": ("plan", _plan), "481.8": ("plan", _plan),
    "77.1.5.8": ("analysis", oct_objects.analysis), "77.1.5.3": ("other", oct_objects.stereometric),
    "88.59": ("key-objects", _key_objects), "30": ("parametric-map", _parametric_map)}
