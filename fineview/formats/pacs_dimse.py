"""What can be asked of a DIMSE peer, one function an operation.  Runs in the network child only."""

from __future__ import annotations

from collections.abc import Callable

from fineview.formats import pacs_find, pacs_get, pacs_store

OPERATIONS: dict[str, Callable[..., None]] = {
    "echo": pacs_find.echo, "find": pacs_find.find, "listed": pacs_find.listed, "retrieve": pacs_get.retrieve,
    "send": pacs_store.send}
