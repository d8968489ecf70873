"""What the person asked to see, as frozen values.  Facts are elsewhere; ``snapshot`` brings the two together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fineview.core.evidence import DarSettings, Task
from fineview.core.image import Window
from fineview.core.orientation import ViewTransform

OverlayKind = Literal["none", "raw", "dar", "mfp", "lesion"]
ColourMap = Literal["viridis", "cividis", "inferno"]
Tool = Literal["window", "pan", "zoom", "box", "ellipse", "polygon", "freehand", "point", "length"]


@dataclass(frozen=True, slots=True)
class ViewWishes:
    """``window`` None: the file's own window.  ``true_aspect``: pixels drawn by their spacing, else square."""

    window: Window | None = None
    inverted: bool = False
    transform: ViewTransform = ViewTransform()
    true_aspect: bool = True


@dataclass(frozen=True, slots=True)
class OverlayWishes:
    """``mfp_mode``: "energy", "pca" or a channel number.  ``lesion_label`` None: the strongest of all lesion labels.

    ``text``: the words whose attention row is shown; None: the general row.
    """

    kind: OverlayKind = "none"
    task: Task = Task.LESION
    mfp_scale: int = 4
    mfp_mode: str = "energy"
    lesion_label: str | None = None
    text: str | None = None
    opacity: float = 0.6
    colour_map: ColourMap = "viridis"
    threshold: float = 0.15
    smooth: bool = True
    dar: DarSettings = field(default_factory=DarSettings)
    suggestions: bool = True
