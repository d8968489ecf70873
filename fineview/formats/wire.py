"""Values across the pipe between parent and reading child: JSON for values, raw bytes for pixels, never pickles.

The child parses hostile files, so what it says is checked against the types of our own dataclasses before use.
A message is a 4-byte length, that much JSON, and, where the JSON names ``payload``, that many raw bytes.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import types
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

LENGTH = struct.Struct("<I")
MESSAGE_BYTES = 64 << 20
T = TypeVar("T")
Build = Callable[[Any], Any]


def encode(message: dict[str, Any]) -> bytes:
    body = json.dumps(message, ensure_ascii=True).encode("ascii")
    return LENGTH.pack(len(body)) + body


def to_plain(value: Any) -> Any:
    """Dataclasses -> lists of their fields in order; short, because a volume has hundreds of frames."""
    names = _names(type(value))  # type: ignore[arg-type]
    if names is not None:
        return [to_plain(getattr(value, name)) for name in names]
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def from_plain(kind: type[T], value: Any) -> T:
    """Build ``kind`` again.  Raises ``ValueError`` where the value does not have the declared types."""
    return _builder(kind)(value)  # type: ignore[no-any-return,arg-type]


@cache
def _builder(kind: Any) -> Build:
    """What turns plain values into ``kind``, made once for every type: a thousand headers are built of few types."""
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _of_fields(kind)
    if origin is tuple:
        return _of_tuple(get_args(kind))
    if origin in (Union, types.UnionType):
        return _of_union(get_args(kind))
    if origin is Literal:
        return _of_literal(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _of_number if kind is float else _of_type(kind)


def _of_fields(kind: Any) -> Build:
    hints = get_type_hints(kind)
    builders = [_builder(hints[field.name]) for field in dataclasses.fields(kind)]

    def build(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(builders):
            raise ValueError(f"no {kind}")
        return kind(*[one(item) for one, item in zip(builders, value, strict=True)])

    return build


def _of_tuple(args: tuple[Any, ...]) -> Build:
    endless = len(args) == 2 and args[1] is ...
    builders = [_builder(arg) for arg in args if arg is not ...]

    def build(value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is no list")
        if endless:
            return tuple(map(builders[0], value))
        return tuple([one(item) for one, item in zip(builders, value, strict=True)])

    return build


def _of_union(args: tuple[Any, ...]) -> Build:
    builders = [_builder(arg) for arg in args if arg is not type(None)]
    nothing = type(None) in args

    def build(value: Any) -> Any:
        if value is None and nothing:
            return None
        for one in builders:
            try:
                return one(value)
            except ValueError:
                continue
        raise ValueError(f"{value!r} is none of {args}")

    return build


def _of_literal(kind: Any) -> Build:
    known = get_args(kind)

    def build(value: Any) -> Any:
        if value in known:
            return value
        raise ValueError(f"{value!r} is none of {kind}")

    return build


def _of_number(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"{value!r} is no number")


def _of_type(kind: Any) -> Build:
    def build(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise ValueError(f"{value!r} is no {kind}")

    return build
