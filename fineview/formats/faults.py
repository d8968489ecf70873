"""Whatever reading a file may raise, as one of our errors."""

from __future__ import annotations

from typing import Any

from fineview.core.errors import FineViewError, InputProblem, LimitExceeded
from fineview.formats import limits


def as_error(error: Exception) -> dict[str, Any]:
    """Family, code, what and remedy of any exception that reading a file may raise."""
    known = _known(error)
    return {"family": type(known).__name__, **known.as_dict()}


def _known(error: Exception) -> FineViewError:
    if isinstance(error, FineViewError):
        return error
    if isinstance(error, MemoryError):
        return LimitExceeded(f"The file needs more memory than the limit of {limits.in_words(limits.MEMORY_BYTES)}.",
                             "Split it into smaller parts, or open it in a program without this limit.", "limit")
    if isinstance(error, RecursionError):
        return LimitExceeded(f"The file's sequences are nested too deeply, limit {limits.NESTING}.",
                             "Ask its sender for a file written by another program.", "nesting")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):  # an archive's member whose archive is closed
        return InputProblem("The file is no longer there.", "Bring it back, or open the study again.", "gone")
    if isinstance(error, PermissionError):
        return InputProblem("The file may not be read.", "Ask its owner for permission to read it.", "not-allowed")
    if isinstance(error, OSError) and error.errno is not None:
        return InputProblem(f"The file could not be read: {error.strerror}.", "Copy it to this machine.", "unreadable")
    return limits.damaged(f"it could not be understood ({type(error).__name__})")


def not_an_image(what: str = "The file is not an image that can be read here.") -> InputProblem:
    """What opens is named in this one place."""
    return InputProblem(what, "Open DICOM, PNG, JPEG, TIFF, BMP or HEYEX (VOL, XML) files.", "not-an-image")
