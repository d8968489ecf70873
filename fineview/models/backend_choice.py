"""Which library computes on a CPU: torch, or OpenVINO where it has been measured equal and faster on this machine.

``FINEVIEW_BACKEND`` = ``torch`` or ``openvino`` decides; without it (or with ``auto``) the verdict does that
``fineview evaluate deployment`` left in the person's cache for these weights and versions.  Nothing is measured while
a person waits for a first map, and a busy machine cannot change which numbers come out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from fineview import paths
from fineview.core.errors import DeviceProblem
from fineview.models import openvino_convert

VARIABLE = "FINEVIEW_BACKEND"
CLEARLY_FASTER = 1.15
EQUAL_MAPS = 0.01  # mean difference of raw maps and calibrated probabilities from fp32's


def backend(sha256: str) -> str:
    """"torch" or "openvino" for these weights.  Raises ``DeviceProblem`` ``backend`` for a word that is neither, or
    OpenVINO asked for by name and not installed."""
    wanted = os.environ.get(VARIABLE, "auto").strip().lower() or "auto"
    if wanted not in ("auto", "torch", "openvino"):
        raise DeviceProblem(f"{VARIABLE} is \"{wanted}\".", "Set it to torch, openvino or auto.", "backend")
    if wanted == "openvino" and not openvino_convert.installed():
        raise DeviceProblem("OpenVINO is not installed.", "Install \"fineview[openvino]\", or use torch.", "backend")
    if wanted != "auto":
        return wanted
    return "openvino" if openvino_convert.installed() and _verdict().get(_key(sha256)) is True else "torch"


def keep_verdict(sha256: str, times_faster: float, mean_drift: float) -> bool:
    """Remember whether OpenVINO is equal and clearly faster here; returns it."""
    good = times_faster >= CLEARLY_FASTER and mean_drift <= EQUAL_MAPS
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps({**_verdict(), _key(sha256): good}, indent=1), encoding="utf-8")
    os.replace(beside, path)
    return good


def kept_forms() -> Path:
    """The folder of OpenVINO's intermediate forms."""
    return paths.data_dir() / "cache" / "openvino"


def _path() -> Path:
    return paths.data_dir() / "cache" / "backend.json"


def _key(sha256: str) -> str:
    return f"{sha256[:16]} {openvino_convert.version()}"


def _verdict() -> dict[str, object]:
    try:
        held = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}
