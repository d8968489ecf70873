"""Values that JSON can hold: it has no NaN and no infinity (RFC 8259, section 6)."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """The same object with ``null`` in place of numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
