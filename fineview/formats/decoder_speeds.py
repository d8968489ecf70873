"""How long each installed decoder takes for one frame: what the order in ``codecs`` rests on.  Runs in the child."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fineview.formats import computing
from fineview.formats.codecs import available, package_of
from fineview.formats.opened_files import opened_dicom
from fineview.formats.pixels import by_plugin

_ROUNDS = 15


def speeds(path: str, frame: int) -> Iterator[tuple[dict[str, Any], None]]:
    """Milliseconds of each decoder, best choice first, one after the other in each round, the order turned round."""
    computing.allow_all()  # many decodings of one file are not one reading of it
    opened = opened_dicom(path)
    syntax = str(opened.dataset.file_meta.TransferSyntaxUID)
    plugins = available(syntax)
    found: dict[str, list[float]] = {plugin: [] for plugin in plugins}
    for turn in range(_ROUNDS):
        for plugin in plugins if turn % 2 else reversed(plugins):
            started = time.perf_counter()
            by_plugin(opened, syntax, frame, plugin)
            found[plugin].append(1000 * (time.perf_counter() - started))
    yield {"speeds": [[package_of(plugin, syntax), times] for plugin, times in found.items()]}, None
