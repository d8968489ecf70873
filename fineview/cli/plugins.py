"""``fineview plugins list|enable|disable``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from fineview.cli.study import opened
from fineview.core.errors import WrongWords
from fineview.core.plugin import PluginEntry


def plugins(wish: argparse.Namespace) -> Any:
    """Show or change which plugins run; the choice is kept across starts."""
    if (wish.action == "list") != (wish.name is None):
        raise WrongWords("\"list\" takes no name, \"enable\" and \"disable\" take one.",
                         "Example: fineview plugins enable eyepy_reader")
    with opened(wish) as app:
        if wish.action == "list":
            found = app.plugins.entries()
            return {"plugins": [_row(one) for one in found]} if wish.json else _say(found)
        changed = (app.plugins.enable if wish.action == "enable" else app.plugins.disable)(wish.name)
    return _row(changed) if wish.json else _say((changed,))


def _row(one: PluginEntry) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(one).items()}


def _say(found: tuple[PluginEntry, ...]) -> int:
    for one in found:
        whose = "bundled" if one.bundled else "your own"
        print(f"{one.name} {one.version}".strip() + f"  {one.state}  {whose}  {one.summary}".rstrip())
        if one.reason:
            print(f"  {one.reason} {one.remedy}".rstrip())
    if not found:
        print("There are no plugins.")
    return 0
