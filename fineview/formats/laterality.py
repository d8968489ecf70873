"""Which eye: from the header, else from an unambiguous word in the file's name, else unknown.  Never from pixels."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal, cast

from pydicom.dataset import Dataset

from fineview.core.study import Eye, Laterality, Organ
from fineview.formats.values import Groups, first_item, text

OPHTHALMIC = frozenset({"OP", "OPT", "OPM", "OPV", "OAM", "OCT", "OPTBSV", "OPTENF", "OSS", "IOL", "AR", "LEN", "KER",
                        "SRF", "VA", "OPR"})
# Modalities that show cross-sections or the whole body: a side matters where a paired body part is named.
_WHOLE = frozenset({"CT", "MR", "PT", "NM", "XA", "RF", "US", "CR", "DX", "IVUS", "ECG", "BMD", "RTIMAGE", "RTDOSE",
                    "SM", "GM"})
# Body Part Examined (0018,0015) of what there are two of (PS3.16 Annex L, table L-1: paired structures).
_PAIRED = frozenset({
    "ANKLE", "ARM", "AXILLA", "BREAST", "CALCANEUS", "CALF", "CAROTID", "CLAVICLE", "EAR", "ELBOW", "EXTREMITY", "EYE",
    "FEMUR", "FIBULA", "FINGER", "FOOT", "FOREARM", "HAND", "HEEL", "HIP", "HUMERUS", "IAC", "KIDNEY", "KNEE", "LEG",
    "ORBIT", "OVARY", "PATELLA", "RADIUS", "RIB", "SCAPULA", "SHOULDER", "TESTIS", "THIGH", "THUMB", "TIBIA", "TOE",
    "ULNA", "UPPERARM", "WRIST", "ZYGOMA"})
_EYE_WORDS: dict[str, Literal["R", "L", "B"]] = {"OD": "R", "OS": "L", "OU": "B"}
_TOKEN = re.compile(r"(?<![A-Za-z])(OD|OS|OU)(?![A-Za-z])", re.IGNORECASE)


def laterality_of(dataset: Dataset, groups: Groups, path: str) -> Laterality:
    """Image before frame before series before anatomy; a value of "U" (unpaired) says that there is no side."""
    organ = organ_of(dataset)
    said = [text(dataset, "ImageLaterality")]
    said += sorted({text(item, "FrameLaterality") for item in groups.everywhere("FrameAnatomySequence")})[:1]
    said += [text(dataset, "Laterality")]
    anatomy = first_item(dataset, "AnatomicRegionSequence")
    said += [text(anatomy, "FrameLaterality")] if anatomy is not None else []
    for value in said:
        if value in ("R", "L", "B"):
            return Laterality(cast(Eye, value), "header", organ)
        if value == "U":
            return Laterality(organ="other" if organ != "eye" else organ)
    return from_name(path) if text(dataset, "Modality") in OPHTHALMIC else Laterality(organ=organ)


def organ_of(dataset: Dataset) -> Organ:
    """From modality and body part as the file names them; of a modality that says nothing an eye is not ruled out."""
    modality, part = text(dataset, "Modality"), text(dataset, "BodyPartExamined").upper()
    if modality in OPHTHALMIC or part in ("EYE", "ORBIT"):
        return "eye"
    if modality == "MG" or part in _PAIRED:
        return "paired"
    return "other" if modality in _WHOLE or part else "eye"


def from_name(path: str) -> Laterality:
    """OD, OS or OU as a word of the file's own name; two different ones cancel each other."""
    found = {_EYE_WORDS[match.upper()] for match in _TOKEN.findall(PurePath(path).stem)}
    return Laterality(found.pop(), "file-name") if len(found) == 1 else Laterality()
