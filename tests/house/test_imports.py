"""The stairs: import contracts, and what a fresh process has really loaded."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# importlib.import_module("torch") slips through contracts that read source text; sys.modules does not lie.
HEAVY = {"PySide6", "shiboken6", "pyqtgraph", "qtpy", "qtawesome", "torch", "transformers", "safetensors", "tokenizers",
         "pydicom", "highdicom", "pynetdicom", "dicomweb_client", "requests", "keyring", "gdcm", "sqlite3", "reportlab",
         "jinja2"}
FORBIDDEN = {"core": HEAVY | {"cv2", "PIL", "platformdirs"}, "imaging": HEAVY, "services": HEAVY}


def loaded_after(code: str) -> set[str]:
    """Top-level names in ``sys.modules`` of a fresh process that ran ``code``."""
    tail = "\nimport sys\nprint('MODULES', *sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + tail], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imported_alone_stays_bare(room: str) -> None:
    names = [one.name for one in pkgutil.walk_packages([str(ROOT / "fineview" / room)], f"fineview.{room}.")]
    assert names
    found = loaded_after("\n".join(f"import {name}" for name in names))
    assert not found & FORBIDDEN[room]


def test_version_answers_without_torch_and_qt() -> None:
    found = loaded_after("import sys; sys.argv = ['fineview', '--version']\n"
                         "from fineview.__main__ import main\nassert main() in (0, None)")
    assert not found & (HEAVY | {"numpy", "cv2"})


def test_import_contracts() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_plugins_import_only_the_api() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = ([one.name for one in node.names] if isinstance(node, ast.Import) else
                     [node.module or ""] if isinstance(node, ast.ImportFrom) else [])
            for name in names:
                if name.split(".")[0] == "fineview":
                    from_top = isinstance(node, ast.ImportFrom) and name == "fineview"
                    whole = [f"fineview.{one.name}" for one in node.names] if from_top else [name]
                    assert whole == ["fineview.api"], f"{path.relative_to(ROOT)}:{node.lineno} imports {name}"
