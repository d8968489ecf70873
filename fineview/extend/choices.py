"""What was decided about plugins, kept across starts: the person's choice, or that one failed and was taken out.

A decision holds for the very files it was made about.  Other files in the place of enabled ones are not enabled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Protocol, get_args, get_type_hints

from fineview.core.errors import StorageProblem
from fineview.core.plugin import PluginState

SETTING = "plugins"


class Kept(Protocol):
    """Settings that outlive the program; the journal fits by shape."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """``state``: on, off or failed.  ``sha256``: of the files it was made about.  ``reason``: why it failed."""

    state: PluginState
    sha256: str
    reason: str = ""


class Choices:
    """By plugin name.  Where the store cannot be written a choice holds until the end."""

    def __init__(self, kept: Callable[[], Kept]) -> None:
        self._kept = kept
        self._made: dict[str, Choice] | None = None

    def of(self, name: str) -> Choice | None:
        return self._all().get(name)

    def make(self, name: str, choice: Choice) -> None:
        """Raises ``StorageProblem`` where it holds for this run only."""
        made = self._all()
        made[name] = choice
        self._kept().set_setting(SETTING, json.dumps({one: asdict(what) for one, what in made.items()}))

    def _all(self) -> dict[str, Choice]:
        if self._made is None:
            with suppress(StorageProblem):  # unreadable: as if nothing had been chosen
                self._made = _read(self._kept().setting(SETTING))
            self._made = self._made or {}
        return self._made


def _read(text: str | None) -> dict[str, Choice]:
    """A setting that cannot be understood holds no choices: nothing of the person's own is then enabled."""
    try:
        held = json.loads(text or "{}")
    except ValueError:
        return {}
    made = {}
    for name, row in held.items() if isinstance(held, dict) else ():
        if isinstance(row, dict) and row.keys() <= get_type_hints(Choice).keys() and {"state", "sha256"} <= row.keys() \
                and row["state"] in get_args(PluginState) and all(isinstance(one, str) for one in row.values()):
            made[name] = Choice(**row)
    return made
