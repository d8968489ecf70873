"""Codes of the structured report: standard ones where the standard has one that fits, else 99FINEVIEW."""

from __future__ import annotations

import hashlib

from pydicom.sr.coding import Code

from fineview.core.labels import label_for

LOCAL = "99FINEVIEW"
RETINA = Code("5665001", "SCT", "Retina")
SIDES = {"R": Code("24028007", "SCT", "Right"), "L": Code("7771000", "SCT", "Left"),
         "B": Code("51440002", "SCT", "Right and left")}
IMAGING = Code("363679005", "SCT", "Imaging procedure")
CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
PERCENT = Code("%", "UCUM", "Percent")
COMMENT = Code("121106", "DCM", "Comment")
DECISION = Code("decision", LOCAL, "Decision of the reader")
SCALE = Code("scale-source", LOCAL, "Source of the scale")
EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
_IMAGE = "1.2.840.10008.5.1.4.1.1."
# IODs that may hold several frames: a reference to one of them names its frame (PS3.3 10.3, Referenced Frame Number).
MULTIFRAME = frozenset(_IMAGE + tail for tail in (
    "2.1", "2.2", "3.1", "4.1", "4.3", "4.4", "7.1", "7.2", "7.3", "7.4", "12.1", "12.1.1", "12.2", "12.2.1",
    "13.1.1", "13.1.2", "13.1.3", "14.1", "14.2", "20", "30", "66.4", "77.1.1.1", "77.1.2.1", "77.1.4.1", "77.1.5.1",
    "77.1.5.2", "77.1.5.4", "77.1.5.5", "77.1.5.6", "77.1.5.8", "77.1.6", "128.1", "130", "481.1", "481.2"))
_NAMES = {"area": Code("42798000", "SCT", "Area"), "length": Code("410668003", "SCT", "Length"),
          "width": Code("103355008", "SCT", "Width"), "height": Code("121207", "DCM", "Height"),
          "distance": Code("121206", "DCM", "Distance"), "angle": Code("1483009", "SCT", "Angle"),
          "perimeter": Code("131191004", "SCT", "Perimeter")}
_UNITS = {"mm": Code("mm", "UCUM", "millimeter"), "um": Code("um", "UCUM", "micrometer"),
          "mm2": Code("mm2", "UCUM", "square millimeter"), "px": Code("{pixels}", "UCUM", "pixels"),
          "px2": Code("{pixels}", "UCUM", "pixels"), "deg": Code("deg", "UCUM", "degrees of plane angle"),
          "": Code("1", "UCUM", "no units")}


def local(value: str, meaning: str) -> Code:
    """A 99FINEVIEW code; values longer than the 16 characters of SH are named by a hash of themselves."""
    short = value if len(value) <= 16 else hashlib.sha256(value.encode()).hexdigest()[:16]
    return Code(short, LOCAL, (meaning or value)[:64])


def finding_code(word: str) -> Code:
    """SNOMED CT for the labels that have one, a local code for the others and for the person's own words."""
    try:
        label = label_for(word)
    except KeyError:
        return local(word.strip().lower().replace(" ", "_") or "finding", word.strip() or "Finding")
    return Code(label.sct, "SCT", label.title) if label.sct else local(label.word, label.title)


def is_retinal(word: str) -> bool:
    """The model's labels are things of the retina; of a person's own words nothing is known."""
    try:
        return label_for(word).domain in ("fundus", "oct")
    except KeyError:
        return False


def measurement_code(name: str) -> Code:
    return _NAMES.get(name.strip().lower()) or local(name.strip().lower().replace(" ", "_"), name)


def unit_code(unit: str) -> Code:
    plain = unit.replace("\u00b2", "2").replace("\u00b5", "u").replace("\u03bc", "u")
    return _UNITS.get(plain) or Code(f"{{{plain}}}"[:16], "UCUM", unit[:64])
