"""Objects as one line of JSON that every reader can take."""

from __future__ import annotations

import json
import math
from typing import Any


def as_json(value: Any, compact: bool = False) -> str:
    """ASCII only: a file's name may hold bytes that are no text, which no other encoding of the output survives."""
    return json.dumps(plain(value), allow_nan=False, separators=(",", ":") if compact else None)


def plain(value: Any) -> Any:
    """The same object with ``null`` in place of NaN and infinity, which JSON does not have (RFC 8259, section 6)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
