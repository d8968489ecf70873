"""Values across the pipe between parent and reading child: JSON for values, raw bytes for pixels, never pickles.

The child parses hostile files, so what it says is checked against the types of our own dataclasses before use.
A message is a 4-byte length, that much JSON, and, where the JSON names ``payload``, that many raw bytes.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import types
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

LENGTH = struct.Struct("<I")
MESSAGE_BYTES = 64 << 20
T = TypeVar("T")


def encode(message: dict[str, Any]) -> bytes:
    body = json.dumps(message, ensure_ascii=True).encode("ascii")
    return LENGTH.pack(len(body)) + body


def to_plain(value: Any) -> Any:
    """Dataclasses -> lists of their fields in order; short, because a volume has hundreds of frames."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def from_plain(kind: type[T], value: Any) -> T:
    """Build ``kind`` again.  Raises ``ValueError`` where the value does not have the declared types."""
    return _build(kind, value)  # type: ignore[no-any-return]


@cache
def _hints(kind: type) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[field.name] for field in dataclasses.fields(kind))


def _build(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        if not isinstance(value, list) or len(value) != len(hints):
            raise ValueError(f"no {kind}")
        return kind(*(_build(hint, item) for hint, item in zip(hints, value, strict=True)))  # type: ignore[operator]
    if origin is tuple:
        return _build_tuple(get_args(kind), value)
    if origin in (Union, types.UnionType):
        return _build_union(get_args(kind), value)
    if origin is Literal:
        if value in get_args(kind):
            return value
        raise ValueError(f"{value!r} is none of {kind}")
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise ValueError(f"{value!r} is no {kind}")


def _build_tuple(args: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    if len(args) == 2 and args[1] is ...:
        return tuple(_build(args[0], item) for item in value)
    return tuple(_build(arg, item) for arg, item in zip(args, value, strict=True))


def _build_union(args: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in args:
        return None
    for arg in args:
        if arg is not type(None):
            try:
                return _build(arg, value)
            except ValueError:
                continue
    raise ValueError(f"{value!r} is none of {args}")
