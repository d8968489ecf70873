"""What a reader of an instrument's own files tells of one, before any pixel is decoded.

Such a file may hold several recordings: the volumes of both eyes, and for each the picture of the fundus on which its
B-scans were placed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fineview.core.device import Device
from fineview.core.layers import LayerLine
from fineview.core.study import FrameInfo, Laterality, Patient


@dataclass(frozen=True, slots=True)
class Recording:
    """One series of pictures in a file.

    ``modality``: "OPT" for B-scans, "OP" for a photograph or localizer (PS3.3 C.7.3.1.1.1).  ``frames``: each with its
    own ``spacing`` and what vouches for it; ``frame_in_file`` counts through all recordings of the file.  ``stamp``:
    words that tell this frame from any other in the world and stay when the file is written anew (when and where it
    was scanned, numbers of the clinic's data base); only a hash of them is kept.  Where a reader gives none, the frame
    is known by the content of the whole file.
    ``localizer``: number of the recording, among those of the file, that the ``scan_line`` of the frames lies on.
    ``study_uid``, ``series_uid``: as the file gives them, "" where it does not.  ``date``, ``time``: DICOM DA and TM.
    ``files``: other files that hold its pixels; they are not opened once more as pictures of their own.
    """

    modality: str
    frames: tuple[FrameInfo, ...]
    patient: Patient = Patient()
    study_uid: str = ""
    series_uid: str = ""
    date: str = ""
    time: str = ""
    description: str = ""
    laterality: Laterality = Laterality()
    localizer: int | None = None
    bits: int = 8
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    device: Device = Device()


class InstrumentReader(Protocol):
    """Reads the files of one instrument.  Runs in a limited child process: it may be slow, it may die."""

    def claims(self, head: bytes, path: Path) -> bool:
        """Whether this reader knows such a file, by its first 512 bytes rather than its name.  Must not raise."""
        ...

    def recordings(self, path: Path) -> tuple[Recording, ...]:
        """Raises ``InputProblem`` where the file is damaged."""
        ...

    def pixels(self, path: Path, frame: int) -> NDArray[np.generic]:
        """(H, W) of a real dtype, or (H, W, 3) uint8 RGB, of the frame with that ``frame_in_file``."""
        ...

    def layers(self, path: Path, frame: int) -> tuple[LayerLine, ...]:
        """Boundaries that the file itself holds for this frame."""
        ...


@dataclass(frozen=True, slots=True)
class GuestReader:
    """A plugin's reader, in words: nothing of it is imported but in a child process of its own.

    ``name``: of the plugin, as the person knows it.  ``folder``: goes in front of ``sys.path``.
    ``reader``: "module:Class", called without arguments; what comes fits ``InstrumentReader``.
    """

    name: str
    folder: str
    reader: str
