"""What a folder of published weights holds, checked but not loaded: one network, or the parts of a FILA encoder.

torch is not needed for any of it, so that encoders can be listed and copied without the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fineview.core.errors import WeightsProblem
from fineview.models import folder, weights
from fineview.models.families import family_of
from fineview.models.folder import Bundle

VIT, CONV, FUSION = "vit", "conv", "fusion"
PARTS = "Put a CLIP vision folder in vit/ and a ConvNeXt folder in conv/."


@dataclass(frozen=True, slots=True)
class Part:
    """What a folder holds, checked but not loaded.  ``kind``: "clip", "vit", "convnext", ..., or "fila"."""

    kind: str
    bundles: Mapping[str, Bundle]
    sha256: str
    licence: str
    fusion: bool
    unread: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Every file the encoder is made of, relative to its folder."""
        held = [f"{name}/{file}" if name else file for name, one in self.bundles.items() for file in one.digests]
        return (*held, *((f"{FUSION}/{weights.TENSORS}",) if self.fusion else ()))

    @property
    def reads_text(self) -> bool:
        """Whether this is a CLIP with its text tower and tokenizer, or has a text network of its own."""
        one = self.bundles.get("")
        if one is None:
            return "text" in self.bundles
        return one.config.get("model_type") == "clip" and folder.TOKENIZER in one.digests


def inspect(path: Path, licence: str | None = None) -> Part:
    """Check a folder without loading a tensor; hashes every file read.  Raises ``WeightsProblem``."""
    if not is_fila(path):
        bundle = folder.open_folder(path, licence)
        return Part(family_of(bundle.config).kind, {"": bundle}, bundle.sha256, bundle.licence, False, bundle.unread)
    bundles = {}
    for name, kind in ((VIT, "clip"), (CONV, "convnext")):
        bundles[name] = folder.open_folder(inside(path, name))
        if family_of(bundles[name].config).kind != kind:
            raise WeightsProblem(f"The folder {name} of this FILA encoder holds no {kind} network.", PARTS,
                                 "weights-config")
    digests = {f"{name}/{file}": digest for name, one in bundles.items() for file, digest in one.digests.items()}
    fused = (path / FUSION).is_dir()
    if fused:
        digests[f"{FUSION}/{weights.TENSORS}"] = folder.check_shard(inside(path, FUSION), weights.TENSORS)[0]
    said = folder.licence_of(path)
    stated = said if said != folder.NOT_STATED else " and ".join(dict.fromkeys(
        one.licence for one in bundles.values() if one.licence != folder.NOT_STATED)) or licence or folder.NOT_STATED
    unread = tuple(f"{name}/{file}" for name, one in bundles.items() for file in one.unread)
    return Part("fila", bundles, folder.list_digest(digests), folder.clean(stated), fused, unread)


def is_fila(path: Path) -> bool:
    return (path / VIT).is_dir() and (path / CONV).is_dir()


def inside(path: Path, name: str) -> Path:
    """A sub-folder that really lies in the folder."""
    if not (path / name).resolve().is_relative_to(path.resolve()):
        raise WeightsProblem(f"{name} is a link that leads out of the folder.",
                             "Copy the folder so that it holds the files themselves (cp -rL).", "weights-format")
    return path / name
