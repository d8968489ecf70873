"""A real Orthanc with its DICOMweb plugin, on loopback, for as long as a test module runs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from fineview.core.peer import Node
from tests.formats.pacs_stand_in import free_port

_PLUGINS = [Path(root) / "share/orthanc/plugins/libOrthancDicomWeb.so" for root in ("/usr", "/usr/local")]
PLUGIN = next((path for path in _PLUGINS if path.exists()), None)
PROGRAM = shutil.which("Orthanc")
needs_orthanc = pytest.mark.skipif(
    PROGRAM is None or PLUGIN is None,
    reason="Orthanc with its DICOMweb plugin is not installed (packages orthanc, orthanc-dicomweb)")


@dataclass(frozen=True)
class Orthanc:
    dicom_port: int
    http_port: int
    move_port: int

    @property
    def dimse(self) -> Node:
        return Node("orthanc", host="localhost", port=self.dicom_port, called="ORTHANC", patience_s=20)

    @property
    def web(self) -> Node:
        return Node("orthanc-web", "web", url=f"http://localhost:{self.http_port}/dicom-web", patience_s=20)


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    made = Orthanc(free_port(), free_port(), free_port())
    settings = {
        "Name": "TEST", "StorageDirectory": str(folder / "held"), "IndexDirectory": str(folder / "held"),
        "HttpPort": made.http_port, "DicomPort": made.dicom_port, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
        "DicomModalities": {"us": ["FINEVIEW", "127.0.0.1", made.move_port]}, "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}, "ConcurrentJobs": 2}
    (folder / "settings.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAM), str(folder / "settings.json")], stdout=log, stderr=log)
    try:
        _wait_for(process, made)
        yield made
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(process: subprocess.Popen[bytes], made: Orthanc) -> None:
    for port in (made.dicom_port, made.http_port):
        for _ in range(600):
            assert process.poll() is None, "Orthanc ended while it started"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
