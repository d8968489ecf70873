"""From what a person chose (files, folders) to a list of plain files, without ever leaving the chosen place."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from fineview.core.errors import InputProblem
from fineview.core.study import Problem

_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort key by which slice9 comes before slice10."""
    return tuple((part.isdigit(), int(part) if part.isdecimal() and len(part) < 19 else 0, part)
                 for part in re.split(r"(\d+)", name.casefold()))


def files_below(root: Path) -> tuple[list[str], list[Problem]]:
    """Regular files below ``root`` in natural order.  Links that lead outside are named and not followed."""
    found: list[str] = []
    problems: list[Problem] = []
    inside = root.resolve()
    # Links to folders are not descended into, so a loop cannot catch us.
    for folder, folders, names in os.walk(root, onerror=lambda e: problems.append(_closed(e))):
        folders[:] = sorted((n for n in folders if not _hidden(n)), key=natural)
        for name in sorted((n for n in names if not _hidden(n)), key=natural):
            path = Path(folder, name)
            problem = _refusal(path, inside)
            if problem is None:
                found.append(str(path))
            else:
                problems.append(problem)
    return found, problems


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _SYSTEM_FILES


def _refusal(path: Path, inside: Path) -> Problem | None:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            return Problem(str(path), "link", "A link that leads outside the folder was skipped.",
                           "Open the file it points to by itself.")
        if not stat.S_ISREG(path.stat().st_mode):
            return Problem(str(path), "not-a-file", "This is no plain file and was skipped.", "Open a file.")
    except (OSError, RuntimeError):
        return Problem(str(path), "link", "A link that leads nowhere was skipped.", "Remove it.")
    return None


def _closed(error: OSError) -> Problem:
    return Problem(str(error.filename or ""), "not-allowed", "A folder may not be read.", "Ask its owner.")


def file_above(path: Path) -> Path | None:
    """The plain file that a path leads into, as ``study.zip/member`` does; ``None`` for what lies in folders."""
    try:
        return next((one for one in path.parents if one.is_file()), None)
    except OSError:
        return None


def check_exists(path: Path) -> None:
    """Raises ``InputProblem`` ``not-found`` or ``not-allowed``."""
    try:
        there = path.exists()
    except OSError as error:
        raise InputProblem(f"{path} may not be read.", "Ask its owner for permission.", "not-allowed") from error
    if not there:
        raise InputProblem(f"There is no {path}.", "Check the name, or whether the disk is connected.", "not-found")


def resolve_references(directory: Path, references: Sequence[Sequence[str]]) -> tuple[list[str], list[Problem]]:
    """Files that a DICOMDIR names, below its own folder; names that lead outside are counted, not opened."""
    root = directory.parent.resolve()
    found: list[str] = []
    problems: list[Problem] = []
    outside = 0
    for words in references:
        if any(word in ("..", ".") or "/" in word or "\0" in word for word in words):
            outside += 1
            continue
        path = _existing(root, words)
        if path is None:
            name = "/".join(words)
            problems.append(Problem(name, "not-found", "The disc's directory names a file that is not there.",
                                    "Copy the whole disc."))
        elif not path.resolve().is_relative_to(root) or not path.is_file():
            outside += 1
        else:
            found.append(str(path))
    if outside:
        words_of = "1 entry points" if outside == 1 else f"{outside} entries point"
        skipped = "was" if outside == 1 else "were"
        problems.append(Problem(str(directory), "outside", f"{words_of} outside the disc and {skipped} skipped.",
                                "Ask its sender for another copy."))
    return found, problems


def _existing(root: Path, words: Sequence[str]) -> Path | None:
    """As written, or in the case that some copying programs change names to."""
    for change in (str, str.lower, str.upper):
        path = root.joinpath(*(change(word) for word in words))
        if path.exists() or path.is_symlink():
            return path
    return None
