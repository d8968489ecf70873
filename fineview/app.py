"""The front door: builds every wing once and hands them to each other.  Nothing else has all the keys."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fineview import __version__, paths
from fineview.core.errors import FineViewError, WeightsProblem
from fineview.core.report import INTENDED_USE

if TYPE_CHECKING:
    from fineview.core.advice import Advice
    from fineview.core.card import ModelCard
    from fineview.core.dialogue import Speaker
    from fineview.core.evidence import EncoderEntry, ModelIdentity, Task
    from fineview.core.intent import Intent
    from fineview.core.measured import ResultShelf
    from fineview.core.peer import Secrets
    from fineview.core.report import Report
    from fineview.extend.host import PluginHost
    from fineview.models.language.question_reader import QuestionReader
    from fineview.services.conversation import Conversation
    from fineview.services.explain import Explain
    from fineview.services.jobs import Jobs, Post
    from fineview.services.outbox import Outbox
    from fineview.services.pacs import Pacs
    from fineview.services.ports import Answerer, Archive, Engine, Phraser, ReportWriter, TokenPort
    from fineview.services.received import Received
    from fineview.services.session import Session
    from fineview.services.workbench import Shelves, Workbench
    from fineview.store.cellar import Cellar

SOFTWARE = f"FineView {__version__}"


class App:
    """Wings on demand: a command that only lists files never loads the engine, and the window never waits for it.

    ``data_dir``: where the journal lies, if not with the person's other data (a demonstration has its own).  Encoders,
    results and caches are always the person's (``paths.data_dir``).
    """

    def __init__(self, device: str = "auto", encoder: str | None = None, data_dir: Path | None = None,
                 safe_mode: bool = False) -> None:
        self.device, self.encoder, self.safe_mode = device, encoder, safe_mode
        self._data_dir = data_dir or paths.data_dir()
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}
        self._archive: Archive | None = None
        self._journal: Cellar | None = None
        self._rooms: tuple[Pacs, Outbox] | None = None
        self._jobs: Jobs | None = None
        self._reader: QuestionReader | None = None
        self._phraser: Phraser | None = None
        self._plugins: PluginHost | None = None

    @property
    def archive(self) -> Archive:
        if self._archive is None:
            from fineview.formats.archive import FileArchive

            self._archive = FileArchive(
                guests=lambda path: self.plugins.guests(path),
                on_failure=lambda guest, error: self.plugins.failed(guest.name, error.code))
        return self._archive

    @property
    def plugins(self) -> PluginHost:
        """Who reads what ours do not know.  Folders and choices are looked at when first needed."""
        if self._plugins is None:
            from fineview.extend.host import PluginHost

            self._plugins = PluginHost(paths.plugins_dir(), paths.data_dir() / "plugins", lambda: self.journal,
                                       self.safe_mode)
        return self._plugins

    @property
    def journal(self) -> Cellar:
        if self._journal is None:
            from fineview.store.cellar import Cellar

            self._journal = Cellar(self._data_dir)
        return self._journal

    def pacs(self, environment: Secrets | None = None) -> tuple[Pacs, Outbox]:
        """Peers of the clinic and what is on its way to them, built once.  ``environment``: a script's secrets."""
        if self._rooms is None:
            from fineview.formats.pacs_process import Peers
            from fineview.services.outbox import Outbox
            from fineview.services.pacs import Pacs
            from fineview.services.spool import Spool
            from fineview.store.vault import KeyringVault

            peers, journal = Peers(self._data_dir / "received"), self.journal
            pacs = Pacs(peers, journal.outbox, KeyringVault(), journal, environment)
            spool = Spool(self._data_dir / "outbox", lambda path: self.archive.plain(path))
            self._rooms = pacs, Outbox(pacs, peers, journal.outbox, journal, spool)
        return self._rooms

    def received(self) -> Received:
        """Studies that were retrieved."""
        from fineview.services.received import Received

        return Received(self._data_dir / "received", self.archive, self.journal)

    def engine(self, name: str | None = None) -> Engine:
        """The encoder of a name or folder (none: the one this app was started with), each loaded once.

        The first caller waits for torch.  Raises ``WeightsProblem``, ``DeviceProblem``.
        """
        wanted = name or self.encoder or "retina-s"
        if wanted in self._engines:
            return self._engines[wanted]
        with self._lock:
            if wanted not in self._engines:
                from fineview.models.loading import ctrl_c_ends_all, no_sweeping

                with ctrl_c_ends_all(self.close), no_sweeping():
                    from fineview.models.link_ahead import link_ahead

                    link_ahead()
                    from fineview.models.shelf import open_encoder

                    self._engines[wanted] = open_encoder(wanted, self._places, self.device)  # type: ignore[arg-type]
            return self._engines[wanted]

    def reader(self) -> QuestionReader:
        """Who reads questions in free wording, loaded once.  Raises ``WeightsProblem``."""
        if self._reader is None:
            from fineview.models.language.question_reader import QuestionReader

            self._reader = QuestionReader.load(paths.resources_dir() / "chat" / "reader-s")
        return self._reader

    def read_question(self, text: str) -> Intent:
        """What a question asks for: by the trained reader."""
        return self.reader().read(text)

    def phraser(self) -> Phraser | None:
        """Who words answers: the chat's decoder, loaded once; None where none is at hand.  Raises WeightsProblem."""
        folder = paths.resources_dir() / "chat" / "decoder-s"
        if self._phraser is None and folder.is_dir():
            from fineview.models.loading import no_sweeping

            with self._lock, no_sweeping():
                from fineview.models.language.phraser import ChatPhraser

                self._phraser = ChatPhraser.load(folder)
        return self._phraser

    def _conversation(self) -> Conversation:
        from fineview.services.conversation import Conversation

        return Conversation(self.read_question, self.archive.read_frame, self.phraser)

    def answerer(self, path: Path) -> Answerer | None:
        """The model that answers in words in a folder; None where the folder holds an encoder.  Not remembered here.

        Raises ``WeightsProblem``, ``DeviceProblem``.
        """
        from fineview.models.language.families import speaks
        from fineview.services.jobs import Token

        return self.language_model(path, Token()) if speaks(path) else None

    def language_model(self, path: Path, token: TokenPort) -> Answerer:
        """Load the model that answers in words.  Raises ``WeightsProblem``, ``DeviceProblem``, ``Cancelled``.

        One load at a time, encoders included: while transformers builds a model, torch's defaults are its own.
        """
        def on_read(done: float, total: float) -> None:
            token.raise_if_cancelled()
            token.report(done, total)

        from fineview.models.loading import ctrl_c_ends_all, no_sweeping

        token.raise_if_cancelled()
        with self._lock, ctrl_c_ends_all(self.close), no_sweeping():
            from fineview.models.link_ahead import link_ahead

            link_ahead()
            from fineview.models.language.answerer import VisionAnswerer
            from fineview.models.language.load import load_reader

            made = load_reader(path, self.device, on_read)  # type: ignore[arg-type]
            return VisionAnswerer(made.reader, made.identity)

    def speaker(self, path: Path) -> Speaker:
        """What a folder with a language model says it is, without loading it.  Raises ``WeightsProblem``."""
        from fineview.models.language.at_hand import speaker

        return speaker(path)

    def speakers(self) -> tuple[Speaker, ...]:
        """Language models in the folder ``answerers`` of the person's data.  Reads configurations only."""
        from fineview.models.language.at_hand import speakers

        return speakers((paths.data_dir() / "answerers",))

    def encoders(self) -> tuple[EncoderEntry, ...]:
        """What ``engine`` can be asked for by name: embedded and imported encoders.  Reads manifests only."""
        from fineview.models.shelf import entries

        return entries(self._places)

    @property
    def loaded(self) -> tuple[ModelIdentity, ...]:
        """Who has been loaded so far: what an evaluation through this app can have scored."""
        return tuple(dict.fromkeys(engine.identity for engine in self._engines.values()))

    @property
    def loaded_on(self) -> str:
        """Where they ran and in which numbers: "cpu bf16", or "" where none was loaded."""
        return " and ".join(dict.fromkeys(f"{one.device} {one.dtype}" for one in self._engines.values()))

    def results(self) -> ResultShelf:
        """Stored evaluation results: those shipped and the person's own, with a problem for each unreadable file."""
        from fineview.store.results import read_results

        return read_results(paths.resources_dir() / "results", paths.data_dir() / "results")

    def advice(self, task: Task, results: ResultShelf | None = None) -> Advice:
        """Which encoder and scale stored results speak for, among the weights at hand."""
        from fineview.core.evidence import ModelIdentity
        from fineview.services.advise import advise

        at_hand = tuple(ModelIdentity(one.name, one.version, one.sha256, calibration=one.calibration)
                        for one in self.encoders())
        return advise(task, (results or self.results()).results, at_hand)

    def card(self, name: str | None = None) -> ModelCard:
        """Everything known of an encoder (none: the one this app was started with).  Raises ``WeightsProblem``."""
        from fineview.models.card_words import read_card_words
        from fineview.models.shelf import entry, facts_of, folder_of
        from fineview.services.model_card import model_card
        from fineview.store.results import read_picture

        folder = folder_of(name or self.encoder or "retina-s", self._places)
        shipped, own = paths.resources_dir() / "results", paths.data_dir() / "results"
        return model_card(entry(folder), read_card_words(folder), facts_of(folder), self.results().results,
                          lambda result, file: read_picture(own if result.own else shipped, file))

    def encoder_problems(self) -> tuple[tuple[Path, WeightsProblem], ...]:
        """Folders among the encoders that hold none that can be used, each with the reason."""
        from fineview.models.shelf import problems

        return problems(self._places)

    def import_encoder(self, source: Path, name: str | None = None, licence: str | None = None) -> EncoderEntry:
        """Check a folder of weights and take it over as ``name``.  Raises ``WeightsProblem``, ``StorageProblem``."""
        from fineview.models.importing import import_encoder

        return import_encoder(source, self.encoders_dir, self._places, name, licence)

    def import_int8(self, name: str | None = None) -> EncoderEntry:
        """The encoder this app was started with, kept in 8 bits as ``name`` (else its own with "-int8").  Same errors.
        """
        from fineview.models.importing import import_int8

        return import_int8(self.encoder_folder(), self.encoders_dir, self._places, name)

    def encoder_folder(self) -> Path:
        """``--encoder`` names a folder, or one of the encoders at hand.  Raises ``WeightsProblem``."""
        from fineview.models.shelf import folder_of

        return folder_of(self.encoder or "retina-s", self._places)

    @property
    def encoders_dir(self) -> Path:
        """Where imported encoders lie, one folder each."""
        return paths.data_dir() / "encoders"

    @property
    def _places(self) -> tuple[Path, ...]:
        return (paths.weights_dir(), self.encoders_dir)

    def writers(self) -> dict[str, ReportWriter]:
        from fineview.formats.encapsulated_pdf import EncapsulatedPdfWriter
        from fineview.formats.sr import SrWriter
        from fineview.reports.html_writer import HtmlWriter
        from fineview.reports.json_writer import JsonWriter
        from fineview.reports.pdf_writer import PdfWriter

        return {"pdf": PdfWriter(), "html": HtmlWriter(), "json": JsonWriter(), "sr": SrWriter(),
                "epdf": EncapsulatedPdfWriter(PdfWriter())}

    def workbench(self, post: Post) -> Workbench:
        """One window's use cases, wired to this app's wings."""
        from fineview.services.annotate import Annotate
        from fineview.services.ask import Ask
        from fineview.services.companions import Companions
        from fineview.services.compose_report import ComposeReport
        from fineview.services.encodings import Encodings
        from fineview.services.explain import Explain
        from fineview.services.hanging import hanging
        from fineview.services.jobs import Jobs
        from fineview.services.look import Look
        from fineview.services.memory import Memory
        from fineview.services.open_study import OpenStudy
        from fineview.services.pacs_desk import PacsDesk
        from fineview.services.planes import Planes
        from fineview.services.plugin_shelf import PluginShelf
        from fineview.services.settings import Settings
        from fineview.services.thickness_desk import thickness_desk
        from fineview.services.workbench import Workbench

        journal, encodings, settings = self.journal, Encodings(), Settings(self.journal, lambda: self._jobs)
        session = self._session()
        self._jobs = jobs = Jobs(post)
        opening = OpenStudy(session, jobs, self.archive, journal, paths.sample_dir())
        explain = Explain(session, jobs, self.engine, encodings, self.encoder or "retina-s")
        shelf, answerers, cards = self._shelves(session, jobs, explain)
        return Workbench(
            session=session, jobs=jobs, open=opening, look=Look(session, settings), explain=explain,
            ask=Ask(session, jobs, self.engine, encodings, journal, opening.show, answerers, self._conversation()),
            annotate=(marks := Annotate(session, jobs, journal)),
            thickness=thickness_desk(session, jobs, self.archive, self.engine, journal, marks),
            report=(report := ComposeReport(session, jobs, self.archive, journal, self.writers, _capture, SOFTWARE)),
            shelf=shelf, answerers=answerers, cards=cards, plugins=PluginShelf(session, jobs, self.plugins),
            companions=Companions(session, jobs, self.archive, opening, then=explain.refresh),
            pacs=PacsDesk(session, jobs, self.pacs, opening, self.archive, self.received, report.exported),
            planes=(planes := Planes(session, jobs, self.archive, opening.show_frame)),
            memory=Memory(session, settings, also=((1 / 4, encodings), (1 / 2, planes))),
            hanging=hanging(session, jobs, self.archive, opening, settings))

    def _session(self) -> Session:
        """Empty, with what the store has to say."""
        from fineview.services.session import Session

        journal = self.journal
        made = Session(read_only=journal.read_only, author=journal.setting("author") or "")
        if journal.trouble is not None:
            made.tell("warning", journal.trouble.what, journal.trouble.remedy, journal.trouble.code)
        return made

    def _shelves(self, session: Session, jobs: Jobs, explain: Explain) -> Shelves:
        """What can be chosen, listed behind the window."""
        from fineview.services.answerer_shelf import AnswererShelf
        from fineview.services.card_shelf import CardShelf
        from fineview.services.encoder_shelf import EncoderShelf
        from fineview.services.remembered_encoder import RememberedEncoder
        from fineview.services.settings import Settings

        settings = Settings(self.journal, lambda: jobs)
        encoders = EncoderShelf(session, jobs, self.encoders, self.advice)
        encoders.list(RememberedEncoder(session, settings, explain, named=self.encoder is not None).check)
        cards = CardShelf(session, jobs, self.results, self.card)
        answerers = AnswererShelf(session, jobs, self, settings)
        cards.read()
        answerers.list()
        return encoders, answerers, cards

    def window(self, opened: Sequence[Path]) -> int:
        """Start Qt with the window; returns its exit code."""
        from fineview.gui.start import run
        from fineview.services.settings import Settings

        self.archive.warm()
        settings = Settings(self.journal, lambda: self._jobs)
        return run(self.workbench, list(opened), preferences=settings, facts=self.facts)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Rows of the About page: versions, licences, model card, or why there is none."""
        rows = [("Version", SOFTWARE), ("Licence of the code", "Apache-2.0"), ("Intended use", INTENDED_USE)]
        from fineview.models.shelf import entry

        try:
            found = entry(self.encoder_folder())
        except FineViewError as error:
            return (*rows, ("Encoder", str(error)))
        return (*rows, ("Encoder", f"{found.name} {found.version}, {found.words}"),
                ("Weights", f"sha256 {found.sha256}"),
                ("Licence of the weights", found.licence))

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()
        if self._journal is not None:
            self._journal.close()


def _capture(report: Report, archive: Archive) -> tuple[Report, tuple[tuple[str, bytes], ...]]:
    from fineview.formats.secondary_capture import capture_pictures

    return capture_pictures(report, archive)
