"""Which eye: from the header, else from an unambiguous word in the file's name, else unknown.  Never from pixels."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal, cast

from pydicom.dataset import Dataset

from fineview.core.study import Eye, Laterality
from fineview.formats.values import Groups, first_item, text

OPHTHALMIC = frozenset({"OP", "OPT", "OPM", "OPV", "OAM", "OCT", "OPTBSV", "OPTENF", "OSS", "IOL", "AR", "LEN", "KER",
                        "SRF", "VA", "OPR"})
_EYE_WORDS: dict[str, Literal["R", "L", "B"]] = {"OD": "R", "OS": "L", "OU": "B"}
_TOKEN = re.compile(r"(?<![A-Za-z])(OD|OS|OU)(?![A-Za-z])", re.IGNORECASE)


def laterality_of(dataset: Dataset, groups: Groups, path: str) -> Laterality:
    """Image before frame before series before anatomy; a value of "U" (unpaired) says that there is no side."""
    said = [text(dataset, "ImageLaterality")]
    said += sorted({text(item, "FrameLaterality") for item in groups.everywhere("FrameAnatomySequence")})[:1]
    said += [text(dataset, "Laterality")]
    anatomy = first_item(dataset, "AnatomicRegionSequence")
    said += [text(anatomy, "FrameLaterality")] if anatomy is not None else []
    for value in said:
        if value in ("R", "L", "B"):
            return Laterality(cast(Eye, value), "header")
        if value == "U":
            return Laterality()
    return from_name(path) if text(dataset, "Modality") in OPHTHALMIC else Laterality()


def from_name(path: str) -> Laterality:
    """OD, OS or OU as a word of the file's own name; two different ones cancel each other."""
    found = {_EYE_WORDS[match.upper()] for match in _TOKEN.findall(PurePath(path).stem)}
    return Laterality(found.pop(), "file-name") if len(found) == 1 else Laterality()
