"""What the services need from the wings.  Wings fit these Protocols by shape and never import them.

Every method that may take long gets a token (``services.jobs.Token``) and calls ``token.raise_if_cancelled()`` between
stages; ``token.report(done, total, words)`` moves the bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fineview.core.companion import Companion, Drawing
from fineview.core.dialogue import Answer, Answered, Question
from fineview.core.errors import StorageProblem
from fineview.core.evidence import Method, ModelIdentity, ModelsEye, WordMap
from fineview.core.finding import Finding
from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.intent import Asked
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerLine
from fineview.core.peer import Arrived, Matches, Node, Parcel, Query, Receipt, Retrieved, Secrets, Wish
from fineview.core.plan import Plan
from fineview.core.report import Report
from fineview.core.study import Catalogue, FrameInfo
from fineview.imaging.dar import EdgeMask

OnWords = Callable[[str, tuple[WordMap, ...]], None]
OnCrop = Callable[[Box], None]


def nobody(text: str, words: tuple[WordMap, ...]) -> None:
    """``OnWords`` where nobody listens."""


class TokenPort(Protocol):
    def raise_if_cancelled(self) -> None: ...
    def report(self, done: float, total: float, words: str = "") -> None: ...


class Archive(Protocol):
    """The archive door (``formats.archive``)."""

    def warm(self) -> None:
        """Start what reads files, that the first file need not wait for it."""
        ...

    def scan(self, paths: Sequence[Path], token: TokenPort) -> Iterator[Catalogue]:
        """Yield growing catalogues: the first as soon as one image header is read, the last complete."""
        ...

    def read_frame(self, frame: FrameInfo) -> Raster:
        """Decode one frame in the limited child process.  Raises ``InputProblem`` / ``LimitExceeded``."""
        ...

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        """Layer lines that the file itself holds for the frame; () where it holds none.  Raises as ``read_frame``."""
        ...

    def header(self, frame: FrameInfo) -> tuple[tuple[str, str, str], ...]:
        """(tag, keyword, text) rows of the file's header, for people to read."""
        ...

    def draw(self, companion: Companion, frame: FrameInfo) -> Drawing:
        """What an object beside images lays over one frame.  Raises ``InputProblem`` / ``LimitExceeded``."""
        ...

    def document(self, companion: Companion) -> bytes:
        """The bytes of an encapsulated document, to be saved.  Raises ``InputProblem``."""
        ...

    def plain(self, path: Path) -> Path:
        """The file behind a path of a catalogue, where that names a member of an archive (``study.zip/member``)."""
        ...

    def close(self) -> None:
        """End child processes and remove unpacked archives."""
        ...


class Encoding(Protocol):
    """Opaque: what the engine remembers of one frame.  ``nbytes`` lets the cache keep a budget."""

    @property
    def nbytes(self) -> int: ...


class Engine(Protocol):
    """The engine room (``models.predictor.Predictor``): numpy in, numpy out.

    ``calibration`` etc. are the engine's own affair; ``thresholds`` are the cross-validated F1 thresholds by label.
    """

    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def device(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    @property
    def normalisation(self) -> str: ...
    @property
    def methods(self) -> tuple[Method, ...]:
        """The heat maps this engine can make, in the order of a menu; the first is its plain one."""
        ...

    @property
    def default_text(self) -> str | None:
        """The words whose map is shown where no text was asked for; None: a map that no text has part in."""
        ...

    def layer(self, method: Method) -> str:
        """Where a method reads, in words for the legend: "text row", "CLS row of layer 23"."""
        ...

    def eye(self, encoding: Any) -> ModelsEye:
        """What the encoder really saw of the frame."""
        ...

    def chance(self, label: str, peak: float) -> float:
        """How often a suggestion of this label is right whose strongest pixel has the probability ``peak``."""
        ...

    def encode(self, rgb: NDArray[np.uint8], token: TokenPort) -> Any: ...
    def domain(self, encoding: Any) -> Mapping[str, float]: ...
    def lesion_maps(self, encoding: Any, words: tuple[str, ...]) -> Mapping[str, NDArray[np.float16]]:
        """Calibrated probability per source pixel, (H, W), for each of ``words``."""
        ...

    def layers(self, encoding: Any) -> Mapping[str, NDArray[np.float32]]: ...
    def pyramid(self, encoding: Any) -> Mapping[int, NDArray[np.float16]]:
        """scale -> (C, h, w), cut to the placed image."""
        ...

    def strides_px(self, encoding: Any) -> Mapping[str, tuple[float, float]]:
        """Map name ("raw", "mfp_4", ...) -> source pixels (y, x) per cell."""
        ...

    def raw_map(self, encoding: Any, text: str | None) -> NDArray[np.float32]: ...
    def knows(self, word: str) -> bool:
        """Whether the encoder has a text row of its own for this word; asked before a word's map is shown."""
        ...

    def method_map(self, encoding: Any, method: Method, text: str | None, gain: float, mask: EdgeMask,
                   token: TokenPort) -> NDArray[np.float32]:
        """Maps that need the network again (dar-inline, grad-att, ...), on the source grid."""
        ...

    def region_evidence(self, encoding: Any, mask: NDArray[np.bool_]) -> Mapping[str, float]:
        """Calibrated probability per label that the masked pixels hold it, from the encoder's features there."""
        ...


class Answerer(Protocol):
    """A model that answers in words (``models.language``): numpy in, words and their maps out."""

    @property
    def identity(self) -> ModelIdentity: ...
    def answer(self, question: Question, rgb: NDArray[np.uint8], region: Box | None, token: TokenPort,
               on_words: OnWords, on_crop: OnCrop | None = None) -> Answered:
        """Answer about a picture (H, W, 3), or about ``region`` of it, in source pixels.

        ``on_words`` gets the whole text so far and the maps of its words, after each word; ``on_crop`` the part it
        chose to look at closer, before the first.  Stops within two words of a cancel and raises ``Cancelled``.
        Only ``question.text`` is read: nothing from a header reaches a prompt.
        """
        ...


class Phraser(Protocol):
    """The chat's decoder (``models.language.phraser``): it has the part in verdicts that its folder gives it, and words
    what is settled."""

    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def encoder_sha256(self) -> str:
        """The encoder whose tokens it was trained on: it reads no other's."""
        ...

    def weights(self, domain: str, asked: Asked) -> tuple[float, float]:
        """What the log odds of the evidence and its own are multiplied by before they are added up to a verdict's, for
        such pictures ("fundus", "oct") and questions; (1, 0) where it has no part."""
        ...

    def log_odds(self, encoding: Any, box: Box | None, asked: Asked, words: Sequence[str]) -> Mapping[str, float]:
        """Its own log odds for each of ``words``: that the box holds it ("presence"), that it lies there ("what").

        ``box`` in source pixels, None for the whole frame.  Not calibrated: ``weights`` make them so.
        """
        ...

    def phrase(self, encoding: Any, box: Box | None, question: str, plan: Plan, fill: Mapping[str, str],
               allowed: Callable[[str], bool], token: TokenPort, on_words: OnWords
               ) -> tuple[str, tuple[WordMap, ...]] | None:
        """Words of the plan, slots filled, with a map each; None where ``allowed`` refused what came.

        Nothing that ``allowed`` has not seen is told to ``on_words``.  Raises ``Cancelled``.
        """
        ...


class Journal(Protocol):
    """The cellar (``store.cellar.Cellar``).  When a method returns, its row is on disk."""

    read_only: bool
    trouble: StorageProblem | None  # why it is read-only

    def record(self, step: str, before: Finding | None, after: Finding | None, at: str) -> None:
        """One step on one finding; ``after`` None means removed.  Raises ``StorageProblem`` and changes nothing."""
        ...

    def record_line(self, step: str, before: LayerCopy | None, after: LayerCopy | None, at: str) -> None:
        """The same for a person's copy of a boundary."""
        ...

    def layer_copies(self, study_uid: str) -> tuple[LayerCopy, ...]: ...
    def record_grid(self, step: str, before: KeptGrid | None, after: KeptGrid | None, at: str) -> None:
        """The same for what a person decided about a thickness grid."""
        ...

    def grids(self, study_uid: str) -> tuple[KeptGrid, ...]: ...
    def findings(self, study_uid: str) -> tuple[Finding, ...]: ...
    def keep_answer(self, study_uid: str, answer: Answer) -> None: ...
    def answers(self, study_uid: str) -> tuple[Answer, ...]: ...
    def remember_study(self, study_uid: str, title: str, paths: Sequence[str], at: str) -> None: ...
    def forget_study(self, path: str) -> None:
        """Take what was opened from ``path`` alone out of the recent ones."""
        ...

    def recent_studies(self, limit: int = 10) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
        """(study_uid, title, paths, opened_at), newest first."""
        ...

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...
    def audit(self, event: str, detail: Mapping[str, str], at: str) -> None:
        """Append to the hash chain.  ``detail`` holds UIDs and hashes, never names."""
        ...

    def close(self) -> None: ...


class ReportWriter(Protocol):
    """One output format.  ``render`` is pure; ``verify`` reads the bytes back and raises ``ReportRefused``."""

    suffix: str

    def render(self, report: Report) -> bytes: ...
    def verify(self, data: bytes, report: Report) -> None: ...


class Peer(Protocol):
    """A PACS at the other end of a network (``formats.pacs_process.Peers``).  Every method raises ``PeerProblem``."""

    def echo(self, node: Node, secrets: Secrets, token: TokenPort) -> str: ...
    def find(self, node: Node, secrets: Secrets, query: Query, token: TokenPort) -> Matches: ...
    def listed(self, node: Node, secrets: Secrets, studies: Sequence[str], token: TokenPort) -> frozenset[str]:
        """SOP instance UIDs of all that the peer lists of these studies."""
        ...

    def retrieve(self, node: Node, secrets: Secrets, wish: Wish, token: TokenPort,
                 on_arrived: Callable[[Arrived], None]) -> Retrieved: ...
    def send(self, node: Node, secrets: Secrets, objects: Sequence[tuple[str, Path]], token: TokenPort,
             on_start: Callable[[str], None], on_receipt: Callable[[Receipt], None]) -> None:
        """(SOP instance UID, file) one by one.  An object without a receipt was not confirmed."""
        ...

    def frames(self, node: Node, secrets: Secrets, wish: Wish, sop_uid: str, numbers: Sequence[int],
               token: TokenPort) -> tuple[Path, ...]:
        """Frames from 1, as the peer holds them."""
        ...


class OutboxPort(Protocol):
    """Nodes and parcels on disk (``store.outbox.Outbox``).  Raises ``StorageProblem``."""

    def nodes(self) -> tuple[Node, ...]: ...
    def keep_node(self, node: Node) -> None: ...
    def drop_node(self, name: str) -> None: ...
    def put(self, parcels: Sequence[Parcel]) -> None: ...
    def parcels(self) -> tuple[Parcel, ...]: ...
    def drop(self, ids: Sequence[str]) -> None: ...


class Vault(Protocol):
    """The operating system's keyring (``store.vault.KeyringVault``)."""

    def get(self, name: str) -> Secrets: ...
    def keep(self, name: str, secrets: Secrets) -> bool:
        """False where they last only until the program ends."""
        ...

    def drop(self, name: str) -> bool:
        """False where the keyring refuses to let go of them."""
        ...
