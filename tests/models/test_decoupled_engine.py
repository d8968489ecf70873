"""A folder of ResNet, BERT and trained decoupled attention as an encoder: loaded from disk, asked, refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BertConfig, BertModel, ResNetConfig, ResNetModel

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import Method
from fineview.imaging.dar import EdgeMask, redistribute
from fineview.models import decoupled_folder, shelf
from fineview.models.decoupled_engine import DecoupledEngine
from fineview.models.device import Device
from fineview.models.importing import import_encoder
from fineview.models.language.text_tokens import SPECIAL, TextTokens
from fineview.models.vision.decoupled import DecoupledAttention
from fineview.models.vision.image_tokens import ImageTokens

WORDS = (*SPECIAL, "a", "bright", "spot", "dark", "vessel", "is", "there", "?")
HEADS, WIDTH = 2, 16


def save(path: Path) -> Path:
    torch.manual_seed(4)
    resnet = ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 12, 20], depths=[1, 1, 1, 1],
                                      layer_type="basic")).eval()
    bert = BertModel(BertConfig(vocab_size=len(WORDS), hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                                intermediate_size=24, max_position_embeddings=16, initializer_range=0.5))
    resnet.save_pretrained(path / "image")
    bert.save_pretrained(path / "text")
    (path / "text" / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    made = DecoupledAttention(ImageTokens(nn.Identity(), 20, 16), TextTokens(nn.Identity(), 12, 16), WIDTH, HEADS)
    for weight in (made.query.weight, made.key.weight):  # rows far from even, so that maps have something to show
        nn.init.normal_(weight, 0, 1.0)
    (path / "decoupled").mkdir()
    save_file(made.state_dict(), path / "decoupled" / "model.safetensors")
    (path / "decoupled" / "config.json").write_text(json.dumps({"model_type": "fineview-decoupled", "heads": HEADS}))
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("net") / "joined")


@pytest.fixture(scope="module")
def engine(path: Path) -> DecoupledEngine:
    made = shelf.open_encoder(str(path), (), "cpu")
    assert isinstance(made, DecoupledEngine)
    return made


def photograph() -> np.ndarray:
    rgb = np.full((240, 400, 3), (70, 50, 40), np.uint8)
    rgb[60:120, 250:330] = (230, 200, 60)
    rgb[140:220, 60:100] = (30, 10, 10)
    return rgb


def test_the_row_of_a_question_is_that_of_both_networks_loaded_by_hand(path: Path) -> None:
    engine = DecoupledEngine.load(decoupled_folder.inspect(path), "joined", Device("cpu", torch.float32))
    seen = engine.encode(photograph())
    resnet = ResNetModel.from_pretrained(path / "image").eval()
    bert = BertModel.from_pretrained(path / "text").eval()
    held = load_file(path / "decoupled" / "model.safetensors")

    def part(name: str, values: torch.Tensor) -> torch.Tensor:
        return values @ held[f"{name}.weight"].T + held[f"{name}.bias"]

    def tokens(side: str, values: torch.Tensor) -> torch.Tensor:
        return nn.functional.layer_norm(part(f"{side}.project", values), (16,), held[f"{side}.norm.weight"],
                                        held[f"{side}.norm.bias"])

    with torch.inference_mode():
        pixels = torch.from_numpy(seen.canvas).permute(2, 0, 1)[None].float() / 255
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        cells = resnet((pixels - mean) / std).last_hidden_state[0].flatten(1).T
        ids = torch.tensor([[WORDS.index(w) for w in ("[CLS]", "a", "bright", "spot", "[SEP]")]])
        query = part("query", tokens("text", bert(ids).last_hidden_state[0]))[1:-1]
        key = part("key", tokens("image", cells))
        per_head = [(query[:, h * 8:h * 8 + 8] @ key[:, h * 8:h * 8 + 8].T / 8**0.5).softmax(-1) for h in range(HEADS)]
    expected = torch.stack(per_head).mean((0, 1)) * len(cells)
    grid = seen.where.grid
    side = round((len(cells) / (grid[0] * grid[1])) ** 0.5)
    found = engine._shares(seen.sight.tokens, "a bright spot").reshape(*grid, side, side).transpose(1, 2).flatten()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


def test_questions_give_different_maps_blank_frames_none_and_dar_works_on_top(engine: DecoupledEngine) -> None:
    seen = engine.encode(photograph())
    one, two, plain = (engine.raw_map(seen, text) for text in ("a bright spot", "dark vessel", None))
    for found in (one, two, plain):
        assert found.shape == (240, 400)
        assert found.dtype == np.float32
        assert 0 <= found.min() <= found.max() <= 1
    assert np.abs(one - two).max() > 0.05
    assert one.std() > 0
    empty = engine.encode(np.full((240, 400, 3), (70, 50, 40), np.uint8))
    assert engine.raw_map(empty, "a bright spot").std() < 1e-3
    spot = np.zeros((240, 400), bool)
    spot[60:120, 250:330] = True
    mask = EdgeMask(spot, "laplacian", 1.0)
    bent = engine.method_map(seen, Method.DAR, "a bright spot", 2.0, mask)
    np.testing.assert_array_equal(bent, redistribute(one, mask, 2.0))
    assert set(engine.methods) == {Method.RAW, Method.DAR}
    assert "decoupled" in engine.layer(Method.RAW)
    assert engine.knows("bright")
    assert not engine.knows("zebra")


def test_it_says_what_it_is_and_the_hash_covers_every_part(path: Path, tmp_path: Path) -> None:
    said = shelf.entry(path)
    assert said.kind == "decoupled"
    assert "answers a question with a map" in said.words
    other = save(tmp_path / "other")
    assert shelf.entry(other).sha256 == said.sha256
    words = (other / "text" / "vocab.txt").read_text("utf-8")
    (other / "text" / "vocab.txt").write_text(words.replace("bright", "brighter"), "utf-8")
    assert shelf.entry(other).sha256 != said.sha256


@pytest.mark.parametrize("harm, code", [
    (lambda at: (at / "decoupled" / "model.safetensors").write_bytes(b"\x80\x04" + bytes(60)), "weights-pickle"),
    (lambda at: (at / "decoupled" / "model.safetensors").unlink(), "weights-missing"),
    (lambda at: (at / "text" / "vocab.txt").unlink(), "weights-missing"),
    (lambda at: (at / "text" / "vocab.txt").write_text("\n".join((*WORDS, *"bcdef")), "utf-8"), "weights-format"),
    (lambda at: config(at / "decoupled", heads=0), "weights-config"),
    (lambda at: config(at / "decoupled", heads=3), "weights-format"),
    (lambda at: config(at / "text", hidden_size=8), "weights-format"),
    (lambda at: config(at / "text", auto_map={"AutoModel": "evil.Evil"}), "weights-code"),
    (lambda at: config(at / "image", hidden_sizes=[8, 8, 12, 24]), "weights-format"),
    (lambda at: config(at / "text", model_type="gpt2"), "weights-config")])
def test_damaged_folders_are_refused(harm: object, code: str, tmp_path: Path) -> None:
    at = save(tmp_path / "net")
    harm(at)  # type: ignore[operator]
    with pytest.raises(WeightsProblem) as refused:
        shelf.open_encoder(str(at), (), "cpu")
    assert refused.value.code == code


def config(at: Path, **changes: object) -> None:
    held = json.loads((at / "config.json").read_text("utf-8"))
    (at / "config.json").write_text(json.dumps({**held, **changes}), "utf-8")


def test_a_folder_without_the_trained_part_is_refused_and_says_why(tmp_path: Path) -> None:
    at = save(tmp_path / "net")
    for file in (at / "decoupled").iterdir():
        file.unlink()
    (at / "decoupled").rmdir()
    with pytest.raises(WeightsProblem, match="no decoupled folder"):
        decoupled_folder.inspect(at)


def test_it_is_imported_whole_and_opens_under_its_name(path: Path, tmp_path: Path) -> None:
    kept = import_encoder(path, tmp_path, (tmp_path,), "pointer")
    assert shelf.verify(tmp_path / "pointer").sha256 == kept.sha256 == shelf.entry(path).sha256
    assert isinstance(shelf.open_encoder("pointer", (tmp_path,), "cpu"), DecoupledEngine)
