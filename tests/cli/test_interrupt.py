"""Ctrl-C stops a command and leaves nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fineview import paths
from tests.cli.spoken import ROOT

pytestmark = pytest.mark.slow


def _maps_torch(pid: int) -> bool:
    return b"libtorch" in Path(f"/proc/{pid}/maps").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc to know how far the command is")
@pytest.mark.parametrize("moment", ["reading", "loading the encoder", "between frames"])
def test_ctrl_c_leaves_whole_files_only(moment: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "fineview", "analyze", str(paths.sample_dir()), "--all-frames", "--json", "--out",
               str(out)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                               env={**os.environ, "OMP_NUM_THREADS": "1"})
    ready: dict[str, Callable[[], bool]] = {
        "reading": lambda: b"numpy" in Path(f"/proc/{started.pid}/maps").read_bytes(),
        "loading the encoder": lambda: _maps_torch(started.pid),
        "between frames": lambda: any(out.glob("*/overlay.png"))}
    while not ready[moment]():
        assert started.poll() is None, started.communicate()
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    said, told = started.communicate(timeout=60)
    assert started.returncode == 130 and said == "" and "Traceback" not in told, (said, told)
    files = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    assert not [path for path in files if path.name.startswith(".")]
    for path in files:
        if path.suffix == ".npy":
            np.load(path)
