"""The only mutable object: what is open, what is known, what was wished.  Lives on the GUI thread.

Everything it holds is a frozen value that is replaced, never changed.  Whoever changes it calls ``pulse`` once; the
listeners then take a fresh ``snapshot``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fineview.core.companion import Drawing
from fineview.core.dialogue import Answer, Question, Speaker
from fineview.core.evidence import Analysis, EncoderEntry, HeatMap, Method, ModelIdentity, WordMap
from fineview.core.finding import Finding
from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerLine
from fineview.core.measured import StoredResult
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series, Study
from fineview.services.byte_cache import ByteCache as ByteCache
from fineview.services.companion_index import CompanionIndex, CompanionWishes, index_of
from fineview.services.eye import EyeView
from fineview.services.panes import Pane, Panes, SeriesFrame
from fineview.services.plane_view import PlanesView
from fineview.services.thickness_state import ThicknessState
from fineview.services.wishes import Beside, OverlayWishes, Tool, ViewWishes


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
    """An answer on its way.

    ``doing``: what is done before the first word.  ``model``, ``words``, ``closer``: who speaks, the maps of the words
    so far and the part it chose to look at closer, where a language model answers.
    """

    question: Question
    text: str = ""
    doing: str = ""
    model: ModelIdentity | None = None
    words: tuple[WordMap, ...] = ()
    closer: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """The maps of the words a language model said in answer to a question; kept while the study is open."""

    question: Question
    model: ModelIdentity
    words: tuple[WordMap, ...]

    @property
    def nbytes(self) -> int:
        return sum(one.cells.nbytes for one in self.words)


@dataclass(frozen=True, slots=True)
class Pointed:
    """A part of a question's frame that is shown on the picture, with whose it is: no mark of anybody's."""

    question: Question
    box: Box
    words: str


@dataclass(frozen=True, slots=True)
class LeftStudy:
    """What the session said of a study of the open catalogue when another one was turned to.

    ``person``: key of its patient; copied files may give one study UID to two people.
    """

    person: tuple[str, ...]
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]
    undo_name: str = ""
    redo_name: str = ""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What is known of an encoder once it was loaded: who it is, and the heat maps it can make."""

    identity: ModelIdentity
    methods: tuple[Method, ...]


def _rasters() -> ByteCache[FrameKey, Raster]:
    return ByteCache(lambda raster: raster.pixels.nbytes, 1024**3)


def _lines() -> ByteCache[FrameKey, tuple[LayerLine, ...]]:
    return ByteCache(lambda lines: sum(line.row_px.nbytes for line in lines), 64 * 1024**2)


def _analyses() -> ByteCache[tuple[FrameKey, str], Analysis]:
    return ByteCache(lambda one: sum(values.nbytes for values in one.lesions.values())
                     + sum(level.values.nbytes for level in one.pyramid), 512 * 1024**2)


def _spoken() -> ByteCache[str, Spoken]:
    return ByteCache(lambda one: one.nbytes, 64 * 1024**2)


def _heat() -> ByteCache[tuple[object, ...], HeatMap]:
    return ByteCache(lambda heat: heat.values.nbytes, 256 * 1024**2)


def _drawings() -> ByteCache[tuple[str, FrameKey], Drawing]:
    return ByteCache(lambda drawing: drawing.nbytes, 128 * 1024**2)


@dataclass
class Session:
    """See the module.  ``answers`` and ``findings`` are those of the open study; ``left``: of the catalogue's others.

    ``openings``: how often something else was opened, or everything closed.

    ``analyses`` and ``heat`` are kept by frame and by encoder, so that no encoder ever shows another one's maps.
    ``encoder_wanted``: chosen, and on its way; until it is there everything stays with the old one.
    ``other``: the overlay to compare with, by key in place or beside the picture; None: nothing was compared yet.
    ``default_encoder``: the name behind "".  ``results``: stored ones, for what a score promises;
    ``least_score``: undecided suggestions below it are not shown.
    ``answerer``: folder of the language model that answers, "" for our own answers; ``answerer_wanted``: one that is
    being loaded, None where none is; ``speakers``: those known.  ``spoken``: maps of words, by the question's id.
    ``lines``: layer lines that the file itself holds, by frame.
    ``panes``: the pictures side by side; ``study``, ``series``, ``index`` and ``view`` are those of the active one.
    ``planes``: three planes cut through the shown series; None: they are not looked at.
    ``memory_used``, ``memory_budget``: bytes of pixels held, and how many may be; 0: nobody watches.
    ``layer_copies``: boundaries the person has corrected; ``kept_grids``: what they decided about thickness grids;
    ``thickness``: what was measured of the shown series.
    """

    catalogue: Catalogue = field(default_factory=Catalogue)
    study: Study | None = None
    series: Series | None = None
    index: int = 0
    view: ViewWishes = field(default_factory=ViewWishes)
    left: dict[str, LeftStudy] = field(default_factory=dict)
    openings: int = 0
    panes: Panes = field(default_factory=Panes)
    planes: PlanesView | None = None
    overlay: OverlayWishes = field(default_factory=OverlayWishes)
    other: OverlayWishes | None = None
    beside: Beside = "none"
    encoders: tuple[EncoderEntry, ...] = ()
    default_encoder: str = ""
    results: tuple[StoredResult, ...] = ()
    least_score: float = 0.0
    encoder_wanted: str | None = None
    engines: dict[str, EngineFacts] = field(default_factory=dict)
    eye: EyeView | None = None
    speakers: tuple[Speaker, ...] = ()
    answerer: str = ""
    answerer_wanted: str | None = None
    spoken: ByteCache[str, Spoken] = field(default_factory=_spoken)
    pointed: Pointed | None = None
    overlays_hidden: bool = False
    localizers: dict[str, str] = field(default_factory=dict)  # UID of a volume -> of the picture wanted beside it
    tool: Tool = "window"
    findings: tuple[Finding, ...] = ()
    layer_copies: tuple[LayerCopy, ...] = ()
    kept_grids: tuple[KeptGrid, ...] = ()
    thickness: ThicknessState | None = None
    selected: str | None = None
    answers: tuple[Answer, ...] = ()
    streaming: Streaming | None = None
    rasters: ByteCache[FrameKey, Raster] = field(default_factory=_rasters)
    lines: ByteCache[FrameKey, tuple[LayerLine, ...]] = field(default_factory=_lines)
    thumbnails: dict[str, Raster] = field(default_factory=dict)
    analyses: ByteCache[tuple[FrameKey, str], Analysis] = field(default_factory=_analyses)
    heat: ByteCache[tuple[object, ...], HeatMap] = field(default_factory=_heat)
    memory_used: int = 0
    memory_budget: int = 0
    progress: dict[str, Progress] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    frame_problem: dict[FrameKey, Notice] = field(default_factory=dict)
    companions: CompanionWishes = field(default_factory=CompanionWishes)
    drawings: ByteCache[tuple[str, FrameKey], Drawing] = field(default_factory=_drawings)
    author: str = ""
    saved_at: str = ""
    read_only: bool = False
    undo_name: str = ""
    redo_name: str = ""
    reviewed_patients: int = 0
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _notice_ids: int = 0
    _index: tuple[Catalogue, CompanionIndex] | None = None

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change; returns its own undo."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def clear_frames(self) -> None:
        """Forget everything that is known by frame number."""
        for known in (self.rasters, self.lines, self.analyses, self.heat, self.drawings):
            known.clear()
        self.eye = None
        self.frame_problem.clear()

    def pulse(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    @property
    def companion_index(self) -> CompanionIndex:
        """Objects of the open catalogue and the frames they belong to, made once a catalogue."""
        if self._index is None or self._index[0] is not self.catalogue:
            self._index = (self.catalogue, index_of(self.catalogue))
        return self._index[1]

    def pane(self, number: int) -> Pane:
        """What the pane shows now, the active one too."""
        if number != self.panes.active:
            return self.panes.panes[number]
        return Pane(SeriesFrame(self.series.uid, self.index) if self.series is not None else None, self.view)

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
    def analysis(self) -> Analysis | None:
        """Of the shown frame, by the encoder in force."""
        return self.analysis_at(self.frame_key)

    def analysis_at(self, key: FrameKey | None) -> Analysis | None:
        return self.analyses.get((key, self.overlay.encoder)) if key else None

    def encoder_of(self, sha256: str) -> str | None:
        """The name under which the weights with this hash were loaded; None where they were not."""
        named = [name for name, facts in self.engines.items() if facts.identity.sha256 == sha256]
        return self.overlay.encoder if self.overlay.encoder in named else next(iter(named), None)

    def frame_at(self, key: FrameKey) -> FrameInfo | None:
        """The frame that ``key`` names in the open study; None where it is not (or no longer) there."""
        found = next((one for one in self.study.series if one.uid == key.series_uid), None) if self.study else None
        return found.frames[key.index] if found is not None and 0 <= key.index < len(found.frames) else None

    def is_still(self, key: FrameKey, frame: FrameInfo) -> bool:
        """Whether ``key`` names ``frame`` in the open catalogue: when more files come, frames get other numbers."""
        try:
            frames = self.catalogue.find_series(key.series_uid)[1].frames
        except KeyError:
            return False
        return 0 <= key.index < len(frames) and frames[key.index] == frame

    @property
    def selected_finding(self) -> Finding | None:
        return next((f for f in self.findings if f.id == self.selected), None)

    @property
    def next_answerer(self) -> str:
        """Who answers the next question: the one being loaded, else the one in force."""
        return self.answerer if self.answerer_wanted is None else self.answerer_wanted

    def tell(self, level: str, what: str, remedy: str = "", code: str = "") -> None:
        """Add a notice; the same sentence twice in a row is shown once, with the newest remedy."""
        last = self.notices[-1] if self.notices else None
        if last is not None and (last.what, last.remedy) == (what, remedy):
            return
        self._notice_ids += 1
        kept = self.notices[:-1] if last is not None and last.what == what else self.notices[-4:]
        self.notices = (*kept, Notice(self._notice_ids, level, what, remedy, code))

    def advance(self, lane: str, words: str, done: float = 0.0, total: float = 0.0) -> None:
        """Say how far a lane's job is; the time it began stays."""
        old = self.progress.get(lane)
        self.progress[lane] = Progress(lane, words, done, total, old.started if old else time.monotonic())
        self.pulse()

    def dismiss(self, notice_id: int) -> None:
        self.notices = tuple(n for n in self.notices if n.id != notice_id)
