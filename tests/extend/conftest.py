"""Plugins written for a test, and settings in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MANIFEST: dict[str, Any] = {
    "name": "acme_reader", "version": "1.2.0", "licence": "MIT", "summary": "Reads Acme files", "api": 1,
    "entry": "acme:Reader", "hooks": ["instrument_reader"]}
READS = '[[reads]]\nwords = "Acme"\nsuffixes = [".acme"]\nmagic = [{ at = 2, text = "ACM\\u0000" }]\n'


def toml(table: dict[str, Any], more: str = READS) -> str:
    rows = (f"{key} = {value!r}" if not isinstance(value, str) else f'{key} = "{value}"'
            for key, value in table.items())
    return "[plugin]\n" + "\n".join(rows) + "\n" + more


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a plugin into ``bundled`` or ``own`` below the test's folder; keywords replace keys, None takes one out."""
    def made(place: str = "own", more: str = READS, code: str = "class Reader: ...\n", **changed: Any) -> Path:
        table = {key: value for key, value in {**MANIFEST, **changed}.items() if value is not None}
        folder = tmp_path / place / str(table.get("name", "acme_reader"))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.toml").write_text(toml(table, more), "utf-8")
        (folder / "acme.py").write_text(code, "utf-8")
        return folder

    return made


class Kept:
    """Settings that outlive a host."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def setting(self, name: str) -> str | None:
        return self.rows.get(name)

    def set_setting(self, name: str, value: str) -> None:
        self.rows[name] = value


@pytest.fixture
def kept() -> Kept:
    return Kept()
