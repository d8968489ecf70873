"""Weights are refused by content before anything parses them."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from fineview.core.errors import WeightsProblem
from fineview.models import weights

FACTS: dict[str, Any] = {"name": "t", "version": "1", "licence": "none", "trained_steps": 5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights.save({"a": torch.arange(6.0).view(2, 3), "b": torch.zeros(2, dtype=torch.float16)}, tmp_path, FACTS)
    return tmp_path


def code_of(folder: Path) -> str:
    with pytest.raises(WeightsProblem) as caught:
        weights.load(folder)
    assert caught.value.remedy and caught.value.what
    return caught.value.code


def test_what_is_saved_comes_back(folder: Path) -> None:
    tensors, manifest = weights.load(folder)
    assert torch.equal(tensors["a"], torch.arange(6.0).view(2, 3))
    assert manifest.trained and len(manifest.sha256) == 64


def test_missing_file_and_missing_manifest(folder: Path) -> None:
    (folder / weights.TENSORS).unlink()
    assert code_of(folder) == "weights-missing"
    (folder / weights.MANIFEST).unlink()
    assert code_of(folder) == "weights-missing"


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_a_pickle_under_any_name_is_never_opened(folder: Path, tmp_path: Path, protocol: int) -> None:
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return (Path.touch, (trap,))

    (folder / weights.TENSORS).write_bytes(pickle.dumps(Trap(), protocol=protocol))
    assert code_of(folder) in {"weights-pickle", "weights-format"}
    assert not trap.exists()


def test_a_torch_archive_is_named_a_pickle(folder: Path) -> None:
    torch.save({"a": torch.zeros(3)}, folder / weights.TENSORS)
    assert code_of(folder) == "weights-pickle"


def test_changed_bytes_are_a_wrong_hash(folder: Path) -> None:
    path = folder / weights.TENSORS
    held = bytearray(path.read_bytes())
    held[-1] ^= 1
    path.write_bytes(held)
    assert code_of(folder) == "weights-hash"


@pytest.mark.parametrize("keep", [0, 4, 8, 40, -1])
def test_truncated(folder: Path, keep: int) -> None:
    path = folder / weights.TENSORS
    path.write_bytes(path.read_bytes()[:keep])
    assert code_of(folder) == "weights-format"


def test_a_huge_header_is_refused_before_it_is_read(folder: Path) -> None:
    (folder / weights.TENSORS).write_bytes(struct.pack("<Q", 2**40) + b"{}")
    assert code_of(folder) == "weights-format"


def test_too_many_tensors(folder: Path) -> None:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"t{number}": empty for number in range(20_001)}).encode()
    (folder / weights.TENSORS).write_bytes(struct.pack("<Q", len(header)) + header)
    assert code_of(folder) == "weights-format"


_ENDLESS = '{"name": "a", "version": "1", "sha256": "b", "licence": "c", "trained_steps": Infinity}'


@pytest.mark.parametrize("text", ["", "[]", "{}", "{\"name\": 1}", "\u0000", _ENDLESS, "[" * 200_000],
                         ids=["empty", "list", "bare", "name", "nul", "endless", "deep"])
def test_a_broken_manifest(folder: Path, text: str) -> None:
    (folder / weights.MANIFEST).write_text(text, encoding="utf-8")
    assert code_of(folder) == "weights-format"
