"""Files whose headers were parsed already: scrolling through a series, or its objects, must not parse one again."""

from __future__ import annotations

import io
import os
from collections import OrderedDict

from fineview.formats.part10 import OpenFile, open_dicom

_KEPT = 6
_HELD_BYTES = 64 << 20
"""Inflated files are held in memory; this much of the reader's may be taken by those not asked for now."""
_opened: OrderedDict[tuple[str, int, int], OpenFile] = OrderedDict()


def opened_dicom(path: str) -> OpenFile:
    """As :func:`open_dicom`, but one that stays open until others were asked for; not to be closed by the caller.

    A file that was changed meanwhile is opened anew.
    """
    stat = os.stat(path)
    key = (path, stat.st_mtime_ns, stat.st_size)
    if key not in _opened:
        # The one asked for last stays: an object is drawn on the image that was opened just before it.
        while len(_opened) > 1 and (len(_opened) >= _KEPT or sum(map(_held, _opened.values())) > _HELD_BYTES):
            _opened.popitem(last=False)[1].source.close()
        _opened[key] = open_dicom(path)
    _opened.move_to_end(key)
    return _opened[key]


def _held(opened: OpenFile) -> int:
    return opened.size if isinstance(opened.source, io.BytesIO) else 0
