"""What the program knows of a plugin without running any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

PluginState = Literal["on", "off", "failed", "unusable"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Files that a reader knows.  ``words``: what they are called.

    ``magic``: (offset, bytes) pairs of which one must be there, among a file's first 512 bytes; where there are none
    the name has to end in one of ``suffixes`` (small letters, with the dot).
    """

    words: str
    suffixes: tuple[str, ...] = ()
    magic: tuple[tuple[int, bytes], ...] = ()

    def fits(self, head: bytes, path: str) -> bool:
        if self.magic:
            return any(head[at:at + len(these)] == these for at, these in self.magic)
        return PurePath(path).suffix.lower() in self.suffixes


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One row of the list of plugins.

    ``bundled``: shipped with the program; others lie in the person's own folder and run only once enabled.
    ``chosen``: whether it is wanted, which ``enable`` and ``disable`` change.  ``state``: what becomes of that;
    "failed": it broke and was taken out, "unusable": it lacks something or its manifest is wrong.
    ``reason``, ``remedy``: why it is not on, as sentences; empty where it is.
    """

    name: str
    state: PluginState
    bundled: bool
    path: str
    chosen: bool = False
    version: str = ""
    licence: str = ""
    summary: str = ""
    hooks: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""
