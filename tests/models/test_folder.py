"""Hostile and broken folders of weights: each refused with its code, a sentence and a remedy, and nothing run."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fineview.core.errors import WeightsProblem
from fineview.models import folder, full_size, published
from tests.models import tiny_folders

CONFIG, TENSORS = folder.CONFIG, "model.safetensors"
TRAP = "sprung"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folders.save("clip", tmp_path_factory.mktemp("clip"))


@pytest.fixture
def net(sound: Path, tmp_path: Path) -> Path:
    """A copy of a sound folder to be spoilt; beside it a file outside."""
    made = tmp_path / "net"
    made.mkdir()
    for name in (CONFIG, TENSORS):
        (made / name).write_bytes((sound / name).read_bytes())
    return made


def refused(path: Path) -> WeightsProblem:
    with pytest.raises(WeightsProblem) as told:
        full_size.load(published.inspect(path), path)
    assert told.value.what.endswith(".") and told.value.remedy
    assert not (path.parent / TRAP).exists()
    return told.value


def config(net: Path, **changes: Any) -> None:
    held = json.loads((net / CONFIG).read_text())
    (net / CONFIG).write_text(json.dumps({**held, **changes}))


def pickled(path: Path, protocol: int = 4) -> bytes:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return (Path.touch, (path.parent / TRAP,))

    return pickle.dumps(Trap(), protocol=protocol)


def retensored(net: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    held = load_file(net / TENSORS)
    change(held)
    save_file(held, net / TENSORS)


def header(net: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Rewrite the header of the safetensors file, leaving its data."""
    data = (net / TENSORS).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    held = json.loads(data[8: 8 + length])
    change(held)
    text = json.dumps(held).encode()
    (net / TENSORS).write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length:])


def sharded(net: Path, names: dict[str, str] | Any) -> None:
    (net / folder.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": names}))
    (net / TENSORS).rename(net / "model-00001-of-00001.safetensors")


def linked(net: Path, name: str) -> None:
    outside = net.parent / f"outside-{name}"
    (net / name).rename(outside)
    (net / name).symlink_to(outside)


FIRST = "embeddings.class_embedding"
HOSTILE: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "no config": ("weights-missing", lambda net: (net / CONFIG).unlink()),
    "no tensors": ("weights-missing", lambda net: (net / TENSORS).unlink()),
    "pickle as safetensors": ("weights-pickle", lambda net: (net / TENSORS).write_bytes(pickled(net))),
    "old pickle as safetensors": ("weights-format", lambda net: (net / TENSORS).write_bytes(pickled(net, 0))),
    "torch archive as safetensors": ("weights-pickle", lambda net: torch.save({}, net / TENSORS)),
    "numpy as safetensors": ("weights-pickle", lambda net: (net / TENSORS).write_bytes(b"\x93NUMPY" + bytes(90))),
    "pickle as config": ("weights-pickle", lambda net: (net / CONFIG).write_bytes(pickled(net))),
    "pickle only": ("weights-pickle", lambda net: ((net / TENSORS).unlink(),
                                                   (net / "pytorch_model.bin").write_bytes(pickled(net)))),
    "pickle under another name": ("weights-pickle", lambda net: ((net / TENSORS).unlink(),
                                                                 (net / "weights.dat").write_bytes(pickled(net)))),
    "auto_map": ("weights-code", lambda net: config(net, auto_map={"AutoModel": "modeling.Net"})),
    "auto_map inside": ("weights-code", lambda net: config(net, a=[{"b": {"auto_map": {"AutoModel": "m.Net"}}}])),
    "custom pipeline": ("weights-code", lambda net: config(net, custom_pipelines={"x": {"impl": "pipe.X"}})),
    "trust_remote_code": ("weights-code", lambda net: config(net, trust_remote_code=True)),
    "dotted class": ("weights-code", lambda net: config(net, tokenizer_class="evil.Tokenizer")),
    "class of a repository": ("weights-code", lambda net: config(net, image_processor_class="who/what--x.Y")),
    "dotted architecture": ("weights-code", lambda net: config(net, architectures=["modeling.Net"])),
    "downloaded kernel": ("weights-code", lambda net: config(net, _attn_implementation="who/kernel")),
    "code in the preprocessor": ("weights-code", lambda net: (net / folder.PICTURES).write_text(
        json.dumps({"auto_map": {"AutoImageProcessor": "x.Y"}}))),
    "another family": ("weights-config", lambda net: config(net, model_type="llama")),
    "family is a list": ("weights-config", lambda net: config(net, model_type=["clip"])),
    "quantised": ("weights-config", lambda net: config(net, quantization_config={"bits": 4})),
    "huge width": ("weights-config", lambda net: config(net, hidden_size=2**40)),
    "negative depth": ("weights-config", lambda net: config(net, num_hidden_layers=-1)),
    "width is a text": ("weights-config", lambda net: config(net, hidden_size="32")),
    "width is true": ("weights-config", lambda net: config(net, hidden_size=True)),
    "heads do not divide": ("weights-config", lambda net: config(net, num_attention_heads=3)),
    "activation by name of code": ("weights-config", lambda net: config(net, hidden_act="os.system")),
    "epsilon is no number": ("weights-config", lambda net: config(net, layer_norm_eps=float("nan"))),
    "config no JSON": ("weights-config", lambda net: (net / CONFIG).write_text("{'a': 1}")),
    "config a list": ("weights-config", lambda net: (net / CONFIG).write_text("[]")),
    "config nested": ("weights-config", lambda net: (net / CONFIG).write_text("[" * 200_000)),
    "config deep": ("weights-config", lambda net: (net / CONFIG).write_text('{"a":' * 90 + "1" + "}" * 90)),
    "config of binary": ("weights-config", lambda net: (net / CONFIG).write_bytes(bytes(range(128, 250)))),
    "config huge": ("weights-format", lambda net: config(net, note="x" * folder.TEXT_CAP_BYTES)),
    "truncated": ("weights-format", lambda net: (net / TENSORS).write_bytes((net / TENSORS).read_bytes()[:-7])),
    "cut in the header": ("weights-format", lambda net: (net / TENSORS).write_bytes((net / TENSORS).read_bytes()[:90])),
    "empty": ("weights-format", lambda net: (net / TENSORS).write_bytes(b"")),
    "huge header": ("weights-format", lambda net: (net / TENSORS).write_bytes(struct.pack("<Q", 2**50) + b"{}")),
    "a tensor more": ("weights-format", lambda net: retensored(net, lambda t: t.update(extra=torch.zeros(2)))),
    "a tensor less": ("weights-format", lambda net: retensored(net, lambda t: t.pop(FIRST))),
    "wrong shape": ("weights-format", lambda net: retensored(net, lambda t: t.update({FIRST: torch.zeros(31)}))),
    "whole numbers": ("weights-format", lambda net: retensored(
        net, lambda t: t.update({FIRST: torch.zeros(32, dtype=torch.int32)}))),
    "not a number": ("weights-format", lambda net: retensored(
        net, lambda t: t.update({FIRST: torch.full((32,), float("nan"))}))),
    "unknown type": ("weights-format", lambda net: header(net, lambda h: h[FIRST].update(dtype="X9"))),
    "negative shape": ("weights-format", lambda net: header(net, lambda h: h[FIRST].update(shape=[-32, -1]))),
    "overlapping tensors": ("weights-format", lambda net: header(
        net, lambda h: h[FIRST].update(data_offsets=[4, 132]))),
    "shard outside": ("weights-format", lambda net: sharded(net, {"a": "../net/model.safetensors"})),
    "shard absolute": ("weights-format", lambda net: sharded(net, {"a": str(net / "x.safetensors")})),
    "shard a pickle": ("weights-format", lambda net: sharded(net, {"a": "pytorch_model.bin"})),
    "shard missing": ("weights-missing", lambda net: sharded(net, {"a": "model-00009.safetensors"})),
    "too many shards": ("weights-format", lambda net: sharded(
        net, {f"t{n}": f"m{n}.safetensors" for n in range(folder.SHARD_CAP + 1)})),
    "index without shards": ("weights-format", lambda net: sharded(net, [])),
    "index of numbers": ("weights-format", lambda net: sharded(net, {"a": 1})),
    "link out: tensors": ("weights-format", lambda net: linked(net, TENSORS)),
    "link out: config": ("weights-format", lambda net: linked(net, CONFIG)),
    "link to nowhere": ("weights-format", lambda net: ((net / CONFIG).unlink(), (net / CONFIG).symlink_to("gone"))),
    "pipe": ("weights-format", lambda net: ((net / TENSORS).unlink(), os.mkfifo(net / TENSORS))),
    "folder as file": ("weights-format", lambda net: ((net / TENSORS).unlink(), (net / TENSORS).mkdir())),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_folder_is_refused_with_its_reason(case: str, net: Path) -> None:
    code, spoil = HOSTILE[case]
    spoil(net)
    assert refused(net).code == code


def test_a_sound_folder_opens_and_its_hash_is_that_of_sha256sum(net: Path) -> None:
    import subprocess

    part = published.inspect(net)
    command = f"sha256sum {CONFIG} {TENSORS} | LC_ALL=C sort -k2 | sha256sum"
    said = subprocess.run(["sh", "-c", command], cwd=net, capture_output=True, text=True, check=True).stdout
    assert part.sha256 == said.split()[0] and part.kind == "clip"
    full_size.load(part, net)


def test_a_pickle_beside_the_tensors_is_left_shut_and_named(net: Path) -> None:
    (net / "pytorch_model.bin").write_bytes(pickled(net))
    (net / "modeling_net.py").write_text(f"open({str(net.parent / TRAP)!r}, 'w')")
    os.mkfifo(net / "pipe.bin")  # opening it would wait for ever
    (net / "away.bin").symlink_to("/dev/zero")
    part = published.inspect(net)
    full_size.load(part, net)
    assert part.unread == ("modeling_net.py", "pytorch_model.bin") and not (net.parent / TRAP).exists()


def test_keys_nobody_listed_never_reach_the_class(net: Path) -> None:
    plain = full_size.load(published.inspect(net), net).encoder
    config(net, id2label={"0": "x"}, output_attentions=True, torchscript=True, attention_dropout=0.9, dtype="float16")
    made = full_size.load(published.inspect(net), net).encoder
    assert made.vit.config.output_attentions is False and made.vit.config.attention_dropout == 0.0
    for one, two in zip(plain.vit.parameters(), made.vit.parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_file_that_changes_later_does_not_change_the_loaded_model(net: Path) -> None:
    made = full_size.load(published.inspect(net), net).encoder
    before = {name: value.clone() for name, value in made.vit.state_dict().items()}
    size = (net / TENSORS).stat().st_size
    with (net / TENSORS).open("r+b") as stream:
        stream.seek(size // 2)
        stream.write(bytes(size - size // 2))
    assert all(torch.equal(value, before[name]) for name, value in made.vit.state_dict().items())


def test_shards_make_the_same_model_as_one_file(sound: Path, tmp_path: Path) -> None:
    tiny_folders.save("clip", tmp_path, max_shard_size="60KB")
    names = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(names) > 1
    one, many = (full_size.load(published.inspect(path), path).encoder for path in (sound, tmp_path))
    for first, second in zip(one.vit.parameters(), many.vit.parameters(), strict=True):
        assert torch.equal(first, second)
    (tmp_path / names[0]).unlink()
    assert refused(tmp_path).code == "weights-missing"


@pytest.mark.parametrize(("files", "licence"), [
    ({}, "not stated"), ({"README.md": "---\nlicense: mit\ntags: [a]\n---\n# x"}, "mit"),
    ({"README.md": "---\r\nlicense: 'apache-2.0'\r\n---\r\n"}, "apache-2.0"),
    ({"README.md": "---\nlicense: other\nlicense_name: health-ai\n---\n"}, "health-ai"),
    ({"README.md": "license: mit"}, "not stated"), ({"LICENSE": "\n  MIT License\n\nCopyright"}, "MIT License"),
    ({"README.md": "---\nlicense: \x1b[2Jbad\n---\n"}, "[2Jbad"),
    ({"README.md": "---\nlicense: " + "x" * 900 + "\n---\n"}, "x" * 80),
])
def test_the_licence_is_what_the_folder_states(net: Path, files: dict[str, str], licence: str) -> None:
    for name, text in files.items():
        (net / name).write_bytes(text.encode())
    assert published.inspect(net).licence == licence
    assert published.inspect(net, "by letter").licence == ("by letter" if licence == "not stated" else licence)


def test_nothing_asks_the_network() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
