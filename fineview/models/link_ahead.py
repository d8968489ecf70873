"""Link torch's large library before Python does, so that the window keeps moving meanwhile.

``import torch`` makes the system's loader resolve a library of some hundred megabytes while the interpreter's lock is
held: every thread stands still for about a quarter of a second.  A foreign function called through ctypes lets go of
that lock; afterwards the import finds the library in place.  Nothing depends on it: where it fails, the import links.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path


def link_ahead() -> None:
    """Load ``libtorch_cpu`` of the installed torch without importing it (Linux; elsewhere nothing happens)."""
    if not sys.platform.startswith("linux") or "torch" in sys.modules:
        return
    found = importlib.util.find_spec("torch")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        library = Path(folder) / "lib" / "libtorch_cpu.so"
        if library.is_file():
            loader = ctypes.CDLL(None).dlopen
            loader.restype, loader.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
            loader(os.fsencode(library), os.RTLD_LAZY | os.RTLD_LOCAL)
