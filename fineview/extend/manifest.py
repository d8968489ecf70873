"""``plugin.toml``: what a plugin says of itself, read and checked before anything of it runs.

    [plugin]
    name = "eyepy_reader"           # the folder's name
    version = "0.1.0"
    licence = "Apache-2.0"          # an SPDX expression
    summary = "What it does, in one line"
    api = 1                         # the version of fineview.api it was written for
    entry = "reader:Reader"         # file in the folder, without .py, and the class in it
    hooks = ["instrument_reader"]   # fineview.extend.hooks
    requires = ["eyepy>=0.21,<0.22"]  # packages it needs, as pip takes them

    [[reads]]                       # for readers: which files to ask it for
    words = "Heidelberg E2E"
    suffixes = [".e2e"]
    magic = [{ at = 0, text = "CMDb" }]   # text: one byte a character (Latin-1)

    [[names]]                       # files that it knows and does not read, with what to tell the person
    words = "Topcon FDA"
    magic = [{ at = 0, text = "FOCT" }]
    remedy = "What to do."
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fineview.core.errors import PluginProblem
from fineview.core.plugin import Signature
from fineview.extend.hooks import API_VERSION, HOOKS
from fineview.extend.requirements import is_requirement

T = TypeVar("T")
FILE = "plugin.toml"
HEAD_BYTES = 512
_MOST_BYTES = 64 << 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERSION = re.compile(r"\d+(\.\d+){0,3}[a-z0-9.+-]{0,20}")
_ENTRY = re.compile(r"([a-z_][a-z0-9_]*):([A-Za-z_]\w*)", re.ASCII)
_PLUGIN_KEYS = frozenset({"name", "version", "licence", "summary", "api", "entry", "hooks", "requires"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked ``plugin.toml``.  ``names``: signatures with the remedy for files that it knows and does not read."""

    name: str
    version: str
    licence: str
    summary: str
    module: str
    attribute: str
    hooks: tuple[str, ...]
    requires: tuple[str, ...] = ()
    reads: tuple[Signature, ...] = ()
    names: tuple[tuple[Signature, str], ...] = ()


def read_manifest(folder: Path) -> Manifest:
    """Raises ``PluginProblem``: ``plugin-manifest`` where it is wrong, ``plugin-version`` for another plugin window."""
    try:
        with (folder / FILE).open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError(f"it is longer than {_MOST_BYTES >> 10} kB")
        return _checked(tomllib.loads(text.decode("utf-8")), folder)
    except OSError as error:
        raise _wrong(folder, f"it could not be read ({error.strerror})") from error
    except RecursionError as error:
        raise _wrong(folder, "it is nested too deeply") from error
    except ValueError as error:  # of TOML, of the encoding, and our own
        raise _wrong(folder, str(error)) from error


def _wrong(folder: Path, why: str) -> PluginProblem:
    return PluginProblem(f"The manifest of the plugin {folder.name} is not valid: {' '.join(why.split())[:200]}.",
                         "Ask its author for a corrected one.", "plugin-manifest")


def _checked(whole: dict[str, Any], folder: Path) -> Manifest:
    _only(whole, {"plugin", "reads", "names"}, "the manifest")
    table = whole.get("plugin")
    if not isinstance(table, dict):
        raise ValueError("[plugin] is missing")
    api = _of(table, "api", int, lambda value: not isinstance(value, bool))
    if api != API_VERSION:
        raise PluginProblem(f"The plugin {folder.name} was written for version {api} of the plugin window; this "
                            f"FineView has {API_VERSION}.", "Look for another version of the plugin.", "plugin-version")
    _only(table, _PLUGIN_KEYS, "[plugin]")
    name = _text(table, "name", _NAME)
    if name != folder.name:
        raise ValueError(f"it names \"{name}\", but its folder is \"{folder.name}\"")
    entry = _ENTRY.fullmatch(_text(table, "entry", _ENTRY))
    assert entry is not None
    if not (folder / f"{entry[1]}.py").is_file():
        raise ValueError(f"there is no file {entry[1]}.py for its entry")
    hooks = _texts(table, "hooks", lambda one: one in HOOKS)
    requires = _texts(table, "requires", is_requirement) if "requires" in table else ()
    reads = tuple(_signature(one, {"words", "suffixes", "magic"}) for one in _tables(whole, "reads"))
    if not hooks or ("instrument_reader" in hooks) != bool(reads):
        raise ValueError("a reader needs at least one [[reads]], and only a reader has any")
    names = tuple((_signature(one, {"words", "suffixes", "magic", "remedy"}), _text(one, "remedy"))
                  for one in _tables(whole, "names"))
    return Manifest(name, _text(table, "version", _VERSION), _text(table, "licence"), _text(table, "summary"),
                    entry[1], entry[2], hooks, requires, reads, names)


def _signature(table: dict[str, Any], keys: set[str]) -> Signature:
    _only(table, keys, "a signature")
    suffixes = _texts(table, "suffixes", lambda one: one.startswith(".") and one == one.lower() and len(one) < 12) \
        if "suffixes" in table else ()
    magic = tuple(_magic(one) for one in _tables(table, "magic"))
    if not suffixes and not magic:
        raise ValueError("a signature needs suffixes or magic")
    return Signature(_text(table, "words"), suffixes, magic)


def _magic(table: dict[str, Any]) -> tuple[int, bytes]:
    _only(table, {"at", "text"}, "magic")
    at, text = _of(table, "at", int, lambda value: 0 <= value < HEAD_BYTES), _of(table, "text", str)
    these = text.encode("latin-1", "strict") if all(ord(one) < 256 for one in text) else b""
    if len(these) < 3 or at + len(these) > HEAD_BYTES:  # two bytes fit one file in 65,536 by chance
        raise ValueError(f"magic needs 3 bytes or more within the first {HEAD_BYTES}")
    return at, these


def _only(table: dict[str, Any], keys: set[str] | frozenset[str], where: str) -> None:
    unknown = sorted(table.keys() - keys)
    if unknown:
        raise ValueError(f"{where} has no \"{unknown[0]}\"")


def _of(table: dict[str, Any], key: str, kind: type[T], good: Callable[[T], bool] = lambda _: True) -> T:
    value = table.get(key)
    if not isinstance(value, kind) or not good(value):
        raise ValueError(f"\"{key}\" is missing or wrong")
    return value


def _text(table: dict[str, Any], key: str, form: re.Pattern[str] | None = None) -> str:
    """One line of at most 200 characters."""
    return _of(table, key, str, lambda text: bool(text.strip()) and text.isprintable() and len(text) <= 200
               and (form is None or form.fullmatch(text) is not None))


def _texts(table: dict[str, Any], key: str, good: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(_list(table, key, lambda one: isinstance(one, str) and good(one)))


def _tables(table: dict[str, Any], key: str) -> tuple[dict[str, Any], ...]:
    return tuple(_list(table, key, lambda one: isinstance(one, dict))) if key in table else ()


def _list(table: dict[str, Any], key: str, good: Callable[[Any], bool]) -> list[Any]:
    many: list[Any] = _of(table, key, list)
    if len(many) > 50 or not all(good(one) for one in many):
        raise ValueError(f"\"{key}\" is missing or wrong")
    return many
