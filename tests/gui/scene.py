"""A small study made of arrays, and a workbench of the real services over it.  Analyses are put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from fineview.core.advice import Advice
from fineview.core.card import ModelCard
from fineview.core.dialogue import Speaker
from fineview.core.errors import PluginProblem, WeightsProblem
from fineview.core.evidence import Analysis, ModelIdentity, PyramidLevel, Task
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.image import Raster, Window
from fineview.core.measured import ResultShelf
from fineview.core.orientation import Orientation
from fineview.core.plugin import PluginEntry
from fineview.core.region import Region
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Laterality, Patient, Problem, Series, Study
from fineview.formats.pacs_process import Peers
from fineview.reports.json_writer import JsonWriter
from fineview.services.advise import advise
from fineview.services.annotate import Annotate
from fineview.services.answerer_shelf import AnswererShelf
from fineview.services.ask import Ask
from fineview.services.card_shelf import CardShelf
from fineview.services.companions import Companions
from fineview.services.compose_report import ComposeReport
from fineview.services.encoder_shelf import EncoderShelf
from fineview.services.encodings import Encodings
from fineview.services.explain import Explain
from fineview.services.hanging import hanging
from fineview.services.jobs import Jobs, Post
from fineview.services.look import Look
from fineview.services.memory import Memory
from fineview.services.open_study import OpenStudy
from fineview.services.outbox import Outbox
from fineview.services.pacs import Pacs
from fineview.services.pacs_desk import PacsDesk
from fineview.services.planes import Planes
from fineview.services.plugin_shelf import PluginShelf
from fineview.services.ports import Answerer, Engine, TokenPort
from fineview.services.received import Received
from fineview.services.session import Session
from fineview.services.settings import Settings
from fineview.services.spool import Spool
from fineview.services.thickness_desk import thickness_desk
from fineview.services.workbench import Workbench
from fineview.store.cellar import Cellar
from fineview.store.vault import KeyringVault

ROWS, COLS, FRAMES = 60, 120, 5
SPACING = Spacing(0.004, 0.012, 0.24, ScaleSource.CALIBRATED)
MODEL = ModelIdentity("retina-s", "1", "3f9a21c8" + "0" * 56)


def frame_pixels(index: int) -> np.ndarray:
    """uint8 (ROWS, COLS): dark, with one bright pixel block in the top-left corner and the frame's number as level."""
    pixels = np.full((ROWS, COLS), 20 + index, np.uint8)
    pixels[:6, :6] = 250
    return pixels


def scan() -> Series:
    """Five B-scans of a right eye with scan lines on the localizer, 10 localizer pixels apart."""
    lines = [((10.0, 20.0 + 10 * i), (90.0, 20.0 + 10 * i)) for i in range(FRAMES)]
    frames = tuple(FrameInfo("scan.dcm", i, "1.2.1", rows=ROWS, cols=COLS, spacing=SPACING,
                             orientation=Orientation("T", "F"), scan_line=line) for i, line in enumerate(lines))
    return Series("scan", "study-1", "OPT", "macula", 1, rows=ROWS, cols=COLS, frames=frames, is_volume=True,
                  laterality=Laterality("R", "header"), spacing=SPACING, localizer_uid="photo")


def photo(uid: str, study: str, lossy: bool = False) -> Series:
    frame = FrameInfo(f"{uid}.jpg", rows=100, cols=100)
    return Series(uid, study, "OP", uid, 2, rows=100, cols=100, frames=(frame,), lossy=lossy)


def catalogue() -> Catalogue:
    """Two patients; the second has a lossy photograph of an unknown side; one file is broken."""
    first = Study("study-1", Patient("Muster^Anna", "4711", "19570312", "F"), "20260304", description="OCT",
                  series=(scan(), photo("photo", "study-1")))
    second = Study("study-2", Patient("Doe^John", "99"), series=(photo("other", "study-2", lossy=True),))
    broken = Problem("broken.dcm", "truncated", "The file ends early.", "Copy it.")
    return Catalogue((first, second), problems=(broken,))


class ArrayArchive:
    """An archive of arrays."""

    def scan(self, paths: Sequence[Path], token: TokenPort) -> Iterator[Catalogue]:
        yield catalogue()

    def read_frame(self, frame: FrameInfo) -> Raster:
        if frame.path == "scan.dcm":
            return Raster(frame_pixels(frame.frame_in_file), windows=(Window(127.5, 255.0, "linear_exact"),))
        return Raster(np.full((100, 100, 3), 90, np.uint8))

    def header(self, frame: FrameInfo) -> tuple[tuple[str, str, str], ...]:
        return (("(0010,0010)", "PatientName", "Muster^Anna"), ("(0008,0060)", "Modality", "OPT"),
                ("(0028,0030)", "PixelSpacing", "0.004\\0.012"))

    def close(self) -> None:
        pass


class NoLibrary:
    """No language models anywhere."""

    def speakers(self) -> tuple[Speaker, ...]:
        return ()

    def speaker(self, path: Path) -> Speaker:
        raise WeightsProblem("There is no such folder.", "Choose another.", "weights-missing")

    def language_model(self, path: Path, token: TokenPort) -> Answerer:
        raise AssertionError("speaker refuses every folder")


class NoPlugins:
    """No plugin anywhere."""

    safe_mode = False

    def tell(self, problem: PluginProblem) -> None: ...

    def entries(self) -> tuple[PluginEntry, ...]:
        return ()

    def enable(self, name: str) -> PluginEntry:
        raise PluginProblem(f"There is no plugin {name}.", "Look at the list.", "plugin-unknown")

    disable = enable


def no_engine(name: str | None = None) -> Engine:
    raise WeightsProblem("There are no weights.", "Install them.", "weights-missing")


def no_card(name: str | None) -> ModelCard:
    raise WeightsProblem("There are no weights.", "Install them.", "weights-missing")


def no_advice(task: Task) -> Advice:
    return advise(task, (), ())


def no_capture(*_: object) -> tuple[object, tuple[object, ...]]:
    raise AssertionError("no test here writes a Secondary Capture")


def pacs_rooms(folder: Path, journal: Cellar) -> Callable[[], tuple[Pacs, Outbox]]:
    """The real ones, over the folder of a test; they connect only where a test asks them to."""
    def rooms() -> tuple[Pacs, Outbox]:
        peers = Peers(folder / "received")
        pacs = Pacs(peers, journal.outbox, KeyringVault(), journal)
        return pacs, Outbox(pacs, peers, journal.outbox, journal, Spool(folder / "outbox"))

    return rooms


def workbench(post: Post, folder: Path) -> Workbench:
    """The real services; nothing is encoded unless a test asks for it."""
    session, jobs, archive, journal = Session(author="A. Reader"), Jobs(post), ArrayArchive(), Cellar(folder)
    encodings, settings = Encodings(), Settings(journal, lambda: jobs)
    opening = OpenStudy(session, jobs, archive, journal, folder)
    explain = Explain(session, jobs, no_engine, encodings)
    explain.enabled = False
    answerers = AnswererShelf(session, jobs, NoLibrary(), settings)
    ask = Ask(session, jobs, no_engine, encodings, journal, opening.show, answerers)
    report = ComposeReport(session, jobs, archive, journal, lambda: {"json": JsonWriter()}, no_capture,  # type: ignore[arg-type]
                           "FineView test")
    shelf = EncoderShelf(session, jobs, tuple, no_advice)
    marks = Annotate(session, jobs, journal)
    return Workbench(session, jobs, opening, Look(session, settings), explain, ask, marks, report,
                     shelf, answerers, CardShelf(session, jobs, ResultShelf, no_card),
                    PluginShelf(session, jobs, NoPlugins()),
                    thickness=thickness_desk(session, jobs, archive, no_engine, journal, marks),
                    companions=Companions(session, jobs, archive, opening, opening.frames.on_frame),
                    pacs=PacsDesk(session, jobs, pacs_rooms(folder, journal), opening, archive,
                                  lambda: Received(folder / "received", archive, journal), report.exported),
                    memory=Memory(session, settings),
                    planes=Planes(session, jobs, archive, opening.show_frame),
                    hanging=hanging(session, jobs, archive, opening, settings))


def suggestion(key: FrameKey, number: int = 1) -> Finding:
    return Finding(f"s-{number}", "study-1", key, Region.from_box(Box(20, 20, 30, 20)), "drusen", Origin.MODEL,
                   State.SUGGESTED, score=0.86, model=MODEL)


def analysis(key: FrameKey) -> Analysis:
    """A frame inside the domain, with a pyramid level at a quarter of 64 x 128."""
    levels = tuple(PyramidLevel(s, np.ones((2, 64 // s, 128 // s), np.float16), (s * ROWS / 64, s * COLS / 128))
                   for s in (4, 8, 16))
    lesions = {"drusen": np.full((ROWS, COLS), 0.9, np.float16)}
    return Analysis(key, "key", ROWS, COLS, MODEL, "in", {"oct": 0.97}, "oct", lesions, {}, levels, (), "CPU", "fp32")
