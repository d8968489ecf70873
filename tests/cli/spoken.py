"""One command line, run in this process as the script would run it, and what it said."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineview.cli.main import run

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Spoken:
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output, which holds nothing else."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self.out
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def error(self) -> dict[str, str]:
        """The error object of a command that could not be done."""
        assert self.code == 1, self
        assert set(self.json) == {"error"} and set(self.json["error"]) == {"code", "what", "remedy"}
        error: dict[str, str] = self.json["error"]
        assert all(error.values()) and "Traceback" not in self.out + self.err
        assert error["what"].endswith(".") and "\n" not in error["what"] + error["remedy"]
        return error


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def speak(*words: object) -> Spoken:
    """Run ``fineview WORDS`` here."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return Spoken(code, out.getvalue(), err.getvalue())


def child(*words: object, before: str = "", **environment: str) -> Spoken:
    """Run it in a process of its own, after the shell commands ``before``."""
    command = [sys.executable, "-m", "fineview", *map(str, words)]
    if before:
        command = ["unshare", "-rm", "sh", "-ec", f'{before}\nexec "$@"', "sh", *command]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, cwd=ROOT,
                         env={**os.environ, "OMP_NUM_THREADS": "1", **environment})
    return Spoken(ran.returncode, ran.stdout, ran.stderr)


def may_mount() -> bool:
    """Whether this machine lets a process have mounts of its own."""
    with contextlib.suppress(OSError):
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
    return False
