"""``fineview doctor``: what this installation can do, each with a verdict and a remedy."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fineview.core.errors import FineViewError

if TYPE_CHECKING:
    from fineview.app import App

Check = dict[str, str]


def examine(app: App) -> list[Check]:
    """Run all checks; a check that breaks is itself a problem with a name, never a crash."""
    checks: list[Check] = []
    for name, examined in _CHECKS.items():
        try:
            checks.extend(examined(app))
        except FineViewError as error:
            checks.append(_check(name, "problem", error.what, error.remedy))
        except Exception as error:
            checks.append(_check(name, "problem", f"This could not be examined ({type(error).__name__}: {error}).",
                                 "Install FineView again; if it stays, report this line."))
    return checks


def _check(name: str, verdict: str, what: str, remedy: str = "") -> Check:
    return {"name": name, "verdict": verdict, "what": what, "remedy": remedy}


def _codecs(app: App) -> Iterator[Check]:
    """A known picture through every decoder, the way a person's file would go."""
    from fineview.formats.codec_check import check_codecs

    for one in check_codecs(app.archive.read_frame):
        name = f"codec {one.title}"
        if one.problem is None:
            yield _check(name, "ok", f"{one.package} gives back a known picture")
        else:
            verdict = "absent" if one.optional else "problem"
            yield _check(name, verdict, one.problem.what, one.problem.remedy)


def _screen(_: App) -> Iterator[Check]:
    """Qt is asked in a child: its platform plugin aborts the process where a library is missing."""
    code = ("from PySide6.QtGui import QGuiApplication as A; a = A([]); print(a.platformName());"
            "from PySide6.QtCore import QObject, Signal\n"
            "class T(QObject):\n s = Signal(bool)\n"
            "t = T(); t.s.connect(lambda v: None)\n"
            "[t.s.emit(True) for _ in range(2000)]")
    seen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    environment = dict(os.environ) if seen else {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, env=environment,
                         check=False)
    if ran.returncode == 0:
        yield _check("screen", "ok", f"Qt platform {ran.stdout.strip()}")
    else:
        yield _check("screen", "problem", "Qt could not start.",
                     "Install the system packages named in packaging/setup.sh.")


def _device(app: App) -> Iterator[Check]:
    from fineview.models.device import choose

    found = choose(app.device)  # type: ignore[arg-type]
    yield _check("device", "ok", f"{found.name}, {found.dtype_word}")


def _weights(app: App) -> Iterator[Check]:
    engine = app.engine()
    if not engine.identity.trained:
        yield _check("weights", "problem", "These weights were never trained.", "Use the embedded encoder retina-s.")
    else:
        who = engine.identity
        yield _check("weights", "ok", f"{who.name} {who.version} sha256 {who.sha256}")


def _store(app: App) -> Iterator[Check]:
    trouble = getattr(app.journal, "trouble", None)
    if trouble is None:
        yield _check("store", "ok", "open, one writer")
    else:
        # Another window that writes is no fault of the installation.
        yield _check("store", "warning" if trouble.code == "store-busy" else "problem", trouble.what, trouble.remedy)


def _plugins(app: App) -> Iterator[Check]:
    for one in app.plugins.entries():
        broken = one.state == "failed" or not one.version  # without a version its manifest is wrong
        verdict = "problem" if broken else "ok" if one.state == "on" else "absent"
        yield _check(f"plugin {one.name}", verdict, one.reason or one.summary, one.remedy)


def _extras(_: App) -> Iterator[Check]:
    for module, use in (("openvino", "faster inference on the CPU"), ("accelerate", "training"),
                        ("pynetdicom", "PACS over DICOM"), ("dicomweb_client", "PACS over DICOMweb"),
                        ("keyring", "tokens of PACS nodes that last")):
        there = importlib.util.find_spec(module) is not None
        yield _check(f"optional {module}", "ok" if there else "absent", use)


_CHECKS: dict[str, Callable[[App], Iterator[Check]]] = {
    "codecs": _codecs, "screen": _screen, "device": _device, "weights": _weights, "store": _store, "plugins": _plugins,
    "extras": _extras}
