"""Packages that a plugin needs: whether they are there, without importing them.

Imports stand inside: 40 ms that no start of the program waits for.
"""

from __future__ import annotations

from collections.abc import Sequence


def is_requirement(text: str) -> bool:
    """A name with versions, as pip takes it.  No address: what a person is told to install comes from where they
    always install from."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return len(text) <= 100 and text.isprintable() and Requirement(text).url is None
    except InvalidRequirement:
        return False


def missing(requires: Sequence[str]) -> tuple[str, ...]:
    """Those that are not installed in a version that fits."""
    return tuple(one for one in requires if not _there(one))


def _there(want: str) -> bool:
    from importlib import metadata

    from packaging.requirements import Requirement

    wanted = Requirement(want)
    if wanted.marker is not None and not wanted.marker.evaluate():
        return True
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False
