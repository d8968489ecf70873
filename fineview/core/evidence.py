"""What the encoder says about one frame, with the name and hash of the weights that said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box
from fineview.core.study import FrameKey

DomainVerdict = Literal["in", "out", "unknown"]
FusionState = Literal["none", "untrained", "trained"]


class Method(StrEnum):
    """Ways to turn one encoding into one heat map (words of the command line)."""

    RAW = "raw"
    DAR = "dar"
    DAR_INLINE = "dar-inline"
    REL_ATT = "rel-att"
    GRAD_ATT = "grad-att"
    PURE_GRAD = "pure-grad"
    RANDOM = "random"  # the control: a map that knows nothing, on the same grid


class Task(StrEnum):
    """Chooses the pyramid scale: lesion 1/4, inspection 1/8, scene 1/16, remote 1/16 and 1/4."""

    LESION = "lesion"
    INSPECTION = "inspection"
    REMOTE = "remote"
    SCENE = "scene"


TASK_SCALES: Mapping[Task, tuple[int, ...]] = {
    Task.LESION: (4,), Task.INSPECTION: (8,), Task.SCENE: (16,), Task.REMOTE: (16, 4)}


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Who speaks.  ``sha256`` is the full hex digest of the weight file; people are shown its first eight digits.

    ``heads_trained``: it has lesion heads of its own, so that it may be asked about lesions; without, it shows maps.
    ``has_fusion``: it joins two networks; without, ``fusion_trained`` is False, since what is not there is not trained.
    ``calibration``: digits of how its scores are calibrated, "" where nothing is; a mark made before is still its own,
    so two identities that differ in it alone are equal.
    """

    name: str
    version: str
    sha256: str
    trained: bool = True
    fusion_trained: bool = True
    heads_trained: bool = True
    has_fusion: bool = True
    calibration: str = field(default="", compare=False)

    @property
    def short(self) -> str:
        return f"{self.name} {self.sha256[:8]}"

    @property
    def fusion(self) -> FusionState:
        """One word for both flags; only "untrained" is something to warn of."""
        return fusion_state(self.has_fusion, self.fusion_trained)


def fusion_state(has_fusion: bool, trained: bool) -> FusionState:
    return "none" if not has_fusion else "trained" if trained else "untrained"


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """One encoder at hand, before it is loaded.  ``name`` is what ``--encoder`` takes and what a menu shows.

    ``kind``: "retina" for one of our own with lesion heads, else the family ("clip", "convnext", "fila", ...).
    ``path``: its folder.  ``words``: what a person must know before choosing it ("untrained fusion", "maps only").
    ``calibration``: as an identity has it.
    """

    name: str
    version: str
    sha256: str
    licence: str
    kind: str
    trained: bool
    fusion_trained: bool
    path: str
    words: str
    has_fusion: bool
    calibration: str = ""

    @property
    def fusion(self) -> FusionState:
        return fusion_state(self.has_fusion, self.fusion_trained)


@dataclass(frozen=True, slots=True)
class DarSettings:
    """Dynamic attention redistribution, map mode: gain under the edge mask, percentile that scales the mask.

    ``percentile`` None: the edge measure's own (95 for Laplacians, as in the document, 99 for spots).
    ``adaptive``: gain and percentile are chosen for the map by an entropy bound (:mod:`imaging.dar_adaptive`), and the
    two numbers here are not used.
    """

    gain: float = 2.0
    percentile: float | None = None
    edges: Literal["auto", "laplacian", "denoised", "tophat", "dark", "bright"] = "auto"
    adaptive: bool = False


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class HeatMap:
    """float32 (rows, cols) in [0, 1] on the source grid of ``frame``.

    ``note``: how this map was made where the method leaves a choice ("gain 4, percentile 98, chosen by entropy").
    """

    frame: FrameKey
    method: Method
    layer: str
    text: str | None
    values: NDArray[np.float32]
    model: ModelIdentity
    normalisation: str = ""
    stride_px: tuple[float, float] = (1.0, 1.0)
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class WordMap:
    """Where a model looked for one word of a question, or while it said one word of an answer.

    ``cells`` float32 (h, w), in [0, 1], over the rectangle ``box`` in source pixels; outside it the model saw nothing.
    ``start``, ``end``: the word is ``text[start:end]``.  ``layer`` and ``normalisation`` say how the map was made.
    """

    word: str
    start: int
    end: int
    cells: NDArray[np.float32]
    box: Box
    layer: str
    normalisation: str


@dataclass(frozen=True, slots=True, eq=False)
class ModelsEye:
    """What the encoder really saw of one frame.

    ``canvas`` uint8 (H, W, 3), the resized input of the fine branch; ``picture`` where the frame lies on it;
    ``tiles`` the boxes the ViT was shown one by one; ``whole`` uint8 (h, w, 3), the global view, or None.
    ``words`` says the sizes: "336 px tiles, whole picture at 1536 x 1024".
    """

    canvas: NDArray[np.uint8]
    picture: Box
    tiles: tuple[Box, ...]
    whole: NDArray[np.uint8] | None
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class PyramidLevel:
    """One MFP level: float16 (C, h, w), the 1/``scale`` grid of the encoder's own input, cut to the placed image.

    ``stride_px``: source pixels (y, x) that one cell covers, so that an upsampled map is not mistaken for a fine one.
    ``origin_px``: source (y, x) of the corner of cell (0, 0); may be slightly negative where padding shares a cell.
    """

    scale: int
    values: NDArray[np.float16]
    stride_px: tuple[float, float]
    origin_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One suggested lesion.  ``score`` is a calibrated probability; ``contour`` in source pixels where known."""

    label: str
    score: float
    box: Box
    area_px: float
    area_mm2: float | None = None
    contour: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Analysis:
    """Everything known about one frame after one encoding.

    ``lesions``: label -> float16 (rows, cols), calibrated probability per source pixel.
    ``layers``: name -> float32 (cols,), row in source pixels or NaN where the model cannot tell (OCT only).
    ``seconds``: stage -> seconds.  ``notes``: sentences for the person ("GPU out of memory, used the CPU").
    """

    frame: FrameKey
    content_key: str
    rows: int
    cols: int
    model: ModelIdentity
    domain: DomainVerdict
    domain_scores: Mapping[str, float]
    anatomy: Literal["fundus", "oct", "other"]
    lesions: Mapping[str, NDArray[np.float16]]
    layers: Mapping[str, NDArray[np.float32]]
    pyramid: tuple[PyramidLevel, ...]
    proposals: tuple[Proposal, ...]
    device: str
    dtype: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
