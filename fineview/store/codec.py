"""Frozen values <-> JSON text, exactly: what comes back equals what went in.

One pair of functions driven by the type hints of the dataclasses, so that a new field needs no second list here.  A
field that an older row does not know takes the dataclass's default.  Text is pure ASCII (``\\uXXXX``), so that lone
surrogates from odd file names survive too.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def dumps(value: object) -> str:
    """Canonical text of a dataclass value.  Raises ``ValueError`` for NaN and infinity, which JSON has no word for."""
    return json.dumps(_plain(value), separators=(",", ":"), sort_keys=True, allow_nan=False)


def loads(kind: type[T], text: str) -> T:
    """Rebuild a ``kind`` from ``dumps`` text.  Raises ``ValueError`` or ``TypeError`` where it does not fit."""
    value = _rebuild(kind, json.loads(text))
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _rebuild(hint: Any, data: Any) -> Any:
    """``data`` as a value of the type ``hint`` (dataclass, enum, tuple, optional or plain)."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        choices = [one for one in typing.get_args(hint) if one is not type(None)]
        return None if data is None else _rebuild(choices[0], data)
    if origin is tuple:
        return _rebuild_tuple(typing.get_args(hint), data)
    if origin is None and dataclasses.is_dataclass(hint):
        kind: Any = hint
        known = _hints(kind)
        return kind(**{name: _rebuild(known[name], one) for name, one in data.items() if name in known})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    return data


def _rebuild_tuple(inner: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_rebuild(inner[0], one) for one in data)
    return tuple(_rebuild(hint, one) for hint, one in zip(inner, data, strict=True))
