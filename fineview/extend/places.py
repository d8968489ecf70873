"""Where plugins lie: folders with a manifest, each with a hash of everything in it that could run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fineview.core.errors import PluginProblem
from fineview.extend.manifest import FILE, Manifest, read_manifest

_MOST_FILES = 500
_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A folder with a ``plugin.toml``.  ``manifest`` is None where it cannot be used, and ``problem`` says why.

    ``sha256``: of names and contents of all its files, "" where they cannot be vouched for.  Compiled leftovers
    (``__pycache__``) count as well, but for a bundled plugin: Python would run one in the place of its source.
    """

    name: str
    folder: Path
    bundled: bool
    sha256: str
    manifest: Manifest | None = None
    problem: PluginProblem | None = None


def find(bundled: Path, own: Path) -> tuple[Found, ...]:
    """Plugins of the program, then the person's, by name.  A bundled name cannot be taken by another."""
    found: dict[str, Found] = {}
    for place, ours in ((bundled, True), (own, False)):
        for folder in _folders(place):
            one = look(folder, ours)
            if folder.name in found:
                one = Found(f"{folder.name} (yours)", folder, False, one.sha256, None, PluginProblem(
                    f"There is a bundled plugin with the name {folder.name}.", "Rename the folder of yours.",
                    "plugin-name"))
            found[one.name] = one
    return tuple(found.values())


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(one for one in place.iterdir() if (one / FILE).is_file())
    except OSError:
        return []


def look(folder: Path, bundled: bool) -> Found:
    """One folder as it is now."""
    try:
        return Found(folder.name, folder, bundled, _hash(folder, bundled), read_manifest(folder))
    except PluginProblem as problem:
        return Found(folder.name, folder, bundled, "", None, problem)


def _hash(folder: Path, bundled: bool) -> str:
    """Raises ``PluginProblem`` where the folder holds what cannot be vouched for."""
    whole, size = hashlib.sha256(), 0
    try:
        files = sorted(one for one in folder.rglob("*") if (one.is_symlink() or not one.is_dir())
                       and not (bundled and one.parent.name == "__pycache__"))
        if len(files) > _MOST_FILES:
            raise ValueError(f"it holds more than {_MOST_FILES} files")
        for file in files:
            if file.is_symlink() or not file.is_file():
                raise ValueError(f"{file.relative_to(folder)} is a link or no plain file")
            size += file.stat().st_size
            if size > _MOST_BYTES:
                raise ValueError(f"it holds more than {_MOST_BYTES >> 20} MB")
            whole.update(f"{file.relative_to(folder).as_posix()}\0".encode("utf-8", "surrogateescape"))
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise PluginProblem(f"The folder of the plugin {folder.name} cannot be used: {why}.",
                            "Copy the plugin again from its author.", "plugin-manifest") from error
    return whole.hexdigest()
