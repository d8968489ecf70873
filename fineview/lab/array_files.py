"""Arrays kept on disk by training and its pools: a file is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def write_arrays(path: Path, arrays: dict[str, npt.NDArray[Any]], compressed: bool = False) -> None:
    """Write ``NAME.npz``, its folder too.  Several processes may be making the same file: each has a part of its own,
    and the last one moved there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        (np.savez_compressed if compressed else np.savez)(file, **arrays)
    part.replace(path)
