"""Ways in which the folder of an encoder breaks after it was listed, done to real folders on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534


def weights_of(folder: Path) -> Path:
    return sorted(folder.rglob("*.safetensors"))[0]


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def cut_short(folder: Path) -> None:
    path = weights_of(folder)
    path.write_bytes(path.read_bytes()[:200])


def one_bit(folder: Path) -> None:
    path = weights_of(folder)
    held = bytearray(path.read_bytes())
    held[-1] ^= 1
    path.write_bytes(held)


def directory(folder: Path) -> None:
    path = weights_of(folder)
    path.unlink()
    path.mkdir()


def pipe(folder: Path) -> None:
    path = weights_of(folder)
    path.unlink()
    os.mkfifo(path)


def link_to_itself(folder: Path) -> None:
    path = weights_of(folder)
    path.unlink()
    path.symlink_to(path)


def no_permission(folder: Path) -> None:
    folder.chmod(0)


WAYS: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (removed, cut_short, one_bit, directory, pipe, link_to_itself, no_permission)}


@contextmanager
def as_anybody() -> Iterator[None]:
    """Root may read everything: as somebody who may not.  The folder must lie where that somebody can go."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(NOBODY)
    except OSError:
        pytest.skip("this machine lets nobody become somebody else")
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_place(parent: str = "/tmp") -> Iterator[Path]:
    """A new folder that anybody may enter, gone afterwards whatever became of what lies in it."""
    import tempfile

    made = Path(tempfile.mkdtemp(dir=parent, prefix="fineview-broken-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        for path in (one for one in made.rglob("*") if one.is_dir() and not one.is_symlink()):
            path.chmod(0o755)
        shutil.rmtree(made)
