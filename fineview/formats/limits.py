"""What the reading child may be asked for, and the words for refusing more."""

from __future__ import annotations

from fineview.core.errors import InputProblem, LimitExceeded

MEMORY_BYTES = 1 << 30
"""Address space of the reading child, its own 160 MB of imports included."""
FRAME_BYTES = 256 << 20
"""Decoded pixels of one frame: a decoder and the way to RGB hold up to three copies at once."""
INFLATE_BYTES = 192 << 20
"""A deflated file once inflated; held in memory, so a bomb may cost no more than this."""
NESTING = 64
FRAMES = 65_536
SIDE = 65_535
ELEMENTS = 2_000_000
HEADER_BYTES = 64 << 20
"""Header without pixels; a longer one is refused before the parser holds it in memory."""
CALL_SECONDS = 10.0
"""Waiting time for one answer: a disk may have to wake up first."""
CPU_SECONDS = 2.0
CPU_BYTES_A_SECOND = 2 << 20
"""Computing time for one file: ``CPU_SECONDS``, and a second more for every so many bytes of it."""
ZIP_MEMBERS = 20_000
ZIP_BYTES = 8 << 30
ZIP_RATIO = 1_000


def in_words(size: float) -> str:
    """1536 -> "1.5 kB"; binary steps, as people expect of memory."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError


def too_large(what: str, needs: int, limit: int) -> LimitExceeded:
    """``what`` begins the sentence: "The picture", "The inflated file"."""
    return LimitExceeded(f"{what} needs {in_words(needs)}, limit {in_words(limit)}.",
                         "Split it into smaller parts, or open it in a program without this limit.", "limit")


def too_slow() -> LimitExceeded:
    what = f"{CPU_SECONDS:g} s and a second for every {in_words(CPU_BYTES_A_SECOND)}"
    return LimitExceeded(f"Reading the file takes more computing than the limit for its size, {what}.",
                         "Ask its sender for another copy.", "time")


def truncated(what: str) -> InputProblem:
    return InputProblem(f"The file is incomplete: {what}.", "Copy it again from its source.", "truncated")


def damaged(what: str) -> InputProblem:
    return InputProblem(f"The file is damaged: {what}.", "Copy it again from its source.", "damaged")
