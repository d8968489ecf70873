"""The instrument that made a series, as its files name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """Manufacturer, model and software version (PS3.3 C.7.5.1); "" where the file is silent."""

    maker: str = ""
    model: str = ""
    software: str = ""

    @property
    def words(self) -> str:
        """"Maker Model, software 1.2", or "device unknown"."""
        named = self.model if self.model.lower().startswith(self.maker.lower()) else f"{self.maker} {self.model}"
        software = f"software {self.software}" if self.software else ""
        return ", ".join(part for part in (named.strip(), software) if part) or "device unknown"

    def same_maker(self, other: Device) -> bool | None:
        """None where one of the files does not say.

        The first word counts, without its punctuation: makers write themselves "Carl Zeiss Meditec" and
        "Carl Zeiss Meditec AG".
        """
        mine, theirs = _root(self.maker), _root(other.maker)
        return None if not mine or not theirs else mine == theirs


def _root(maker: str) -> str:
    words = maker.lower().replace(",", " ").replace(".", " ").split()
    return words[0] if words else ""
