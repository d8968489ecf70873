"""The one part of a multipart answer, from the wire to a file, without holding it in memory (RFC 2387, PS3.18 8.6).

dicomweb-client would parse and write the object anew; here the file gets the bytes that the peer holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from fineview.formats import pacs_faults
from fineview.formats.pacs_http import Service

_CHUNK = 1 << 18
_HEAD_BYTES = 16 << 10
_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def receive(service: Service, address: str, target: Path, came: Callable[[int], None]) -> bool:
    """Write the object at ``address`` to ``target``; False where the service does not have it (any more).

    Raises what requests raises, ``OSError`` of the disk, and ``PeerProblem`` where the answer is no single object.
    """
    with service.session.get(address, headers={"Accept": _ACCEPT}, stream=True, timeout=service.timeout) as response:
        came(0)  # an answer is life, whatever it says
        if response.status_code in (404, 410):
            return False
        response.raise_for_status()
        said = response.headers.get("Content-Type", "")
        named = re.search(r'boundary="?([^";]{1,70})"?', said)
        chunks = _counted(response.iter_content(_CHUNK), came)
        with target.open("wb") as file:
            if named is None and said.lower().startswith("application/dicom"):
                for chunk in chunks:
                    file.write(chunk)
            elif named is None:
                raise pacs_faults.answer_unreadable("neither an object nor a multipart answer")
            else:
                for piece in only_part(chunks, named[1].encode("latin-1", "replace")):
                    file.write(piece)
    return True


def _counted(chunks: Iterator[bytes], came: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        came(len(chunk))
        yield chunk


def only_part(chunks: Iterator[bytes], boundary: bytes) -> Iterator[bytes]:
    """The content of the first part, piece by piece.  Raises ``PeerProblem`` where it is cut off or not the only one.
    """
    held = b""
    for chunk in chunks:
        held += chunk
        start = held.find(b"\r\n\r\n")
        if start >= 0 or len(held) > _HEAD_BYTES:
            break
    else:
        start = -1
    if start < 0 or b"--" + boundary not in held[:start]:
        raise pacs_faults.answer_unreadable("no part in its answer")
    end, held = b"\r\n--" + boundary, held[start + 4:]
    while True:
        found = held.find(end)
        if found >= 0:
            yield held[:found]
            break
        keep = len(end) - 1
        yield held[:-keep]
        more = next(chunks, None)
        if more is None:
            raise pacs_faults.left()
        held = held[-keep:] + more
    held = held[found + len(end):]
    while len(held) < 2 and (more := next(chunks, None)) is not None:
        held += more
    if not held.startswith(b"--"):
        raise pacs_faults.answer_unreadable("more than one object")
