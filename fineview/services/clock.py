"""The wall clock, read in one place and handed in everywhere else."""

from __future__ import annotations

from datetime import datetime


def now_iso() -> str:
    """Local time with offset, seconds resolution, ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
