"""A folder of weights that a person brings: opened without trusting anything in it.

What is read: ``config.json`` (and, where there, ``preprocessor_config.json`` and ``tokenizer.json``), and safetensors
(``model.safetensors``, or the shards that ``model.safetensors.index.json`` names).  Nothing else is opened: pickles
and torch archives run code when they are loaded, so ``*.bin`` and ``*.pt`` beside the safetensors stay shut, and one
that calls itself ``model.safetensors`` is refused by its first bytes.  Code of the folder's own is never imported;
a configuration that names code is refused, so that nobody believes it was run.  Every file must be a plain file
inside the folder: links that lead out of it are refused.  Nothing here asks the network.

The hash of a folder is that of the list ``sha256sum`` prints for the files read, sorted by name, with two blanks
between digest and name and a line feed after each:  ``sha256sum FILES | LC_ALL=C sort -k2 | sha256sum``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineview.core.errors import WeightsProblem
from fineview.models import weights

if TYPE_CHECKING:
    from torch import Tensor

os.environ.setdefault("HF_HUB_OFFLINE", "1")

CONFIG, INDEX, TOKENIZER, PICTURES = "config.json", "model.safetensors.index.json", "tokenizer.json", \
    "preprocessor_config.json"
NOT_STATED = "not stated"
TEXT_CAP_BYTES, TOKENIZER_CAP_BYTES, SHARD_CAP = 4 * 2**20, 32 * 2**20, 64
TOTAL_CAP_BYTES = 24 * 2**30
_AGAIN = "Download the folder again from where it was published."
_PLAIN_NAME = re.compile(r"[\w.-]+\.safetensors")
_CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code", "remote_code", "code_revision"})
_SHUT = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".py", ".msgpack", ".h5"})
_TYPES = {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"}

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A checked folder.  No tensor has been read yet.

    ``shapes``: tensor name -> (type word of safetensors, shape); ``digests``: file name -> sha256 of the files read;
    ``unread``: names of files that hold pickles or code and were left shut.
    """

    folder: Path
    config: Mapping[str, Any]
    shapes: Mapping[str, tuple[str, Shape]]
    digests: Mapping[str, str]
    licence: str
    unread: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return list_digest(self.digests)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor, copied out of its file: a file that changes later must not change a loaded model."""
        from safetensors import SafetensorError, safe_open

        for name in sorted(one for one in self.digests if one.endswith(".safetensors")):
            try:
                with safe_open(self.folder / name, framework="pt") as held:
                    for key in held.keys():  # noqa: SIM118 - no mapping, its keys() is all there is
                        yield key, held.get_tensor(key).clone()
            except (SafetensorError, OSError) as problem:
                raise WeightsProblem(f"{name} cannot be read.", _AGAIN, "weights-format") from problem


def open_folder(folder: Path, licence: str | None = None, check: Callable[[], None] = lambda: None) -> Bundle:
    """Check everything that can be checked without reading a tensor.

    ``check`` is called before each file of weights is read for its hash, and may raise to stop.
    Raises ``WeightsProblem`` ``weights-missing``, ``-pickle``, ``-code``, ``-format``, ``-config``.
    """
    if not folder.is_dir():
        raise WeightsProblem(f"There is no folder {folder.name}.", "Choose a folder with config.json and safetensors.",
                             "weights-missing")
    config = read_json(folder, CONFIG)
    refuse_code(config, CONFIG)
    digests = {CONFIG: _digest(folder, CONFIG)}
    for name, cap in ((PICTURES, TEXT_CAP_BYTES), (TOKENIZER, TOKENIZER_CAP_BYTES)):
        if os.path.lexists(folder / name):
            held = read_json(folder, name, cap)
            if name != TOKENIZER:  # its keys are words of a vocabulary
                refuse_code(held, name)
            digests[name] = _digest(folder, name)
    shapes: dict[str, tuple[str, Shape]] = {}
    for name in shard_names(folder):
        check()
        digests[name], found = check_shard(folder, name)
        if twice := shapes.keys() & found.keys():
            raise WeightsProblem(f"The tensor {min(twice)[:80]} lies in two shards.", _AGAIN, "weights-format")
        shapes |= found
    if sum((folder / name).stat().st_size for name in digests) > TOTAL_CAP_BYTES:
        raise WeightsProblem(f"The folder holds more than {TOTAL_CAP_BYTES // 2**30} GiB of weights.",
                             "Choose a smaller encoder.", "weights-format")
    said = licence_of(folder)
    return Bundle(folder, config, shapes, digests, said if said != NOT_STATED else clean(licence or NOT_STATED),
                  unread_in(folder))


def plain_file(folder: Path, name: str, cap: int | None = None) -> Path:
    """``folder/name``, if it is a regular file that really lies in the folder and is no larger than ``cap`` bytes."""
    path = folder / name
    if not os.path.lexists(path):
        raise WeightsProblem(f"There is no {name} in the folder {folder.name}.",
                             "Choose a folder with config.json and model.safetensors.", "weights-missing")
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # a link that leads to itself
        raise WeightsProblem(f"{name} is no plain file.", _AGAIN, "weights-format") from None
    if not inside:
        raise WeightsProblem(f"{name} is a link that leads out of the folder.",
                             "Copy the folder so that it holds the files themselves (cp -rL).", "weights-format")
    if not path.exists() or not stat.S_ISREG(path.stat().st_mode):
        raise WeightsProblem(f"{name} is no plain file.", _AGAIN, "weights-format")
    if cap is not None and path.stat().st_size > cap:
        raise WeightsProblem(f"{name} has {path.stat().st_size:,} bytes; the limit is {cap:,}.", _AGAIN,
                             "weights-format")
    return path


def read_json(folder: Path, name: str, cap: int = TEXT_CAP_BYTES) -> dict[str, Any]:
    """An object from a JSON file of the folder.  Raises ``WeightsProblem``."""
    data = plain_file(folder, name, cap).read_bytes()
    weights.refuse_pickle(data[:8], name)
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise WeightsProblem(f"{name} is no JSON.", _AGAIN, "weights-config") from problem
    if not isinstance(held, dict):
        raise WeightsProblem(f"{name} is no JSON object.", _AGAIN, "weights-config")
    return held


def refuse_code(held: Any, where: str, depth: int = 0) -> None:
    """Refuse an object that names code anywhere in it: such a model would need it, and it is never run."""
    if depth > 40:
        raise WeightsProblem(f"{where} is nested too deeply.", _AGAIN, "weights-config")
    if isinstance(held, list):
        for one in held:
            if isinstance(one, dict | list):
                refuse_code(one, where, depth + 1)
        return
    for key, value in held.items():
        if (key in _CODE_KEYS and value) or _names_code(key, value):
            raise WeightsProblem(f"{where} names code of its own ({clean(key)}), which is never run here.",
                                 "Choose a model whose classes are part of the transformers library.", "weights-code")
        if isinstance(value, dict | list):
            refuse_code(value, where, depth + 1)


def _names_code(key: str, value: Any) -> bool:
    """A class or kernel given by a path: ``module.Class``, ``owner/repository``, ``file--Class``."""
    if key == "architectures" or key.endswith(("_class", "_implementation", "_module", "_kernel")):
        words = value if isinstance(value, list) else [value]
        return any(isinstance(word, str) and not re.fullmatch(r"\w*", word) for word in words)
    return False


def shard_names(folder: Path) -> tuple[str, ...]:
    """The safetensors files that make up the model."""
    if os.path.lexists(folder / weights.TENSORS):
        return (weights.TENSORS,)
    if not os.path.lexists(folder / INDEX):
        pickles = unread_in(folder)
        raise WeightsProblem(
            f"There is no {weights.TENSORS} in the folder {folder.name}"
            + (f"; {pickles[0]} can run code when it is opened and is not read." if pickles else "."),
            "Convert the weights to safetensors where it is safe to do so." if pickles else _AGAIN,
            "weights-pickle" if pickles else "weights-missing")
    listed = read_json(folder, INDEX).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(one, str) for one in listed.values()):
        raise WeightsProblem(f"{INDEX} lists no shards.", _AGAIN, "weights-format")
    names = tuple(sorted(set(listed.values())))
    for name in names:
        if not _PLAIN_NAME.fullmatch(name):
            raise WeightsProblem(f"{INDEX} names a shard outside the folder, or one that is no safetensors file.",
                                 _AGAIN, "weights-format")
    if not 1 <= len(names) <= SHARD_CAP:
        raise WeightsProblem(f"{INDEX} names {len(names)} shards; 1 to {SHARD_CAP} are read.", _AGAIN,
                             "weights-format")
    return names


def check_shard(folder: Path, name: str) -> tuple[str, dict[str, tuple[str, Shape]]]:
    """sha256 of one safetensors file, and type and shape of every tensor in it, from its checked header."""
    path = plain_file(folder, name)
    digest = weights.check_file(path)
    with path.open("rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    found = {}
    for key, value in header.items():
        if key == "__metadata__":
            continue
        shape = value.get("shape")
        if value.get("dtype") not in _TYPES or not isinstance(shape, list) or len(shape) > 8 \
                or not all(type(one) is int and 0 <= one < 2**40 for one in shape):
            raise WeightsProblem(f"{name} holds a tensor of an unknown kind ({clean(key)}).", _AGAIN, "weights-format")
        found[key] = (str(value["dtype"]), tuple(shape))
    return digest, found


def unread_in(folder: Path) -> tuple[str, ...]:
    """Files of the folder that hold pickles, archives or code, by their first bytes or their kind.  Left shut."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or path.suffix in (".json", ".md", ".txt"):
            continue
        with path.open("rb") as stream:
            start = stream.read(8)
        if weights.is_pickle(start) or path.suffix in _SHUT:
            found.append(clean(path.name))
    return tuple(found)


def licence_of(folder: Path) -> str:
    """The licence a folder states: front matter of README.md, else the first line of LICENSE, else "not stated"."""
    card = _text(folder, "README.md")
    front = re.match(r"---\r?\n(.*?)\r?\n---", card, re.S)
    for key in ("license_name", "license"):
        found = re.search(rf"^{key}:[ \t]*(\S.*)$", front.group(1), re.M) if front else None
        if found and found.group(1).strip("'\" \r") not in ("", "other"):
            return clean(found.group(1).strip("'\" \r"))
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"):
        lines = [line.strip() for line in _text(folder, name).splitlines() if line.strip()]
        if lines:
            return clean(lines[0])
    return NOT_STATED


def clean(text: str) -> str:
    """At most 80 printable characters of a text from a file."""
    return "".join(one if one.isprintable() else " " for one in text)[:80].strip()


def list_digest(digests: Mapping[str, str]) -> str:
    """The hash of hashes described above."""
    return hashlib.sha256("".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()).hexdigest()


def _text(folder: Path, name: str) -> str:
    try:
        with plain_file(folder, name).open("rb") as stream:
            return stream.read(64 * 1024).decode("utf-8", "replace")
    except (WeightsProblem, OSError):
        return ""


def _digest(folder: Path, name: str) -> str:
    with plain_file(folder, name).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
