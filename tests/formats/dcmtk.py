"""dcmtk's programs, where they are installed: pynetdicom brings scripts of the same names that are not meant here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


def dcmtk(name: str) -> str:
    """The path of dcmtk's ``name``; skips the test where there is none."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = Path(folder) / name
        if path.is_file() and os.access(path, os.X_OK):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if "dcmtk" in said.stdout:
                return str(path)
    pytest.skip(f"dcmtk's {name} is not installed (package dcmtk)")
