"""The parent's side of the network child: one process an operation, gone when the operation is."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from fineview.core.errors import InputProblem, LimitExceeded, PeerProblem, StorageProblem
from fineview.core.peer import (
    Arrived,
    Match,
    Matches,
    Node,
    Query,
    Receipt,
    Retrieved,
    Secrets,
    TurnedAway,
    Wish,
    hashed_name,
)
from fineview.formats import limits, pacs_faults, wire
from fineview.formats.child import Child
from fineview.formats.unpacked import alive

_SLACK_S = 30.0
_ARRIVING = ".arriving"


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...
    def report(self, done: float, total: float, words: str = "") -> None: ...


class Peers:
    """Fits ``services.ports.Peer``.  Every method blocks, may be called from any thread, and raises ``PeerProblem``.

    ``folder``: where received objects are kept, readable by their owner only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def echo(self, node: Node, secrets: Secrets, token: Token) -> str:
        """C-ECHO, or the shortest search; what the peer says of itself, where it does."""
        said = [str(answer["words"]) for answer in self._ask("echo", node, secrets, token) if "words" in answer]
        return said[0] if said else ""

    def find(self, node: Node, secrets: Secrets, query: Query, token: Token) -> Matches:
        """C-FIND or QIDO-RS.  What is no match of ours (a broken row) is left out and counted."""
        rows: list[Match] = []
        for answer in self._ask("find", node, secrets, token, query=wire.to_plain(query)):
            if "row" in answer:
                rows.append(_value(Match, answer["row"]))
                token.report(len(rows), 0, f"{len(rows)} found")
            elif "cut" in answer:
                return Matches(tuple(rows), bool(answer["cut"]), int(answer["refused"]))
        raise pacs_faults.answer_unreadable("no end")

    def listed(self, node: Node, secrets: Secrets, studies: Sequence[str], token: Token) -> frozenset[str]:
        """SOP instance UIDs of all that the peer lists of these studies."""
        return frozenset(str(answer["listed"]) for answer in self._ask(
            "listed", node, secrets, token, studies=list(studies)) if "listed" in answer)

    def retrieve(self, node: Node, secrets: Secrets, wish: Wish, token: Token,
                 on_arrived: Callable[[Arrived], None] = lambda one: None) -> Retrieved:
        """C-GET, C-MOVE or WADO-RS into ``folder``.  What has arrived stays, also after a cancel or a failure.

        ``on_arrived`` hears of each object once it is stored.
        """
        target = self._kept(wish)
        arrived, refused, promised, moved = list[Arrived](), list[TurnedAway](), 0, ""
        with _gone_if_empty(target), self._arriving() as arriving:
            for answer in self._ask("retrieve", node, secrets, token, wish=wire.to_plain(wish),
                                    arriving=str(arriving), target=str(target)):
                if "arrived" in answer:
                    arrived.append(_value(Arrived, answer["arrived"]))
                    on_arrived(arrived[-1])
                elif "refused" in answer:
                    refused.append(_value(TurnedAway, answer["refused"]))
                elif "bytes" in answer:
                    moved = f", {limits.in_words(int(answer['bytes']))} received"
                promised = int(answer.get("promised", promised))
                token.report(len(arrived), promised, f"{len(arrived)} of {promised} objects retrieved{moved}")
        complete = len({one.sop_uid for one in arrived}) >= promised > 0 and not refused
        return Retrieved(str(target), tuple(arrived), tuple(refused), promised, complete)

    def send(self, node: Node, secrets: Secrets, objects: Sequence[tuple[str, Path]], token: Token,
             on_start: Callable[[str], None], on_receipt: Callable[[Receipt], None]) -> None:
        """C-STORE or STOW-RS of (SOP instance UID, file), one by one; each is told before and after.

        An object without a receipt was not confirmed.  Raises after the connection broke or could not be made.
        """
        plain = [[uid, str(path)] for uid, path in objects]
        done = 0
        for answer in self._ask("send", node, secrets, token, objects=plain):
            if "starting" in answer:
                on_start(str(answer["starting"]))
            elif "receipt" in answer:
                on_receipt(_value(Receipt, answer["receipt"]))
                done += 1
            token.report(done, len(plain), f"{done} of {len(plain)} objects sent")

    def frames(self, node: Node, secrets: Secrets, wish: Wish, sop_uid: str, numbers: Sequence[int],
               token: Token) -> tuple[Path, ...]:
        """WADO-RS frames (from 1) of one object, as the peer holds them, one file each.  DICOMweb only."""
        if node.kind != "web":
            raise PeerProblem("Single frames can only be asked of a DICOMweb service.", "Retrieve the series instead.",
                              "peer-frames")
        target = self._kept(wish, "frames")  # not beside the objects, where they would be opened as files
        with self._arriving() as arriving:
            return tuple(Path(str(answer["frame"])) for answer in self._ask(
                "frames", node, secrets, token, wish=wire.to_plain(wish), sop_uid=sop_uid, numbers=list(numbers),
                arriving=str(arriving), target=str(target)) if "frame" in answer)

    def _ask(self, op: str, node: Node, secrets: Secrets, token: Token, **args: Any) -> Iterator[dict[str, Any]]:
        wanted = "dicomweb_client" if node.kind == "web" else "pynetdicom"
        if importlib.util.find_spec(wanted) is None:
            raise pacs_faults.left_without(wanted.replace("_", "-"))
        child = Child("pacs_child")
        args |= {"node": wire.to_plain(node), "secrets": wire.to_plain(secrets)}
        try:
            for answer, _ in child.ask(op, args, node.patience_s + _SLACK_S, token.raise_if_cancelled):
                yield answer
        except LimitExceeded as error:
            raise pacs_faults.silent(node) if error.code == "time" else error from error
        except InputProblem as error:
            if error.code != "reader-died":
                raise
            raise PeerProblem(f"What {node.name} sent broke the connection's process; nothing else was harmed.",
                              "Ask the administrator of the PACS to look at its log.", "peer-broke") from error
        finally:
            child.kill()

    def _kept(self, wish: Wish, *under: str) -> Path:
        target = self.folder.joinpath(*under, hashed_name(wish.study_uid))
        with _storage():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        return target

    @contextmanager
    def _arriving(self) -> Iterator[Path]:
        """A folder for what is still on its way; gone afterwards, and after a kill by the next one."""
        _remove_orphans(self.folder)
        with _storage():
            made = Path(tempfile.mkdtemp(prefix=f"{_ARRIVING}-{os.getpid()}-", dir=self.folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _value(kind: type[Any], plain: Any) -> Any:
    try:
        return wire.from_plain(kind, plain)
    except ValueError as error:
        raise pacs_faults.answer_unreadable(kind.__name__) from error


@contextmanager
def _gone_if_empty(folder: Path) -> Iterator[None]:
    """A study of which nothing could be stored is none."""
    try:
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()


def _remove_orphans(folder: Path) -> None:
    for path in folder.glob(f"{_ARRIVING}-*"):
        named = re.match(rf"\{_ARRIVING}-(\d+)-", path.name)
        if named and not path.is_symlink() and not alive(int(named[1])):
            with suppress(OSError):
                shutil.rmtree(path)


@contextmanager
def _storage() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in pacs_faults.FULL:
            raise pacs_faults.disk_full() from error
        raise StorageProblem("Not stored: the folder for received studies cannot be written to.",
                             "Give the program a data folder that can be written to (FINEVIEW_DATA).",
                             "read-only") from error
