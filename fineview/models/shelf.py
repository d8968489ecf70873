"""What encoders are at hand, and the engine behind a name or a folder.

Three places: folders of weights shipped with the program, folders the person imported, and any folder named by its
path.  Listing reads manifests only and never imports torch; opening imports what that kind of encoder needs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import EncoderEntry
from fineview.models import weights

if TYPE_CHECKING:
    from fineview.models.device import Wanted
    from fineview.models.predictor import Predictor

DEFAULT = "retina-s"
OPEN_GATE = 0.01


def entries(places: Sequence[Path]) -> tuple[EncoderEntry, ...]:
    """Every readable encoder folder of ``places``, in order of name; the first of a name wins.

    A folder that cannot be read is left out here; :func:`problems` says why.
    """
    return _survey(places)[0]


def problems(places: Sequence[Path]) -> tuple[tuple[Path, WeightsProblem], ...]:
    """The folders of ``places`` that hold no usable encoder, each with its reason."""
    return _survey(places)[1]


def _survey(places: Sequence[Path]) -> tuple[tuple[EncoderEntry, ...], tuple[tuple[Path, WeightsProblem], ...]]:
    found: dict[str, EncoderEntry] = {}
    wrong = []
    for place in places:
        for folder in sorted(path for path in place.glob("*") if path.is_dir()):
            try:
                one = entry(folder)
                found.setdefault(one.name, one)
            except WeightsProblem as error:
                wrong.append((folder, error))
    return tuple(found[name] for name in sorted(found)), tuple(wrong)


def entry(folder: Path) -> EncoderEntry:
    """What a folder says about itself, without loading a tensor.  Raises ``WeightsProblem``."""
    manifest = weights.read_manifest(folder)
    open_gates = manifest.trained and _widest_gate(folder / weights.TENSORS) > OPEN_GATE
    words = "lesion heads" if manifest.trained else "never trained"
    return EncoderEntry(manifest.name, manifest.version, manifest.sha256, manifest.licence, "retina", manifest.trained,
                        open_gates, str(folder), words)


def folder_of(name: str, places: Sequence[Path]) -> Path:
    """The folder behind a name or a path.  Raises ``WeightsProblem`` ``weights-missing``, naming what there is."""
    if Path(name).is_dir():
        return Path(name)
    known = entries(places)
    for one in known:
        if one.name == name:
            return Path(one.path)
    for place in places:  # a folder that cannot be listed says itself what is wrong with it when it is opened
        if "/" not in name and (place / name).is_dir():
            return place / name
    at_hand = ", ".join(one.name for one in known) or "none"
    raise WeightsProblem(f"There is no encoder \"{name}\".", f"At hand: {at_hand}; or give a folder.",
                         "weights-missing")


def open_encoder(name: str, places: Sequence[Path], device: Wanted = "auto") -> Predictor:
    """The engine of a name or folder, its weights verified.  Raises ``WeightsProblem``, ``DeviceProblem``."""
    from fineview.models.predictor import Predictor

    return Predictor.load(folder_of(name, places), device)


def _widest_gate(path: Path) -> float:
    """The largest |alpha| among the fusion gates of a safetensors file, read without loading the rest.

    0 where there is none, or where the file is not as it should be: loading says what is wrong.
    """
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


_SCALARS = {"F32": "<f", "F16": "<e", "F64": "<d"}
