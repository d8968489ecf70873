"""What encoders are at hand, and the engine behind a name or a folder.

Three places: folders of weights shipped with the program, folders the person imported, and any folder named by its
path.  A folder with ``model.json`` is one of our own with lesion heads; any other is an ordinary folder of published
weights (:mod:`published`).  Listing reads manifests and the records of imports only and never imports torch; opening
verifies every file and imports what that kind of encoder needs.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import EncoderEntry
from fineview.models import decoupled_folder, published, weights
from fineview.models import folder as folders
from fineview.models.language.families import speaks
from fineview.models.reachable import reachable
from fineview.models.vision.build import JOINED, UNGATED
from fineview.models.vision.read_config import read_config

if TYPE_CHECKING:
    from fineview.models.device import Wanted
    from fineview.models.general import GeneralEngine
    from fineview.models.language.engine import ReaderEngine
    from fineview.models.predictor import Predictor

DEFAULT = "retina-s"
RECORD = "encoder.json"
OPEN_GATE = 0.01
_TEXTS = ("name", "version", "sha256", "licence", "kind", "words")
_FLAGS = ("trained", "fusion_trained")
_SCALARS = {"F32": "<f", "F16": "<e", "F64": "<d"}

Trouble = tuple[Path, WeightsProblem]


def entries(places: Sequence[Path]) -> tuple[EncoderEntry, ...]:
    """Every readable encoder folder of ``places``, in order of name; the first of a name wins.

    A folder that cannot be read is left out here; :func:`problems` says why.
    """
    return _survey(places)[0]


def problems(places: Sequence[Path]) -> tuple[Trouble, ...]:
    """The folders of ``places`` that hold no usable encoder, each with its reason."""
    return _survey(places)[1]


def _survey(places: Sequence[Path]) -> tuple[tuple[EncoderEntry, ...], tuple[Trouble, ...]]:
    found: dict[str, EncoderEntry] = {}
    wrong = []
    for place in places:
        try:
            paths = _folders(place)
        except WeightsProblem as error:
            wrong.append((place, error))
            continue
        for path in paths:
            try:
                one = entry(path)
                found.setdefault(one.name, one)
            except WeightsProblem as error:
                wrong.append((path, error))
    return tuple(found[name] for name in sorted(found)), tuple(wrong)


def _folders(place: Path) -> list[Path]:
    with reachable(place):
        return sorted(one for one in place.glob("*") if one.is_dir() and not one.name.startswith("."))


def entry(path: Path) -> EncoderEntry:
    """What a folder says about itself, without loading a tensor.  Raises ``WeightsProblem``.

    Published weights that were never imported have no record yet: their files are checked and hashed for it.
    """
    with reachable(path):
        return _entry(path)


def _entry(path: Path) -> EncoderEntry:
    if os.path.lexists(path / RECORD):
        return _recorded(path)
    if is_own(path):
        manifest = weights.read_manifest(path)
        joined, open_gates = _own_fusion(path, manifest)
        return EncoderEntry(manifest.name, manifest.version, manifest.sha256, manifest.licence, "retina",
                            manifest.trained, open_gates, str(path), _own_words(manifest), joined,
                            manifest.calibration)
    return as_entry(inspected(path), path)


def facts_of(path: Path) -> dict[str, Any]:
    """All that the manifest of one of our own says; {} for other encoders.  Raises ``WeightsProblem``."""
    return weights.read_manifest(path).facts if is_own(path) else {}


def _own_words(manifest: weights.Manifest) -> str:
    words = "lesion heads" if manifest.trained else "never trained"
    return f"{words}; kept in 8 bits" if manifest.facts.get("stored") == "int8" else words


def _own_fusion(path: Path, manifest: weights.Manifest) -> tuple[bool, bool]:
    """Whether one of our own joins two networks, and whether that was trained, without loading it."""
    try:
        kind = read_config(manifest.facts).encoder.kind
    except WeightsProblem:  # opening says what is wrong with it
        return False, False
    is_open = kind in UNGATED or widest_gate(path / weights.TENSORS) > OPEN_GATE
    return kind in JOINED, manifest.trained and kind in JOINED and is_open


def inspected(path: Path, licence: str | None = None) -> published.Part:
    """A folder of published weights, or of decoupled attention with its two networks, checked without a tensor."""
    look = decoupled_folder.inspect if decoupled_folder.is_decoupled(path) else published.inspect
    return look(path, licence)


def is_own(path: Path) -> bool:
    """Whether a folder holds an encoder of our own, with a manifest and lesion heads."""
    return (path / weights.MANIFEST).is_file()


def as_entry(part: published.Part, path: Path, name: str | None = None) -> EncoderEntry:
    """An inspected folder of published weights as an entry; called as its folder is unless it has a ``name``."""
    joined = part.kind == "fila"
    fused = joined and part.fusion and widest_gate(path / published.FUSION / weights.TENSORS) > OPEN_GATE
    words = "maps only, no lesion heads" + ("; untrained fusion" if joined and not fused else "")
    words += "; answers a question with a map" if part.reads_text else ""
    return EncoderEntry(name or folders.clean(path.resolve().name), part.kind, part.sha256, part.licence, part.kind,
                        True, fused, str(path), words, joined)


def _recorded(path: Path) -> EncoderEntry:
    held = folders.read_json(path, RECORD)
    if not all(isinstance(held.get(name), str) for name in _TEXTS) \
            or not all(isinstance(held.get(name), bool) for name in _FLAGS):
        raise WeightsProblem(f"{RECORD} cannot be read.", "Import the encoder again.", "weights-format")
    name, version, sha256, licence, kind, words = (folders.clean(held[one]) for one in _TEXTS)
    own = weights.read_manifest(path) if is_own(path) else None
    # Older records say "fusion_trained" of networks that have no fusion.
    joined, fused = (_own_fusion(path, own) if own else (kind == "fila", kind == "fila" and held["fusion_trained"]))
    return EncoderEntry(name, version, sha256, licence, kind, held["trained"], fused, str(path), words, joined,
                        own.calibration if own else "")


def record(one: EncoderEntry) -> dict[str, Any]:
    """What is kept of an import beside its files."""
    return {name: getattr(one, name) for name in (*_TEXTS, *_FLAGS)}


def folder_of(name: str, places: Sequence[Path]) -> Path:
    """The folder behind a name or a path.  A name at hand wins over a folder of that name where the program stands.

    Raises ``WeightsProblem`` ``weights-missing``, naming what there is.
    """
    known = entries(places)
    for one in known:
        if one.name == name:
            return Path(one.path)
    if Path(name).is_dir():
        return Path(name)
    for place in places:  # a folder that cannot be listed says itself what is wrong with it when it is opened
        if Path(name).name == name and (place / name).is_dir():
            return place / name
    at_hand = ", ".join(one.name for one in known) or "none"
    raise WeightsProblem(f"There is no encoder \"{folders.clean(name)}\".", f"At hand: {at_hand}; or give a folder.",
                         "weights-missing")


def verify(path: Path) -> EncoderEntry:
    """Check every file of an encoder against its manifest or record.  Raises ``WeightsProblem``."""
    said = entry(path)
    with reachable(path):
        if is_own(path):
            weights.check_file(path / weights.TENSORS, said.sha256)
        else:
            _same(said, inspected(path).sha256)
    return said


def _same(said: EncoderEntry, sha256: str) -> None:
    if sha256 != said.sha256:
        raise WeightsProblem(f"The files of {said.name} are not those that were imported (sha256 {sha256[:8]}, "
                             f"expected {said.sha256[:8]}).", "Remove the folder and import it again.", "weights-hash")


def open_encoder(name: str, places: Sequence[Path], device: Wanted = "auto"
                 ) -> Predictor | GeneralEngine | ReaderEngine:
    """The engine of a name or folder, its weights verified.  Raises ``WeightsProblem``, ``DeviceProblem``."""
    path = folder_of(name, places)
    with reachable(path):
        return _open(path, device)


def _open(path: Path, device: Wanted) -> Predictor | GeneralEngine | ReaderEngine:
    if speaks(path):  # a language model, by its folder alone: it shows maps and takes no part in advice
        from fineview.models.language.engine import ReaderEngine

        return ReaderEngine.load(path, device)
    if is_own(path):
        from fineview.models.predictor import Predictor

        own = Predictor.load(path, device)
        own.name = entry(path).name
        return own
    from fineview.models import device as devices
    from fineview.models import full_size
    from fineview.models.general import GeneralEngine

    part = inspected(path)
    said = entry(path) if os.path.lexists(path / RECORD) else as_entry(part, path)
    _same(said, part.sha256)
    if part.kind == decoupled_folder.KIND:
        from fineview.models.decoupled_engine import DecoupledEngine

        return DecoupledEngine.load(part, said.name, devices.choose(device))
    return GeneralEngine(full_size.load(part, path), said.name, said.kind, part.sha256, devices.choose(device))


def widest_gate(path: Path) -> float:
    """The largest |alpha| among the fusion gates of a safetensors file, read without loading the rest.

    0 where there is none, or where the file is not as it should be: loading says what is wrong.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        return 0.0
    try:
        with path.open("rb") as stream:
            length = struct.unpack("<Q", stream.read(8))[0]
            if length > weights.HEADER_CAP_BYTES:
                return 0.0
            header = json.loads(stream.read(length))
            found = [0.0]
            for name, value in header.items():
                if name.endswith(".alpha") and value["dtype"] in _SCALARS:
                    begin, end = value["data_offsets"]
                    stream.seek(8 + length + begin)
                    found.append(abs(struct.unpack(_SCALARS[value["dtype"]], stream.read(end - begin))[0]))
            return max(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return 0.0
