"""Text out of a file, made fit for one line of a screen."""

from __future__ import annotations

_TEXT_LIMIT = 1024


def printable(value: str) -> str:
    """Without control characters, which terminals and widgets may obey, and not longer than a line can be."""
    return "".join(c if c.isprintable() else " " for c in value[:_TEXT_LIMIT]).strip()
