"""Names for files that bring none: a UID of what is in them, the same wherever they lie and however they are called."""

from __future__ import annotations

import hashlib


def digest_of(path: str) -> bytes:
    """sha256 of the file, 32 bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def content_uid(digest: bytes, role: str) -> str:
    """A UID of the content and what it is for: 2.25.<128 bits as a decimal number> (PS3.5 B.2)."""
    mixed = hashlib.sha256(role.encode() + b"\0" + digest).digest()
    return f"2.25.{int.from_bytes(mixed[:16], 'big')}"
