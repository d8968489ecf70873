"""Certificates for tests, made by the openssl program: an authority, and what it signs, rightly or not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """``ca``: the certificate to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.ca, self._key = folder, folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-keyout", str(self._key), "-out", str(self.ca), "-subj", "/CN=test authority",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, host: str, days: int = 2, passphrase: str = "") -> tuple[Path, Path]:
        """(certificate, key) for ``host``; ``days`` below 0: expired."""
        name = self._folder / f"{host}{days}{len(passphrase)}"
        key, asked, made, more = (name.with_name(name.name + end) for end in (".key", ".csr", ".pem", ".ext"))
        hide = ["-passout", f"pass:{passphrase}"] if passphrase else ["-nodes"]
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *hide, "-keyout", str(key), "-out",
                 str(asked), "-subj", f"/CN={host}")
        more.write_text(f"subjectAltName=DNS:{host}\n")
        _openssl("x509", "-req", "-in", str(asked), "-CA", str(self.ca), "-CAkey", str(self._key), "-CAcreateserial",
                 "-days", str(days), "-extfile", str(more), "-out", str(made))
        return made, key
