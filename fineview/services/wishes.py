"""What the person asked to see, as frozen values.  Facts are elsewhere; ``snapshot`` brings the two together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from fineview.core.evidence import DarSettings, Method, Task
from fineview.core.image import Window
from fineview.core.orientation import ViewTransform

# "none", "mfp", "lesion", "word", or a word of ``Method``: what lies over the picture is chosen in one place.
OverlayKind = str
WORD = "word"  # the map of one word that a language model said
# What stands beside the picture: nothing, the same picture under the other overlay, or what the encoder saw of it.
Beside = Literal["none", "overlay", "eye"]
ColourMap = Literal["viridis", "cividis", "inferno"]
Tool = Literal["window", "pan", "zoom", "box", "ellipse", "polygon", "freehand", "point", "length", "angle"]


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

    ``mfp_with``: a second, finer pyramid scale shown together with ``mfp_scale``; 0: none.
    ``balance``: how much of the text's row is mixed into one level's energy, 0 (vision alone) to 1 (text alone).
    ``text``: the words whose attention row is shown; None: the general row.
    ``word``: whose map a "word" overlay is: the id of the question, and where the word begins in the answer.
    ``lines``: layer lines that the file itself holds.
    ``encoder``: the name of whose maps are shown; "": the one the application was started with.
    """

    kind: OverlayKind = "none"
    encoder: str = ""
    task: Task = Task.LESION
    mfp_scale: int = 4
    mfp_with: int = 0
    mfp_mode: str = "energy"
    balance: float = 0.0
    lesion_label: str | None = None
    text: str | None = None
    word: tuple[str, int] | None = None
    opacity: float = 0.6
    colour_map: ColourMap = "viridis"
    threshold: float = 0.15
    smooth: bool = True
    dar: DarSettings = field(default_factory=DarSettings)
    suggestions: bool = True
    lines: bool = True

    @property
    def method(self) -> Method | None:
        """The heat map's method; None where the overlay is none, or another kind of one."""
        return Method(self.kind) if self.kind in _METHODS else None

    @property
    def needs_row(self) -> bool:
        """Whether a map of the words is needed: a heat map's own, or the one a pyramid level is balanced with."""
        balanced = self.kind == "mfp" and self.mfp_mode == "energy" and not self.mfp_with and self.balance > 0
        return self.method is not None or balanced

    def choice(self) -> tuple[object, ...]:
        """What makes two overlays two, and not one that was tuned: the eye wants to compare these."""
        scales = (self.mfp_scale, self.mfp_with) if self.kind == "mfp" else (0, 0)
        said = self.word if self.kind == WORD else None
        return (self.kind, self.encoder, *scales, self.text, self.lesion_label, said)

    def dressed_as(self, other: OverlayWishes) -> OverlayWishes:
        """This overlay with the opacity, colours and threshold of ``other``, so that only the map differs."""
        return replace(self, opacity=other.opacity, colour_map=other.colour_map, threshold=other.threshold,
                       smooth=other.smooth, suggestions=other.suggestions, task=other.task)


_METHODS = frozenset(method.value for method in Method)
