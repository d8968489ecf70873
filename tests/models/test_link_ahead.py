"""Linking ahead changes nothing but the time: torch works after it, and is not imported by it."""

from __future__ import annotations

import subprocess
import sys


def test_torch_is_linked_but_not_imported_and_works_afterwards() -> None:
    code = """
import sys
from fineview.models.link_ahead import link_ahead
link_ahead()
assert "torch" not in sys.modules
if sys.platform.startswith("linux"):
    assert "libtorch_cpu" in open("/proc/self/maps").read()
import torch
print(float((torch.ones(3, 3) @ torch.ones(3, 3)).sum()))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.strip() == "27.0"
