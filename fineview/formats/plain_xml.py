"""XML that was written by a program, read without its traps: no entities, no outside files, no endless nesting."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from fineview.core.errors import InputProblem, LimitExceeded
from fineview.formats import limits

_BYTES = 64 << 20
_ELEMENTS = 200_000


class _Reader:
    """Feeds a tree builder; ``Element`` text is whatever stood in the element before its first child."""

    def __init__(self, encoding: str | None) -> None:
        self._tree = TreeBuilder()
        self._depth = self._elements = 0
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _no_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._tree.data

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > limits.NESTING:
            raise LimitExceeded(f"The file's elements are nested too deeply, limit {limits.NESTING}.",
                                "Ask its sender for another copy.", "nesting")
        if self._elements > _ELEMENTS:
            raise LimitExceeded(f"The file has more than {_ELEMENTS} elements.", "Ask its sender for another copy.",
                                "elements")
        self._tree.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag)

    def close(self) -> Element:
        return self._tree.close()


def read_xml(path: Path) -> Element:
    """The root element.  Raises ``InputProblem`` (``damaged``, ``entities``) and ``LimitExceeded``."""
    size = path.stat().st_size
    if size > _BYTES:
        raise limits.too_large("The description", size, _BYTES)
    data = path.read_bytes()
    # Some exports name no encoding and are not UTF-8, which expat would then expect.
    unnamed = not data.startswith((b"<?xml", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    reader = _Reader("iso-8859-1" if unnamed and not _is_utf8(data) else None)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise limits.damaged(f"line {error.lineno} is no XML") from error
    return reader.close()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _no_doctype(*_: object) -> NoReturn:
    raise InputProblem("The description declares entities of its own, which are never read.",
                       "Ask its sender for a plain export.", "entities")


def word(holder: Element | None, path: str) -> str:
    """The text at ``path`` below an element, without spaces around it; "" where there is none."""
    return (holder.findtext(path) or "").strip() if holder is not None else ""
