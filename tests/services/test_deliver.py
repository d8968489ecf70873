"""Files appear whole or not at all; a full disk is a sentence, and the next save works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fineview.core.errors import ReportRefused, StorageProblem
from fineview.services.deliver import deliver


def test_written_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "report.txt"
    assert deliver(b"whole", target) == target
    assert target.read_bytes() == b"whole"
    assert [p.name for p in target.parent.iterdir()] == ["report.txt"]


def test_a_refused_file_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_bytes(b"old")

    def refuse(data: bytes) -> None:
        raise ReportRefused("not what was written", "write again", "read-back")

    with pytest.raises(ReportRefused):
        deliver(b"new", target, refuse)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.txt"]


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(StorageProblem):
        deliver(b"x", tmp_path / "taken" / "report.txt")


def test_a_full_disk_keeps_the_old_file_and_the_next_save_works(tmp_path: Path) -> None:
    """A file-size limit makes the kernel refuse the write half-way, as a full disk does."""
    code = """
import resource, signal, sys
from pathlib import Path
from fineview.core.errors import StorageProblem
from fineview.services.deliver import deliver
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
target = Path(sys.argv[1])
deliver(b"old", target)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    deliver(b"x" * 100_000, target)
except StorageProblem as error:
    print(error.code)
assert target.read_bytes() == b"old"
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
deliver(b"y" * 100_000, target)
print(len(target.read_bytes()), len(list(target.parent.iterdir())))
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "r")], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["disk-full", "100000", "1"]
