"""Taking a folder of weights over: checked first, copied whole or not at all, recorded with name, licence and hash.

Only the files the encoder is made of are copied, and what states its licence.  The copy lies beside its place under a
name nobody lists, is flushed, hashed again, and moved into place in one step, so that a full disk or a kill leaves
nothing half-done.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fineview.core.errors import StorageProblem, WeightsProblem
from fineview.core.evidence import EncoderEntry
from fineview.models import decoupled_folder, shelf, weights
from fineview.models import folder as folders
from fineview.models.reachable import reachable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STATED = ("README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")


def import_encoder(source: Path, into: Path, places: Sequence[Path], name: str | None = None,
                   licence: str | None = None) -> EncoderEntry:
    """Check ``source`` completely, copy it to ``into/NAME`` and return its entry.

    The same weights under the same name again change nothing.  ``places``: where names may be taken already.
    ``licence`` counts where the folder itself states none.
    Raises ``WeightsProblem`` (``weights-taken`` for a name that other weights have), ``StorageProblem``.
    """
    with reachable(source):
        made, files = _checked(source, licence)
    called = name or re.sub(r"[^A-Za-z0-9._-]+", "-", source.resolve().name).strip("-.") or "encoder"
    if not _NAME.fullmatch(called):
        raise WeightsProblem(f"\"{folders.clean(called)}\" cannot be the name of an encoder.",
                             "Use letters, digits, dot, dash and underscore, at most 64.", "weights-taken")
    made = replace(made, name=called)
    for known in shelf.entries(places):
        if known.name == called:
            if (known.sha256, known.calibration) == (made.sha256, made.calibration):
                return known
            raise WeightsProblem(f"Other weights are already called {called} (sha256 {known.sha256[:8]}).",
                                 "Choose another name with --as.", "weights-taken")
    target = into / called
    if os.path.lexists(target):
        raise WeightsProblem(f"The folder {called} of imported encoders is there already and cannot be read.",
                             "Remove it, or choose another name with --as.", "weights-taken")
    _copy(source, target, files, made)
    return replace(made, path=str(target))


def import_int8(source: Path, into: Path, places: Sequence[Path], name: str | None = None) -> EncoderEntry:
    """An encoder of our own with its large matrices in 8 bits (:mod:`int8`), imported as ``name``.

    Without a ``name`` it is called as its source is, with "-int8".  Raises as :func:`import_encoder` does, and
    ``WeightsProblem`` ``weights-config`` for published weights, which are kept as they were published.
    """
    said = shelf.entry(source)
    if not shelf.is_own(source):
        raise WeightsProblem(f"{said.name} is a folder of published weights, which are kept as they are.",
                             "Import it without --int8.", "weights-config")
    from fineview.models.int8 import save_int8

    with tempfile.TemporaryDirectory(prefix="fineview-int8-") as beside:
        save_int8(source, Path(beside))
        return import_encoder(Path(beside), into, places, name or f"{said.name}-int8")


def _checked(source: Path, licence: str | None) -> tuple[EncoderEntry, tuple[str, ...]]:
    """Everything opening would check, building the network included, so that what is imported also opens."""
    if shelf.is_own(source):
        from fineview.models.predictor import Predictor

        Predictor.load(source, "cpu")
        return shelf.entry(source), (weights.MANIFEST, weights.TENSORS)
    from fineview.models import full_size

    part = shelf.inspected(source, licence)
    if part.kind == decoupled_folder.KIND:
        from fineview.models import decoupled_engine

        decoupled_engine.load(part)
    else:
        full_size.load(part, source)
    return shelf.as_entry(part, source), part.files


def _copy(source: Path, target: Path, files: Sequence[str], made: EncoderEntry) -> None:
    beside = target.parent / f".{target.name}.{os.getpid()}"
    try:
        for name in (*files, *(one for one in _STATED if _is_plain(source, one))):
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, beside / name)
            _flush(beside / name)
        (beside / shelf.RECORD).write_text(json.dumps(shelf.record(made), indent=1, sort_keys=True) + "\n", "utf-8")
        _flush(beside / shelf.RECORD)
        shelf.verify(beside)  # the copy, not the source, is what will be opened
        beside.rename(target)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageProblem("The encoder was not imported: the disk is full.",
                                 "Free some space and import it again.", "disk-full") from problem
        raise StorageProblem(f"The encoder was not imported: its copy could not be written ({problem.strerror}).",
                             "Check the folder of the program's data.", "read-only") from problem
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _is_plain(source: Path, name: str) -> bool:
    try:
        return bool(folders.plain_file(source, name, folders.TEXT_CAP_BYTES))
    except WeightsProblem:
        return False


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
