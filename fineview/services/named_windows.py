"""Windows by name, one list a modality; a person's own list takes the place of the built-in one.

A list is lines such as ``Lung  W 1500  L -600``, in modality units; the order is that of the keys.
"""

from __future__ import annotations

import json
import math
import re
from typing import Protocol

from fineview.core.errors import RequestProblem
from fineview.core.image import Window
from fineview.imaging.window import NAMED

SETTING = "windows"
# What else is offered of every picture comes after these; more of them would have no key.
MOST_NAMED = 12
_LINE = re.compile(r"(?P<name>\S.*?)\s+W\s*(?P<width>[0-9.]+)\s+L\s*(?P<centre>-?[0-9.]+)", re.IGNORECASE)


class Kept(Protocol):
    """Where the lists outlive the window."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class NamedWindows:
    """``settings`` None: the built-in lists, for scripts and tests."""

    def __init__(self, settings: Kept | None = None) -> None:
        self._settings = settings

    def of(self, modality: str) -> tuple[Window, ...]:
        text = self._own().get(modality)
        if text is None:
            return NAMED.get(modality, ())
        try:
            return from_lines(text)
        except RequestProblem:
            return NAMED.get(modality, ())  # a store written by another version

    def lines(self, modality: str) -> str:
        return to_lines(self.of(modality))

    def change(self, modality: str, text: str) -> None:
        """Keep a person's list; the built-in lines again are no list of one's own.  Raises ``RequestProblem``."""
        wanted, own = to_lines(from_lines(text)), self._own()
        own.pop(modality, None)
        if wanted != to_lines(NAMED.get(modality, ())):
            own[modality] = wanted
        if self._settings is not None:
            self._settings.set_setting(SETTING, json.dumps(own) if own else "")

    def _own(self) -> dict[str, str]:
        stored = self._settings.setting(SETTING) if self._settings is not None else None
        try:
            said = json.loads(stored) if stored else {}
        except ValueError:
            said = {}
        return {str(key): text for key, text in said.items() if isinstance(text, str)} if isinstance(said, dict) else {}


def to_lines(windows: tuple[Window, ...]) -> str:
    return "\n".join(f"{one.name}  W {one.width:g}  L {one.centre:g}" for one in windows)


def from_lines(text: str) -> tuple[Window, ...]:
    """Raises ``RequestProblem`` that names the first line which is no window."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_NAMED:
        raise RequestProblem(f"There are {len(lines)} windows.", f"Keep at most {MOST_NAMED}.", "too-many-windows")
    return tuple(_window(line) for line in lines)


def _window(line: str) -> Window:
    found = _LINE.fullmatch(line)
    try:
        numbers = [float(found[part]) for part in ("centre", "width")] if found is not None else []
    except ValueError:
        numbers = []
    if found is None or not numbers or not all(math.isfinite(one) for one in numbers) or numbers[1] < 1e-6:
        raise RequestProblem(f"This line is no window: {line[:60]}",
                             "Write name, width and level: Lung  W 1500  L -600", "no-window")
    return Window(numbers[0], numbers[1], name=found["name"])
