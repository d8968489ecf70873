"""kill -9, full disks and folders that may not be written to: what was acknowledged is there, the rest is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fineview.core.errors import StorageProblem
from fineview.store.cellar import Cellar
from tests.store.examples import NOW, finding

CHILD_ENV = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])}

WRITER = """
import sys
from pathlib import Path
from fineview.store.cellar import Cellar
from tests.store.examples import NOW, finding
cellar = Cellar(Path(sys.argv[1]))
assert not cellar.read_only, cellar.trouble
for number in range(int(sys.argv[2]), 10**9):
    cellar.record("add", None, finding(number), NOW)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_ten_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for kill in range(10):
        start = acknowledged[-1] + 2 if acknowledged else 0  # one more may be on disk than was acknowledged
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(start)], stdout=subprocess.PIPE,
                                 text=True, env=CHILD_ENV)
        assert child.stdout is not None
        for _ in range(20 + 7 * kill):
            acknowledged.append(int(child.stdout.readline()))
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout if line.endswith("\n")]
        child.stdout.close()
        assert child.wait() == -9
    cellar = Cellar(tmp_path)  # the dead writer's lock is free
    assert not cellar.read_only
    stored = [int(one.id[1:]) for one in cellar.findings("1.2.3")]
    assert set(acknowledged) <= set(stored)
    assert len(stored) - len(acknowledged) <= 10  # at most one a kill was on disk before it was acknowledged
    cellar.close()


FULL = """
import os, sys
from pathlib import Path
from fineview.core.errors import StorageProblem
from fineview.store.cellar import Cellar
from tests.store.examples import NOW, finding
disk = Path(sys.argv[1])
cellar = Cellar(disk / "store")
cellar.record("add", None, finding(0), NOW)
filler, kept, refused = disk / "filler", 1, 0
for round in range(3):
    with filler.open("wb", buffering=0) as big:
        try:
            while big.write(b"x" * 1024):
                pass
        except OSError:
            pass
    try:
        while kept < 5000:
            cellar.record("add", None, finding(kept), NOW)
            kept += 1
    except StorageProblem as problem:
        assert problem.code == "disk-full", (problem.code, problem)
        refused += 1
    assert len(cellar.findings("1.2.3")) == kept, "a refused step changed something"
    filler.unlink()
    cellar.record("add", None, finding(kept), NOW)
    kept += 1
cellar.close()
with filler.open("wb", buffering=0) as big:
    try:
        while big.write(b"x" * 1024):
            pass
    except OSError:
        pass
again = Cellar(disk / "store")
assert len(again.findings("1.2.3")) == kept
filler.unlink()
again.record("add", None, finding(kept), NOW)
assert len(again.findings("1.2.3")) == kept + 1
again.close()
print("refused", refused)
"""


def may_unshare() -> bool:
    try:
        done = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True,
                              check=False)
    except OSError:
        return False
    return done.returncode == 0


def test_a_full_disk_refuses_and_the_next_save_works(tmp_path: Path) -> None:
    if not may_unshare():
        pytest.skip("this machine does not let a test mount a small disk")
    script = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "{sys.executable}" -c "$1" "{tmp_path}"'
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", FULL], capture_output=True, text=True,
                          check=False, env=CHILD_ENV)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "refused 3\n"


LIMITED = """
import resource, signal, sys
from pathlib import Path
from fineview.core.errors import StorageProblem
from fineview.store.cellar import Cellar
from tests.store.examples import NOW, finding
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
cellar, kept = Cellar(Path(sys.argv[1])), 0
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    while kept < 5000:
        cellar.record("add", None, finding(kept), NOW)
        kept += 1
except StorageProblem as problem:
    assert problem.code == "disk-full", problem.code
assert 0 < kept < 5000
assert len(cellar.findings("1.2.3")) == kept
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
cellar.record("add", None, finding(kept), NOW)
assert len(cellar.findings("1.2.3")) == kept + 1
"""


def test_a_file_that_may_not_grow_refuses_and_the_next_save_works(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False,
                          env=CHILD_ENV)
    assert done.returncode == 0, done.stderr


READ_ONLY = """
import sys
from pathlib import Path
from fineview.core.errors import StorageProblem
from fineview.store.cellar import Cellar
from tests.store.examples import NOW, finding
cellar = Cellar(Path(sys.argv[1]))
assert cellar.read_only
try:
    cellar.record("add", None, finding(2), NOW)
except StorageProblem as problem:
    print(problem.code, len(cellar.findings("1.2.3")))
"""


@pytest.mark.parametrize("has_store", [True, False])
def test_a_read_only_folder_can_be_read(tmp_path: Path, has_store: bool) -> None:
    if not may_unshare():
        pytest.skip("this machine does not let a test mount a read-only folder")
    if has_store:
        cellar = Cellar(tmp_path)
        cellar.record("add", None, finding(1), NOW)
        cellar.close()
    script = (f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,ro,bind "{tmp_path}" && '
              f'exec "{sys.executable}" -c "$1" "{tmp_path}"')
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", READ_ONLY], capture_output=True, text=True,
                          check=False, env=CHILD_ENV)
    assert (done.stdout, done.returncode) == (f"read-only {int(has_store)}\n", 0), done.stderr


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    cellar = Cellar(tmp_path / "store")
    with pytest.raises(StorageProblem) as caught:
        cellar.record("add", None, finding(1), NOW)
    assert caught.value.code == "read-only" and cellar.findings("1.2.3") == ()
    cellar.close()
