"""STOW-RS: one object a request, as the bytes on disk; sent once the answer names this very object (PS3.18 10.5)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fineview.core.peer import Node, Receipt, Secrets
from fineview.formats import pacs_faults, pacs_json, wire
from fineview.formats.pacs_http import Service, read_all, serving
from fineview.formats.pacs_leaving import Object, readable
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch

# RFC 9110 15.6.4, RFC 6585 4, RFC 4918 11.5: not for now.
_BUSY = (429, 503, 507)


def send(node: Node, secrets: Secrets, say: Say, objects: list[list[str]]) -> None:
    ready = list(readable(objects, say))
    watch = Watch(node, say)
    with serving(node, secrets) as service:
        for one in ready:
            say({"starting": one.sop_uid})
            say({"receipt": wire.to_plain(_store(service, one, watch.moved))})


class Body:
    """A multipart body of known length that is read from the disk while it is sent."""

    def __init__(self, path: Path, boundary: str, moved: Callable[[int], None]) -> None:
        self._parts: list[Any] = [f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode(), path.open("rb"),
                                  f"\r\n--{boundary}--\r\n".encode()]
        self._moved = moved
        self._length = path.stat().st_size + len(self._parts[0]) + len(self._parts[2])
        self._file = self._parts[1]

    def __len__(self) -> int:
        return self._length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        while self._parts:
            first = self._parts[0]
            if isinstance(first, bytes):
                self._parts.pop(0)
                data = first
            elif not (data := first.read(min(size, 1 << 18) if size > 0 else 1 << 18)):
                self._parts.pop(0)
                continue
            self._moved(len(data))
            return data
        return b""


def _store(service: Service, one: Object, moved: Callable[[int], None]) -> Receipt:
    boundary = uuid.uuid4().hex
    headers = {"Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
               "Accept": "application/dicom+json"}
    with Body(Path(one.path), boundary, moved) as body, service.session.post(
            f"{service.base}/studies", data=body, headers=headers, timeout=service.timeout, stream=True) as response:
        status, answer = response.status_code, read_all(response)
    if status in (401, 403, 404):
        raise pacs_faults.http_status(status)
    if status in _BUSY:
        return Receipt(one.sop_uid, False, f"The peer has no room or time for it now (HTTP {status}).", later=True)
    return receipt(one.sop_uid, status, answer)


def receipt(uid: str, status: int, answer: bytes) -> Receipt:
    """What the service says of the object ``uid``: only its name among the stored ones confirms it."""
    try:
        said = json.loads(answer)
        rows = said if isinstance(said, list) else [said]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError
    except (ValueError, RecursionError):
        return Receipt(uid, False, f"The peer did not confirm it (HTTP {status}).")
    for row in rows:
        for item in pacs_json.items(row, "00081198"):
            if pacs_json.words(item, "00081155") in ("", uid):
                reason = pacs_json.words(item, "00081197") or "none"
                return Receipt(uid, False, f"The peer refused it (reason {reason}).")
    stored = {pacs_json.words(item, "00081155") for row in rows for item in pacs_json.items(row, "00081199")}
    if uid in stored and status in (200, 202):
        return Receipt(uid, True, "")
    return Receipt(uid, False, "The peer confirmed another object." if stored
                   else f"The peer did not confirm it (HTTP {status}).")
