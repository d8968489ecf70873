"""The whole main job in a window without a screen: heartbeat, first image, cancel, memory; and how soon it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fineview import paths
from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms, seconds

_STORY = """
import json, resource, sys
from dataclasses import asdict
from pathlib import Path
from fineview.app import App
from fineview.gui.rehearsal import main_job
app = App(data_dir=Path(sys.argv[2]) / "store")
story = asdict(main_job(app.workbench, Path(sys.argv[1]), Path(sys.argv[2]) / "out"))
app.close()
print(json.dumps({**story, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
_DEMO = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "fineview", "demo", "--headless", "--out", sys.argv[1]], check=True,
               stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
_WINDOW = """
import sys, time
from pathlib import Path
from fineview.app import App
from fineview.gui.rehearsal import application, wait
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
application()
app = App(data_dir=Path(sys.argv[2]))
bench = app.workbench(Mailbox().post)
window = MainWindow(bench, first_run=False)
window.show()
bench.open.paths([Path(sys.argv[1])])
wait(lambda: bench.session.raster is not None)
window.close()
app.close()
"""


def run() -> list[Figure]:
    """Heartbeat over open, encode, cancel and export; the demo's peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        story = json.loads(_child(_STORY, str(paths.sample_dir()), folder).splitlines()[-1])
        peak = float(_child(_DEMO, f"{folder}/demo").splitlines()[-1])
    return [*_heart(story), figure_ms("first image on screen after opening", [story["first_image_ms"]], 1.0),
            Figure("frames decoded when the first image was shown", story["decoded_at_first_image"], "frames",
                   story["frames"], goal=story["frames"], met=story["decoded_at_first_image"] < story["frames"]),
            figure_ms("first DAR map in the window, torch import included", [story["first_map_ms"]], None),
            figure_ms("cancel acknowledged", [story["cancel_ms"]], 0.1),
            figure_ms("next frame encoded after a cancel", [story["lane_ready_ms"]], 5.0),
            figure_ms("report of three formats", [story["report_ms"]], None),
            _memory("peak memory of the window's process", story["peak_mb"]),
            _memory("peak memory of the headless demo", peak)]


def run_start() -> list[Figure]:
    """``--version``, and the window with the sample study up, each a fresh process."""
    def version() -> None:
        subprocess.run([sys.executable, "-m", "fineview", "--version"], check=True, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as folder:
        window = [1000 * seconds(lambda n=n: _child(_WINDOW, str(paths.sample_dir()), f"{folder}/{n}"))
                  for n in range(5)]
    return [figure_ms("fineview --version", [1000 * seconds(version) for _ in range(10)], 0.5),
            figure_ms("window with the sample study up", window, 3.0)]


def _heart(story: dict[str, Any]) -> list[Figure]:
    late = sorted(story["late_ms"])
    p99 = late[min(len(late) - 1, int(0.99 * len(late)))]
    over = sum(one > 100 for one in late)
    return [Figure("heartbeat of the GUI thread, lateness p99", round(p99, 2), "ms", len(late), None, 16.0, p99 <= 16),
            Figure("heartbeat, worst", round(late[-1], 2), "ms", len(late), None, 100.0, late[-1] <= 100),
            Figure("heartbeats over 100 ms late", over, "beats", len(late), None, 0, over == 0)]


def _memory(name: str, megabytes: float) -> Figure:
    return Figure(name, round(megabytes), "MB", 1, None, 1536, megabytes <= 1536)


def _child(code: str, *arguments: str) -> str:
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    root = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    ran = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True,
                         env=environment)
    return ran.stdout
