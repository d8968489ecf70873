"""The computer's memory, as its kernel tells it.

Known on Linux; elsewhere there is None, and what was set holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_MEMINFO, _GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """``free_bytes``: what programs can still get without pushing others out."""

    total_bytes: int
    free_bytes: int


def read_machine(meminfo: Path = _MEMINFO, group: Path = _GROUP) -> Machine | None:
    """Total and available memory; those of the control group where it allows less (a container)."""
    try:
        known = {name: int(kilobytes) * 1024
                 for name, kilobytes in re.findall(r"^(\w+): +(\d+) kB", meminfo.read_text("ascii"), re.MULTILINE)}
        whole = Machine(known["MemTotal"], known["MemAvailable"])
    except (OSError, KeyError, ValueError):
        return None
    allowed = _allowed(group)
    if allowed is None:
        return whole
    return Machine(min(whole.total_bytes, allowed.total_bytes), min(whole.free_bytes, allowed.free_bytes))


def _allowed(group: Path) -> Machine | None:
    """Of control groups, version 2: pages of files that nobody uses now are as good as free."""
    try:
        most = int((group / "memory.max").read_text("ascii"))
        used = int((group / "memory.current").read_text("ascii"))
        idle = re.search(r"^inactive_file (\d+)", (group / "memory.stat").read_text("ascii"), re.MULTILINE)
    except (OSError, ValueError):
        return None  # no group, or one without a limit ("max")
    return Machine(most, max(0, most - used + (int(idle[1]) if idle else 0)))
