"""Weights on disk: safetensors only, verified before a parser sees them.

Order of the checks: the file is there; its first bytes are not a pickle or a ZIP of pickles; its header is small
and well formed (header bytes and tensor count capped, since 400,000 empty tensors cost 400 MB); its sha256 is
the manifest's.  Only then safetensors reads it.  Nothing in this module can execute what a file holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineview.core.errors import WeightsProblem

if TYPE_CHECKING:
    from torch import Tensor

HEADER_CAP_BYTES = 16 * 2**20
TENSOR_CAP = 20_000
TENSORS, MANIFEST = "model.safetensors", "model.json"
CALIBRATED = ("calibration", "region_calibration", "suggestion_calibration", "thresholds")  # change what is measured
_REPLACE = "Put the safetensors file and the model.json it was published with in place."
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"(dp", b"ccollections", b"\x93NUMPY")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``model.json`` says: identity, licence, how far trained, and the figures found after training."""

    name: str
    version: str
    sha256: str
    licence: str
    trained_steps: int
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        return self.trained_steps > 0

    @property
    def calibration(self) -> str:
        """Sixteen hex digits of sha256 over what stands beside the tensors and turns their logits into scores.

        Canonical JSON (keys sorted, no spaces), null for what is missing: two manifests that calibrate alike have the
        same digits, whatever else they say.
        """
        said = {name: self.facts.get(name) for name in CALIBRATED}
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a weights folder.  Raises :class:`WeightsProblem` ``weights-missing`` or ``weights-format``."""
    path = folder / MANIFEST
    if not path.is_file():
        raise WeightsProblem(f"No {MANIFEST} in the weights folder {folder.name}.", _REPLACE, "weights-missing")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(str(held["name"]), str(held["version"]), str(held["sha256"]), str(held["licence"]),
                        int(held["trained_steps"]), held)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as problem:
        raise WeightsProblem(f"{MANIFEST} cannot be read ({type(problem).__name__}).", _REPLACE,
                             "weights-format") from problem


def check_file(path: Path, sha256: str | None = None) -> str:
    """Verify one file without parsing tensors; returns its sha256.

    Raises :class:`WeightsProblem` with ``weights-missing``, ``weights-pickle``, ``weights-format`` or
    ``weights-hash``.
    """
    if not path.is_file():
        raise WeightsProblem(f"The weights file {path.name} is missing.", _REPLACE, "weights-missing")
    with path.open("rb") as stream:
        _check_header(stream.read(8), path.stat().st_size, stream.read)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 is not None and digest != sha256:
        raise WeightsProblem(
            f"The weights file {path.name} is not the one its manifest names "
            f"(sha256 {digest[:8]}, expected {sha256[:8]}).", _REPLACE, "weights-hash")
    return digest


def is_pickle(start: bytes) -> bool:
    """Whether a file that begins so is a pickle, or an archive of pickles."""
    return start.startswith(_PICKLES)


def refuse_pickle(start: bytes, name: str = "This file") -> None:
    if is_pickle(start):
        raise WeightsProblem(f"{name} is a pickle or an archive, which can run code when opened.",
                             "Only safetensors files are read; convert it on a machine you can lose.", "weights-pickle")


def _check_header(start: bytes, size: int, read: Any) -> None:
    refuse_pickle(start)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if length > HEADER_CAP_BYTES:
        raise WeightsProblem(f"The header claims {length:,} bytes; the limit is {HEADER_CAP_BYTES:,}.", _REPLACE,
                             "weights-format")
    if length < 2 or 8 + length > size:
        raise WeightsProblem("This is no whole safetensors file (truncated header).", _REPLACE, "weights-format")
    try:
        header = json.loads(read(length))
        entries = {name: value for name, value in header.items() if name != "__metadata__"}
        end = max((int(value["data_offsets"][1]) for value in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as problem:
        raise WeightsProblem("The header of this safetensors file cannot be read.", _REPLACE,
                             "weights-format") from problem
    if len(entries) > TENSOR_CAP:
        raise WeightsProblem(f"{len(entries):,} tensors; the limit is {TENSOR_CAP:,}.", _REPLACE, "weights-format")
    if 8 + length + end != size:
        raise WeightsProblem(f"The file holds {size:,} bytes, its header promises {8 + length + end:,}.", _REPLACE,
                             "weights-format")


def load(folder: Path) -> tuple[dict[str, Tensor], Manifest]:
    """Verified tensors and manifest of a weights folder.  Raises :class:`WeightsProblem`."""
    manifest = read_manifest(folder)
    path = folder / TENSORS
    check_file(path, manifest.sha256)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path), manifest
    except SafetensorError as problem:
        raise WeightsProblem("This safetensors file cannot be read.", _REPLACE, "weights-format") from problem


def save(tensors: dict[str, Tensor], folder: Path, manifest: dict[str, Any]) -> Path:
    """Write both files beside their targets and move them into place, the manifest last, so that a half-done
    write is refused by its hash and never loaded."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TENSORS
    beside = folder / (TENSORS + ".part")
    save_file({name: value.contiguous() for name, value in tensors.items()}, beside, metadata={"format": "pt"})
    beside.chmod(0o644)
    digest = check_file(beside)
    os.replace(beside, path)
    write_manifest(folder, {**manifest, "sha256": digest})
    return path


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``model.json`` atomically."""
    beside = folder / (MANIFEST + ".part")
    beside.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(beside, folder / MANIFEST)
