"""Stored results, read from folders of JSON files: shipped ones and the person's own.

A file is untrusted: its size, its nesting, every type and every length is checked, and one that does not fit becomes
a problem with a reason and costs no other file.  Written by ``fineview.lab.stored``.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fineview.core.errors import InputProblem
from fineview.core.evidence import ModelIdentity
from fineview.core.measured import Figure, ResultShelf, StoredResult
from fineview.core.study import Problem

FORMAT = "fineview-result/1"
FILE_BYTES = 1 << 20
FILES = 500
FIGURES = 2_000
WORDS = 400  # characters of one text
_ABOUT = {"task", "encoder", "sha256", "scale", "measure", "better", "role"}
_MADE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_REMEDY = "Remove it from the folder of results, or measure again with \"fineview evaluate WHAT --keep\"."


def read_results(shipped: Path, own: Path) -> ResultShelf:
    """Every result of the two folders, oldest first; a folder that is not there holds none."""
    results, problems = [], []
    for folder, mine in ((shipped, False), (own, True)):
        for path in sorted(folder.glob("*.json"))[:FILES]:
            try:
                results.append(read_result(path, mine))
            except InputProblem as error:
                problems.append(Problem(str(path), error.code, error.what, error.remedy))
    return ResultShelf(tuple(sorted(results, key=lambda one: (one.made, one.own))), tuple(problems))


def read_result(path: Path, own: bool = False) -> StoredResult:
    """One result.  Raises ``InputProblem`` ``result-size``, ``result-format`` or ``not-found``."""
    try:
        held = json.loads(_text(path), parse_constant=_refuse)
        return _result(_mapping(held), own, path.name)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        detail = str(error) if isinstance(error, _Unfit) else type(error).__name__
        raise InputProblem(f"{path.name} is no stored result ({detail}).", _REMEDY, "result-format") from error


class _Unfit(ValueError):
    """Something in the file that is not as it should be, in words."""


def _text(path: Path) -> str:
    try:
        # Not blocking: a pipe that waits for a writer must not hold the reader.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise InputProblem(f"{path.name} is no ordinary file.", _REMEDY, "result-format")
            with os.fdopen(opened, "rb", closefd=False) as stream:
                data = stream.read(FILE_BYTES + 1)
        finally:
            os.close(opened)
    except OSError as error:
        raise InputProblem(f"{path.name} cannot be read ({error.strerror}).", _REMEDY, "not-found") from error
    if len(data) > FILE_BYTES:
        raise InputProblem(f"{path.name} is larger than {FILE_BYTES >> 20} MB, the limit for a stored result.", _REMEDY,
                           "result-size")
    return data.decode("utf-8")


def _result(held: Mapping[str, Any], own: bool, name: str) -> StoredResult:
    if held.get("format") != FORMAT:
        raise _Unfit(f"its format is not {FORMAT}")
    made = _words(held["made"])
    if not _MADE.fullmatch(made):
        raise _Unfit("its date is not UTC in ISO 8601")
    figures = held["figures"]
    if not isinstance(figures, list) or len(figures) > FIGURES:
        raise _Unfit(f"figures is not a list of at most {FIGURES}")
    encoder = held["encoder"]
    return StoredResult(_words(held["what"]), made, _words(held["software"]),
                        None if encoder is None else _identity(_mapping(encoder)), _words(held["data"]),
                        _whole(held["seed"]), _words(held["machine"]), tuple(_figure(_mapping(one)) for one in figures),
                        own, name)


def _identity(held: Mapping[str, Any]) -> ModelIdentity:
    return ModelIdentity(_words(held["name"]), _words(held["version"]), _words(held["sha256"]))


def _figure(held: Mapping[str, Any]) -> Figure:
    span = held["interval"]
    if span is not None and (not isinstance(span, list) or len(span) != 2):
        raise _Unfit("an interval is not a pair")
    low, high = (None, None) if span is None else (_number(span[0]), _number(span[1]))
    met = held["met"]
    if met is not None and not isinstance(met, bool):
        raise _Unfit("met is neither true, false nor null")
    return Figure(_words(held["name"]), _number(held["value"]), _words(held["unit"]), _whole(held["n"]),
                  None if low is None or high is None else (low, high), _number(held["goal"]), met,
                  {_words(name): _number(value) for name, value in _mapping(held["baselines"]).items()},
                  {name: _words(value) for name, value in _mapping(held.get("about", {})).items() if name in _ABOUT})


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit("an object is missing where one belongs")
    return value


def _words(value: Any) -> str:
    """One line of text: what is printed beside figures must not move the cursor or hide them."""
    if not isinstance(value, str) or len(value) > WORDS or not (value.isprintable()):
        raise _Unfit(f"a text is not one line of at most {WORDS} characters")
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Unfit("a number is not finite")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise _Unfit("a count is not a whole number from 0")
    return value


def _refuse(word: str) -> float:
    raise _Unfit(f"{word} is no number")
