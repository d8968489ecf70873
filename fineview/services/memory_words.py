"""Bytes as people read them."""

from __future__ import annotations

from fineview.services.session import Session


def in_words(size: int) -> str:
    """671088640 -> "640 MB", 2147483648 -> "2.0 GB"; binary steps, as people expect of memory."""
    megabytes = size / 1024**2
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def memory_text(session: Session) -> str:
    """"640 MB of 2.0 GB"; "" where nobody watches the memory."""
    return f"{in_words(session.memory_used)} of {in_words(session.memory_budget)}" if session.memory_budget else ""
