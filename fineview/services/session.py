"""The only mutable object: what is open, what is known, what was wished.  Lives on the GUI thread.

Everything it holds is a frozen value that is replaced, never changed.  Whoever changes it calls ``pulse`` once; the
listeners then take a fresh ``snapshot``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import Analysis, HeatMap
from fineview.core.finding import Finding
from fineview.core.image import Raster
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series, Study
from fineview.services.wishes import OverlayWishes, Tool, ViewWishes


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: ``level`` info, warning or error; shown where it happened until dismissed."""

    id: int
    level: str
    what: str
    remedy: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One running job: ``lane``, words, and how far (``total`` 0: unknown).  ``started`` in monotonic seconds."""

    lane: str
    words: str
    done: float = 0.0
    total: float = 0.0
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Streaming:
    """An answer on its way."""

    question: Question
    text: str = ""


class RasterCache:
    """Decoded frames within a byte budget; the least recently looked at goes first."""

    def __init__(self, budget_bytes: int = 2 * 1024**3) -> None:
        self._budget = budget_bytes
        self._frames: OrderedDict[FrameKey, Raster] = OrderedDict()
        self._bytes = 0

    def get(self, key: FrameKey) -> Raster | None:
        raster = self._frames.get(key)
        if raster is not None:
            self._frames.move_to_end(key)
        return raster

    def put(self, key: FrameKey, raster: Raster) -> None:
        old = self._frames.pop(key, None)
        self._bytes += raster.pixels.nbytes - (old.pixels.nbytes if old else 0)
        self._frames[key] = raster
        while self._bytes > self._budget and len(self._frames) > 1:
            _, dropped = self._frames.popitem(last=False)
            self._bytes -= dropped.pixels.nbytes

    def clear(self) -> None:
        self._frames.clear()
        self._bytes = 0

    def __contains__(self, key: FrameKey) -> bool:
        return key in self._frames


@dataclass
class Session:
    """See the module.  ``answers`` and ``findings`` are those of the open study."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    study: Study | None = None
    series: Series | None = None
    index: int = 0
    view: ViewWishes = field(default_factory=ViewWishes)
    overlay: OverlayWishes = field(default_factory=OverlayWishes)
    overlays_hidden: bool = False
    tool: Tool = "window"
    findings: tuple[Finding, ...] = ()
    selected: str | None = None
    answers: tuple[Answer, ...] = ()
    streaming: Streaming | None = None
    rasters: RasterCache = field(default_factory=RasterCache)
    thumbnails: dict[str, Raster] = field(default_factory=dict)
    analyses: dict[FrameKey, Analysis] = field(default_factory=dict)
    heat: dict[tuple[object, ...], HeatMap] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    frame_problem: dict[FrameKey, Notice] = field(default_factory=dict)
    author: str = ""
    saved_at: str = ""
    read_only: bool = False
    undo_name: str = ""
    redo_name: str = ""
    reviewed_patients: int = 0
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _notice_ids: int = 0

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change; returns its own undo."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def pulse(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    @property
    def frame_key(self) -> FrameKey | None:
        return FrameKey(self.series.uid, self.index) if self.series and self.series.frames else None

    @property
    def frame(self) -> FrameInfo | None:
        return self.series.frames[self.index] if self.series and self.series.frames else None

    @property
    def raster(self) -> Raster | None:
        key = self.frame_key
        return self.rasters.get(key) if key else None

    @property
    def selected_finding(self) -> Finding | None:
        return next((f for f in self.findings if f.id == self.selected), None)

    def tell(self, level: str, what: str, remedy: str = "", code: str = "") -> None:
        """Add a notice; the same sentence twice in a row is shown once."""
        if self.notices and self.notices[-1].what == what:
            return
        self._notice_ids += 1
        self.notices = (*self.notices[-4:], Notice(self._notice_ids, level, what, remedy, code))

    def dismiss(self, notice_id: int) -> None:
        self.notices = tuple(n for n in self.notices if n.id != notice_id)
