"""A study larger than the memory budget: what the window and its reading children hold while somebody scrolls in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fineview.lab.figures import Figure
from fineview.lab.resident import Sampler

_SIDE = 1024
_FRAME_BYTES = 2 * _SIDE * _SIDE
_ALLOWED = 1.2
_MB = 1024**2
_WALK = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from fineview.app import App
from fineview.gui.long_scroll import walk_through
app = App(data_dir=Path(sys.argv[2]))
walk = asdict(walk_through(app.workbench, Path(sys.argv[1]), int(sys.argv[3])))
app.close()
print(json.dumps(walk))
"""


def run(study_gb: float, budget_gb: float = 2.0) -> list[Figure]:
    """Figures of a generated study of ``study_gb`` x 1024^3 bytes of pixels under a budget of ``budget_gb``."""
    from fineview.formats.write_series import write_sparse_series

    budget = int(budget_gb * 1024**3)
    with tempfile.TemporaryDirectory() as folder:
        count = max(2, round(study_gb * 1024**3 / _FRAME_BYTES))
        write_sparse_series(Path(folder) / "study", count, (_SIDE, _SIDE))
        walk, peak, readers = _watched(Path(folder) / "study", Path(folder) / "store", budget)
    words = f"{study_gb:g} GB study, {budget_gb:g} GB budget"
    cap = _ALLOWED * budget / _MB
    whole = round(count * _FRAME_BYTES / _MB)
    return [Figure(f"memory, peak resident of window and readers, {words}", round(peak / _MB), "MB", walk["shown"],
                   None, round(cap), peak / _MB <= cap,
                   {"all_frames_kept_mb": whole, "readers_mb": round(readers / _MB)}),
            Figure(f"memory, pixels counted, {words}", round(walk["held_bytes"] / _MB), "MB", walk["shown"], None,
                   round(budget / _MB), walk["held_bytes"] <= budget, {"all_frames_kept_mb": whole}),
            Figure("frames at hand when scrolled to", round(walk["at_hand"] / max(1, walk["shown"]), 3), "fraction",
                   walk["shown"], None, None, None, {"part_of_the_study_that_fits": round(budget / whole / _MB, 3)})]


def _watched(study: Path, store: Path, budget: int) -> tuple[dict[str, Any], int, int]:
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    root = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    process = subprocess.Popen([sys.executable, "-c", _WALK, str(study), str(store), str(budget)],
                               stdout=subprocess.PIPE, text=True, env=environment)
    sampler = Sampler(process)
    try:
        said, _ = process.communicate()
    finally:
        sampler.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "the window")
    return json.loads(said.splitlines()[-1]), sampler.peak_bytes, sampler.peak_readers_bytes
