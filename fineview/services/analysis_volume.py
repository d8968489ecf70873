"""All frames of a volume as files: decoding, encoding, and finishing of different frames overlap.

An engine that has ``encode_many`` takes a few frames at a time; maps, overlays and files of the frames before are made
by threads meanwhile.  However long the volume, no more than a few frames are in memory.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import Cancelled
from fineview.core.study import FrameKey, Series
from fineview.imaging.window import to_rgb
from fineview.services.analyse import FrameRequest
from fineview.services.analysis_files import AnalysisWish, read_request, request_to_files
from fineview.services.encodings import Encodings
from fineview.services.ports import Archive, Engine, TokenPort

HANDS = max(1, min(4, os.cpu_count() or 1))


def analyse_volume_to_files(series: Series, keys: Sequence[FrameKey], wish: AnalysisWish, archive: Archive,
                            engine: Engine, out: Path, token: TokenPort) -> list[dict[str, Any]]:
    """The ``analyze`` objects of ``keys`` in order, each frame's files in ``out / frame_NNNN``.

    ``token`` is asked between frames and told how many are done.  Raises what
    :func:`analysis_files.analyse_to_files` raises; the frames written until then are complete.
    """
    read: deque[tuple[FrameRequest, float]] = deque()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for key in keys:
            started = time.perf_counter()
            request = read_request(series, key, wish, archive)
            read.append((request, time.perf_counter() - started))
            yield to_rgb(request.raster)

    stop = _Stop(token)

    def finish(request: FrameRequest, decode_s: float, encoding: Any) -> dict[str, Any]:
        kept = Encodings()
        kept.keep(engine, request.raster, encoding)
        made = request_to_files(series, request, decode_s, wish, engine, kept, out, stop,
                                f"frame_{request.key.index:04d}")
        encode_s = float(encoding.seconds.get("encode", 0.0))
        seconds = made["seconds"]
        return {**made, "seconds": {**seconds, "encode": round(encode_s, 4),
                                    "total": round(seconds["total"] + encode_s, 4)}}

    made: list[dict[str, Any]] = []
    under_way: deque[Future[dict[str, Any]]] = deque()
    token.report(0, len(keys), "analysing")
    with ThreadPoolExecutor(HANDS, "finish") as hands:
        try:
            for encoding in _encoded(engine, pictures(), token):
                under_way.append(hands.submit(finish, *read.popleft(), encoding))
                while len(under_way) > HANDS:
                    made.append(under_way.popleft().result())
                    token.report(len(made), len(keys), "analysing")
                token.raise_if_cancelled()
            for last in under_way:
                made.append(last.result())
                token.report(len(made), len(keys), "analysing")
        except BaseException:  # Ctrl-C too: the pool would wait for frames that nobody wants any more
            stop.now()
            hands.shutdown(wait=False, cancel_futures=True)
            raise
    return made


class _Stop:
    """The caller's token for threads that may outlive the caller's wish."""

    def __init__(self, token: TokenPort) -> None:
        self._token, self._over = token, threading.Event()

    def now(self) -> None:
        self._over.set()

    def raise_if_cancelled(self) -> None:
        if self._over.is_set():
            raise Cancelled
        self._token.raise_if_cancelled()

    def report(self, done: float, total: float, words: str = "") -> None:
        self._token.report(done, total, words)


def _encoded(engine: Engine, pictures: Iterator[NDArray[np.uint8]], token: TokenPort) -> Iterator[Any]:
    many = getattr(engine, "encode_many", None)
    if many is not None:
        yield from many(pictures, token)
        return
    for picture in pictures:
        yield engine.encode(picture, token)
