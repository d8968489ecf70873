"""Files as they were when their headers were read: what was overwritten since is not shown under the old names.

A DICOM object says itself which instance it is; an instrument's export or a plain picture does not.
"""

from __future__ import annotations

import os

from fineview.core.errors import InputProblem

_State = tuple[int, int]


class SeenFiles:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._states: dict[str, _State] = {}

    def remember(self, path: str, state: _State | None) -> None:
        """``state``: from before the file was read, so that no later change is missed."""
        if state is not None:
            self._states[path] = state

    def check(self, path: str) -> None:
        """Raises ``InputProblem`` ``changed``; a file that is gone is left to its reader."""
        then, now = self._states.get(path), state_of(path)
        if then is not None and now is not None and now != then:
            raise InputProblem("The file was changed after it was opened, and may hold another patient's images now.",
                               "Open the study again.", "changed")


def state_of(path: str) -> _State | None:
    """When it was last written, and its length; None where it is not there.  Inodes change by themselves on shares."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size
