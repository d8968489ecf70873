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
from dataclasses import dataclass
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
from fineview.services.volume_encoding import encoded

HANDS = max(1, min(4, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class _Volume:
    """What every frame of the volume is analysed with."""

    series: Series
    wish: AnalysisWish
    archive: Archive
    engine: Engine
    out: Path
    token: TokenPort

    def pictures(self, keys: Sequence[FrameKey], read: deque[tuple[FrameRequest, float]]
                 ) -> Iterator[NDArray[np.uint8]]:
        """What the engine reads of each frame; ``read`` keeps the request and the seconds of decoding beside it."""
        for key in keys:
            started = time.perf_counter()
            request = read_request(self.series, key, self.wish, self.archive)
            read.append((request, time.perf_counter() - started))
            yield to_rgb(request.raster)

    def finish(self, request: FrameRequest, decode_s: float, encoding: Any) -> dict[str, Any]:
        """Maps, overlay and files of one encoded frame."""
        kept = Encodings()
        kept.keep(self.engine, request.raster, encoding)
        made = request_to_files(self.series, request, decode_s, self.wish, self.engine, kept, self.out, self.token,
                                f"frame_{request.key.index:04d}")
        encode_s = float(encoding.seconds.get("encode", 0.0))
        seconds = made["seconds"]
        return {**made, "seconds": {**seconds, "encode": round(encode_s, 4),
                                    "total": round(seconds["total"] + encode_s, 4)}}


def analyse_volume_to_files(series: Series, keys: Sequence[FrameKey], wish: AnalysisWish, archive: Archive,
                            engine: Engine, out: Path, token: TokenPort) -> list[dict[str, Any]]:
    """The ``analyze`` objects of ``keys`` in order, each frame's files in ``out / frame_NNNN``.

    ``token`` is asked between frames and told how many are done.  Raises what
    :func:`analysis_files.analyse_to_files` raises; the frames written until then are complete.
    """
    stop = _Stop(token)
    job = _Volume(series, wish, archive, engine, out, stop)
    with ThreadPoolExecutor(HANDS, "finish") as hands:
        try:
            return _in_order(job, keys, hands)
        except BaseException:  # Ctrl-C too: the pool would wait for frames that nobody wants any more
            stop.now()
            hands.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(job: _Volume, keys: Sequence[FrameKey], hands: ThreadPoolExecutor) -> list[dict[str, Any]]:
    read: deque[tuple[FrameRequest, float]] = deque()
    made: list[dict[str, Any]] = []
    under_way: deque[Future[dict[str, Any]]] = deque()

    def take() -> None:
        made.append(under_way.popleft().result())
        job.token.report(len(made), len(keys), "analysing")

    job.token.report(0, len(keys), "analysing")
    for encoding in encoded(job.engine, job.pictures(keys, read), job.token):
        under_way.append(hands.submit(job.finish, *read.popleft(), encoding))
        if len(under_way) > HANDS:
            take()
        job.token.raise_if_cancelled()
    while under_way:
        take()
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
