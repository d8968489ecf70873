"""Unpacking a ZIP that nobody vouches for: names stay inside, sizes are counted, not believed.

Runs in the reading child.  Every member gets a plain file below the target folder; links, devices, encrypted members
and names that lead outside are left out, each with its reason.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fineview.core.errors import InputProblem, LimitExceeded, StorageProblem
from fineview.core.study import Problem
from fineview.formats import limits

_SPARE = 64 << 20
# File systems hold 255 in a name and 4095 in a path, of which the target folder takes some.
_NAME_BYTES, _PATH_BYTES = 240, 3000


def looks_like_zip(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def looks_like_office(head: bytes) -> bool:
    """A ZIP that is a document of an office program, by its first member (ECMA-376 part 2; OpenDocument 1.2 part 3)."""
    name = head[30:30 + int.from_bytes(head[26:28], "little")] if looks_like_zip(head) else b""
    return name == b"[Content_Types].xml" or (name == b"mimetype" and b"opendocument" in head[38:120])


def unpack(path: str, target: str, free: int) -> Iterator[tuple[str, Problem | None]]:
    """Yield (path written or "", problem) for each member.

    Raises ``InputProblem`` ``damaged``, ``LimitExceeded`` and ``StorageProblem`` ``disk-full``.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise limits.damaged("it is no complete ZIP archive") from error
    with archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        _check_sums(members, free)
        budget = min(limits.ZIP_BYTES, max(free - _SPARE, 0))
        for info in members:
            problem = _refusal(info)
            if problem is not None:
                yield "", problem
                continue
            out = Path(target, *_inside(info.filename))
            written, problem = _write(archive, info, out, budget)
            budget -= written
            yield (str(out), None) if problem is None else ("", problem)


def _check_sums(members: list[zipfile.ZipInfo], free: int) -> None:
    if len(members) > limits.ZIP_MEMBERS:
        raise LimitExceeded(f"The archive holds {len(members)} files, limit {limits.ZIP_MEMBERS}.",
                            "Unpack it and open its folders one by one.", "limit")
    claimed = sum(info.file_size for info in members)
    if claimed > limits.ZIP_BYTES:
        raise limits.too_large("The unpacked archive", claimed, limits.ZIP_BYTES)
    if claimed > free - _SPARE:
        raise StorageProblem(f"Unpacking needs {limits.in_words(claimed)}, {limits.in_words(free)} are free.",
                             "Free some space on the disk for temporary files.", "disk-full")


def _refusal(info: zipfile.ZipInfo) -> Problem | None:
    mode = info.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return Problem(info.filename, "link", "A link inside the archive was skipped.", "Pack the file itself.")
    if not _inside(info.filename):
        return Problem(info.filename, "outside", "1 entry points outside the archive and was skipped.",
                       "Ask its sender for another copy.")
    if _too_long(_inside(info.filename)):
        return Problem(info.filename, "unreadable", "A name in the archive is too long.",
                       "Unpack it under shorter names and open the folder.")
    if info.flag_bits & 1:
        return Problem(info.filename, "encrypted", "A file in the archive is encrypted.",
                       "Unpack it with its password and open the folder.")
    if info.file_size > limits.INFLATE_BYTES and info.file_size > limits.ZIP_RATIO * max(info.compress_size, 1):
        return Problem(info.filename, "limit", f"A file in the archive needs {limits.in_words(info.file_size)} "
                       f"from {limits.in_words(info.compress_size)}.", "Ask its sender for another copy.")
    return None


def _inside(name: str) -> tuple[str, ...]:
    """Parts of a member's name below the target, () for absolute names, drives, ".." and nothing at all."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bad = not parts or name.startswith(("/", "\\")) or "\0" in name or parts[0][1:2] == ":"
    return () if bad or ".." in parts else parts


def _too_long(parts: tuple[str, ...]) -> bool:
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    return max(sizes) > _NAME_BYTES or sum(sizes) + len(sizes) > _PATH_BYTES


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, out: Path, budget: int) -> tuple[int, Problem | None]:
    """Bytes written, and what went wrong.  The declared size is a claim: the stream is cut where it lies."""
    most = min(info.file_size, budget)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, out.open("xb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
            size = sink.tell()
        if size > most:
            raise InputProblem("A file in the archive is longer than it claims.", "", "damaged")
        return size, None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, InputProblem, RuntimeError) as error:
        out.unlink(missing_ok=True)
        return 0, Problem(info.filename, "damaged", f"A file in the archive is damaged ({type(error).__name__}).",
                          "Copy the archive again from its source.")
    except FileExistsError:
        return 0, Problem(info.filename, "damaged", "The archive holds a name twice.", "Unpack it and open its folder.")
    except OSError as error:
        out.unlink(missing_ok=True)
        if error.errno == 28:
            raise StorageProblem("The disk for temporary files is full.", "Free some space.", "disk-full") from error
        return 0, Problem(info.filename, "unreadable", "A file in the archive was not unpacked.", "Unpack it first.")
