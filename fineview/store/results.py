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
from itertools import pairwise
from pathlib import Path
from typing import Any

from fineview.core.errors import InputProblem
from fineview.core.evidence import ModelIdentity
from fineview.core.measured import Figure, ResultShelf, StoredResult
from fineview.core.promises import Example, OperatingCurve, OperatingPoint, Reliability, ReliabilityBin
from fineview.core.study import Problem

FORMAT = "fineview-result/1"
FILE_BYTES = 1 << 20
FILES = 500
FIGURES = 2_000
WORDS = 400  # characters of one text
CURVES, POINTS, BINS, EXAMPLES = 40, 400, 100, 24
PICTURE_BYTES = 512 * 1024
_ABOUT = {"task", "encoder", "sha256", "scale", "measure", "better", "role", "tolerance"}
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.png")
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
                        own, name, tuple(_curve(one) for one in _few(held, "curves", CURVES) if _of_one_label(one)),
                        tuple(_reliability(one) for one in _few(held, "reliability", CURVES)),
                        tuple(_example(one) for one in _few(held, "examples", EXAMPLES)))


def _identity(held: Mapping[str, Any]) -> ModelIdentity:
    return ModelIdentity(_words(held["name"]), _words(held["version"]), _words(held["sha256"]),
                         calibration=_words(held.get("calibration", "")))


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


def _few(held: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    """A list of objects that a result may have."""
    found = _listed(held.get(name, []), most, name)
    return [_mapping(one) for one in found]


def _listed(value: Any, most: int, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise _Unfit(f"{name} is not a list of at most {most}")
    return value


def _of_one_label(held: Mapping[str, Any]) -> bool:
    """Curves of older versions may pool the suggestions of two labels: they promise nothing of either."""
    return len(_listed(held.get("pooled", []), CURVES, "pooled")) < 2


def _curve(held: Mapping[str, Any]) -> OperatingCurve:
    points = tuple(_point(row) for row in _listed(held["points"], POINTS, "points"))
    if any(later.score <= earlier.score for earlier, later in pairwise(points)):
        raise _Unfit("the scores of a curve do not rise")
    return OperatingCurve(_words(held["label"]), _whole(held["pictures"]), _whole(held["lesions"]), points)


def _point(row: Any) -> OperatingPoint:
    score, found, right, hit, *spans = _listed(row, 8, "a point")
    low, high, least, most = (_number(one) for one in spans)
    return OperatingPoint(_share(score), _whole(found), _whole(right), _whole(hit),
                          None if low is None or high is None else (low, high),
                          None if least is None or most is None else (least, most))


def _reliability(held: Mapping[str, Any]) -> Reliability:
    bins = tuple(ReliabilityBin(_share(one["low"]), _share(one["high"]), _share(one["mean"]), _share(one["share"]),
                                _whole(one["count"])) for one in _few(held, "bins", BINS))
    return Reliability(_words(held["label"]), _words(held["of"]), _whole(held["n"]), _share(held["ece"]), bins)


def _example(held: Mapping[str, Any]) -> Example:
    if not _PICTURE.fullmatch(_words(held["file"])):
        raise _Unfit("a picture's name is not a plain name that ends in .png")
    return Example(held["file"], _words(held["words"]), _words(held["source"]))


def read_picture(folder: Path, name: str) -> bytes:
    """The bytes of a stored picture; b"" where it is gone, no PNG or larger than a small picture is."""
    path = folder / name
    try:
        if not _PICTURE.fullmatch(name) or not path.is_file() or path.stat().st_size > PICTURE_BYTES:
            return b""
        data = path.read_bytes()
    except OSError:
        return b""
    return data if data.startswith(b"\x89PNG") else b""


def _share(value: Any) -> float:
    number = _number(value)
    if number is None or not 0 <= number <= 1:
        raise _Unfit("a share is not between 0 and 1")
    return number


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
