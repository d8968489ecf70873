"""Series of slices and multi-frame files with places of one's choice, written with pydicom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.formats.made import as_bytes, image

Numbers = Sequence[float]
AXIAL = (1, 0, 0, 0, 1, 0)


def write_slices(folder: Path, corners: Sequence[Numbers], directions: Numbers = AXIAL, spacing: Numbers = (2, 3),
                 modality: str = "CT") -> None:
    """4 x 6 pixel slices; the first pixel of slice k has the value 100 k."""
    kind = uid.CTImageStorage if modality == "CT" else uid.MRImageStorage
    for number, corner in enumerate(corners):
        pixels = (np.arange(24, dtype="<u2") + 100 * number).tobytes()
        made = image(sop=f"1.2.3.4.{number + 1}", Modality=modality, SOPClassUID=kind, InstanceNumber=number + 1,
                     ImagePositionPatient=list(corner), ImageOrientationPatient=list(directions),
                     PixelSpacing=list(spacing), PixelData=pixels)
        (folder / f"{number:03}").write_bytes(as_bytes(made))


def enhanced(frames: Sequence[tuple[Numbers, Numbers, Numbers]]) -> Dataset:
    """An enhanced MR image; each frame has its own position, directions and spacing (PS3.3 A.36.2)."""
    groups = []
    for number, (corner, directions, spacing) in enumerate(frames):
        group = Dataset()
        for name, values in (("PlanePositionSequence", {"ImagePositionPatient": list(corner)}),
                             ("PlaneOrientationSequence", {"ImageOrientationPatient": list(directions)}),
                             ("PixelMeasuresSequence", {"PixelSpacing": list(spacing), "SliceThickness": 1}),
                             ("FrameContentSequence", {"DimensionIndexValues": [1, number + 1]})):
            item = Dataset()
            for keyword, value in values.items():
                setattr(item, keyword, value)
            setattr(group, name, Items([item]))
        groups.append(group)
    pixels = np.arange(24 * len(frames), dtype="<u2").tobytes()
    return image(SOPClassUID=uid.EnhancedMRImageStorage, NumberOfFrames=len(frames), PixelData=pixels,
                 SharedFunctionalGroupsSequence=Items([Dataset()]),
                 PerFrameFunctionalGroupsSequence=Items(groups))
