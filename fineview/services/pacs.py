"""Peers of the clinic: which there are, whether they answer, what they have, and bringing it here.

Every method but ``nodes`` may wait for a network and is called on a worker.  Nothing is connected before it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fineview.core.errors import PeerProblem, RequestProblem, StorageProblem
from fineview.core.peer import (
    Arrived,
    Matches,
    Node,
    Query,
    Retrieved,
    Secrets,
    Wish,
    checked,
    checked_query,
    checked_wish,
    hashed_name,
    is_uid,
)
from fineview.services.clock import now_iso
from fineview.services.ports import Journal, OutboxPort, Peer, TokenPort, Vault


class Pacs:
    """``environment``: secrets that a script hands in for this run; they win over those in the keyring."""

    def __init__(self, peer: Peer, store: OutboxPort, vault: Vault, journal: Journal,
                 environment: Secrets | None = None) -> None:
        self._peer, self._store, self._vault, self._journal = peer, store, vault, journal
        self._environment = environment or Secrets()

    def nodes(self) -> tuple[Node, ...]:
        return self._store.nodes()

    def node(self, name: str) -> Node:
        """Raises ``RequestProblem`` ``no-node``."""
        for one in self.nodes():
            if one.name == name:
                return one
        raise RequestProblem(f"There is no PACS node \"{name}\".",
                             "\"fineview pacs nodes\" lists those at hand, \"fineview pacs add\" adds one.", "no-node")

    def add(self, node: Node, secrets: Secrets | None = None) -> bool:
        """Keep a node, and its secrets in the keyring; False where they last only until the program ends.

        A node of the same name is replaced, and its secrets with it: they may have been another peer's.

        Raises ``RequestProblem``; ``StorageProblem`` where the keyring refuses to let go of the old ones.
        """
        node = checked(node)
        if secrets is not None and secrets.token and not node.shielded:
            raise RequestProblem("A token would be sent where others can read it.",
                                 "Give an https address, or add the node without a token.", "token-in-the-clear")
        if any(one.name == node.name for one in self.nodes()) and not self._vault.drop(node.name):
            # Else the old token would go to the new address.
            raise _kept_secrets(node.name, "The node stays as it was")
        self._store.keep_node(node)
        return True if secrets is None else self._vault.keep(node.name, secrets)

    def remove(self, name: str) -> None:
        """Forget a node and its secrets.  Parcels to it stay in the outbox.

        Raises ``RequestProblem``; ``StorageProblem`` where the node is gone and the keyring keeps its secrets.
        """
        self.node(name)
        self._store.drop_node(name)
        if not self._vault.drop(name):
            raise _kept_secrets(name, "The node is gone")

    def secrets(self, name: str) -> Secrets:
        known = self._vault.get(name)
        return Secrets(self._environment.token or known.token, self._environment.passphrase or known.passphrase)

    def echo(self, name: str, token: TokenPort) -> Node:
        """Returns the node where it answered.  Raises ``PeerProblem``."""
        node = self.node(name)
        self._peer.echo(node, self.secrets(name), token)
        return node

    def find(self, name: str, query: Query, token: TokenPort) -> Matches:
        """Raises ``PeerProblem``, and ``RequestProblem`` for a query that makes no sense."""
        node = self.node(name)
        return self._peer.find(node, self.secrets(name), checked_query(query), token)

    def retrieve(self, name: str, wish: Wish, token: TokenPort,
                 on_arrived: Callable[[Arrived], None] = lambda one: None) -> Retrieved:
        """Bring a study or series here.  Raises ``PeerProblem``, ``LimitExceeded``, ``StorageProblem``, ``Cancelled``.

        What had arrived by then stays in the folder, under its hashed names, and in the audit trail.
        """
        node, came = self.node(name), list[Arrived]()

        def arrived(one: Arrived) -> None:
            came.append(one)
            on_arrived(one)
        done: Retrieved | None = None
        try:
            done = self._peer.retrieve(node, self.secrets(name), checked_wish(wish), token, arrived)
        finally:
            if came or done is not None:
                self._note("retrieve", {
                    "node": hashed(name), "study": wish.study_uid, "series": wish.series_uid, "objects": str(len(came)),
                    "refused": str(len(done.refused)) if done is not None else "broken off",
                    "other_patient": str(sum(one.stranger for one in came))})
        if not done.arrived:
            why = done.refused[0].why if done.refused else "The peer sent nothing."
            raise PeerProblem(f"Nothing of it could be stored. {why}",
                              "Ask the administrator of the PACS to look at its log.", "peer-nothing")
        return done

    def listed(self, name: str, studies: Sequence[str], token: TokenPort) -> frozenset[str]:
        """SOP instance UIDs of all that the peer lists of these studies.  Raises ``PeerProblem``."""
        return self._peer.listed(self.node(name), self.secrets(name), studies, token)

    def frames(self, name: str, wish: Wish, sop_uid: str, numbers: Sequence[int], token: TokenPort
               ) -> tuple[Path, ...]:
        """Frames (from 1) of one object, as the peer holds them.  Raises ``PeerProblem``, ``RequestProblem``."""
        node = self.node(name)
        if not is_uid(sop_uid):
            raise RequestProblem("That is not the UID of an object.", "A UID is made of numbers and dots.", "uid")
        made = self._peer.frames(node, self.secrets(name), checked_wish(wish), sop_uid, tuple(numbers), token)
        self._note("retrieve", {"node": hashed(name), "study": wish.study_uid, "series": wish.series_uid,
                                "object": sop_uid, "frames": str(len(made))})
        return made

    def _note(self, event: str, detail: dict[str, str]) -> None:
        if not self._journal.read_only:
            self._journal.audit(event, detail, now_iso())


def hashed(name: str) -> str:
    """A node in the audit trail: a person may have put any name into it."""
    return hashed_name(name)[:16]


def _kept_secrets(name: str, so: str) -> StorageProblem:
    return StorageProblem(f"{so}: the keyring does not let go of the secrets of {name}.",
                          "Unlock the keyring, or delete the entries \"FineView PACS\" in it by hand.", "keyring")
