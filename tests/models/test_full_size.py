"""Encoders from published folders against transformers' own classes loaded from the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import (
    CLIPModel,
    CLIPVisionModel,
    ConvNextModel,
    EfficientNetModel,
    PreTrainedTokenizerFast,
    ResNetModel,
    ViTModel,
)
from transformers.utils import logging

from fineview.core.errors import WeightsProblem
from fineview.models import checkpoint, full_size, published
from fineview.models.vision import normalisation, tiling
from tests.models import tiny_folders

GRID = (1, 2)


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nets")
    for number, kind in enumerate((*tiny_folders.KINDS, *tiny_folders.WORDS)):
        tiny_folders.save(kind, root / kind, seed=number)
    return root


@pytest.fixture(autouse=True)
def calm() -> Any:
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    yield
    logging.set_verbosity(before)
    logging.enable_progress_bar()


def load(path: Path) -> full_size.Loaded:
    return full_size.load(published.inspect(path), path)


def picture(cols: int = 2) -> torch.Tensor:
    return torch.rand(1, 3, 768, 768 * cols, generator=torch.Generator().manual_seed(2))


def normed(pixels: torch.Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
    return (pixels - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)


def clip_views(fine: torch.Tensor) -> torch.Tensor:
    canvas = functional.interpolate(fine, size=(336, 672), mode="bilinear", antialias=True)
    whole = functional.interpolate(canvas, size=(336, 336), mode="bilinear", antialias=True)
    return normed(torch.cat([whole, canvas[..., :336], canvas[..., 336:]]), normalisation.CLIP_MEAN,
                  normalisation.CLIP_STD)


@pytest.mark.parametrize("kind", ["clip", "fila"])
def test_alpha_zero_equals_plain_clip_bit_for_bit(kind: str, nets: Path) -> None:
    path = nets / kind
    plain = CLIPVisionModel.from_pretrained(path / "vit" if kind == "fila" else path, attn_implementation="sdpa").eval()
    for value in plain.parameters():
        value.data = value.data.clone()  # out of the mapped file: where a tensor lies can change the last bit
    fine = picture()
    with torch.inference_mode():
        found = load(path).encoder(fine, None, GRID)  # type: ignore[operator]
        truth = plain(pixel_values=clip_views(fine)).last_hidden_state
    assert torch.equal(tiling.cut(found.tokens, GRID).flatten(2).transpose(1, 2), truth[1:, 1:])
    assert torch.equal(found.cls[0], truth[:, 0]) and found.whole is not None
    assert torch.equal(found.whole.flatten(2).transpose(1, 2), truth[:1, 1:])


@pytest.mark.parametrize(("kind", "whose"), [("convnext", ConvNextModel), ("resnet", ResNetModel),
                                             ("efficientnet", EfficientNetModel)])
def test_stages_are_the_last_hidden_states_at_their_stride(kind: str, whose: Any, nets: Path) -> None:
    fine = picture(1)
    with torch.inference_mode():
        found = load(nets / kind).encoder(fine, None, (1, 1))  # type: ignore[operator]
        hidden = whose.from_pretrained(nets / kind).eval()(
            normed(fine, normalisation.IMAGENET_MEAN, normalisation.IMAGENET_STD),
            output_hidden_states=True).hidden_states
    for stage, side in zip(found.stages, (192, 96, 48, 24), strict=True):
        truth = [one for one in hidden if one.shape[-1] == side][-1]
        # Not bit for bit: where a tensor lies in memory decides which convolution kernel runs.
        assert torch.allclose(stage, truth, rtol=1e-4, atol=1e-5 * float(truth.abs().max()))
    assert torch.equal(found.tokens, found.stages[-1])
    assert torch.allclose(found.cls[0, 0], found.tokens[0].mean((1, 2)), atol=1e-6)


def test_fila_reads_convnext_on_the_whole_canvas(nets: Path) -> None:
    fine = picture()
    with torch.inference_mode():
        found = load(nets / "fila").encoder(fine, None, GRID)  # type: ignore[operator]
        hidden = ConvNextModel.from_pretrained(nets / "fila" / "conv").eval()(
            normed(fine, normalisation.IMAGENET_MEAN, normalisation.IMAGENET_STD),
            output_hidden_states=True).hidden_states
    for stage, truth in zip(found.stages, hidden[1:], strict=True):
        assert torch.allclose(stage, truth, rtol=1e-4, atol=1e-5 * float(truth.abs().max()))


def test_vit_tokens_equal_the_class_with_and_without_a_head(nets: Path) -> None:
    fine = picture(1)
    with torch.inference_mode():
        found = load(nets / "vit").encoder(fine, None, (1, 1), whole=False)  # type: ignore[operator]
        pixels = functional.interpolate(fine, size=(384, 384), mode="bilinear", antialias=True)
        truth = ViTModel.from_pretrained(nets / "vit").eval()(pixel_values=(pixels - 0.5) / 0.5).last_hidden_state
        grown = load(nets / "vit-head").encoder(fine, None, (1, 1), whole=False)  # type: ignore[operator]
        headless = ViTModel.from_pretrained(nets / "vit-head", add_pooling_layer=False).eval()
        stretched = headless(pixel_values=(pixels - 0.5) / 0.5, interpolate_pos_encoding=True).last_hidden_state
    assert torch.allclose(found.tokens.flatten(2).transpose(1, 2), truth[:, 1:], atol=1e-5)
    # 224 px have 14 x 14 positions: transformers stretches them at every call, here it is done once.
    assert torch.allclose(grown.tokens.flatten(2).transpose(1, 2), stretched[:, 1:], atol=1e-5)


def test_a_patch_of_32_px_is_one_cell_of_the_canvas(nets: Path) -> None:
    fine = picture(1)
    with torch.inference_mode():
        found = load(nets / "clip-patch-32").encoder(fine, None, (1, 1), whole=False)  # type: ignore[operator]
        plain = CLIPVisionModel.from_pretrained(nets / "clip-patch-32").eval()
        truth = plain(pixel_values=normed(fine, normalisation.CLIP_MEAN, normalisation.CLIP_STD),
                      interpolate_pos_encoding=True).last_hidden_state
    assert torch.allclose(found.tokens.flatten(2).transpose(1, 2), truth[:, 1:], atol=1e-5)


def test_the_text_side_equals_clip(nets: Path) -> None:
    text = load(nets / "clip-text").text
    assert text is not None
    plain = CLIPModel.from_pretrained(nets / "clip-text").eval()
    tokens = PreTrainedTokenizerFast(tokenizer_file=str(nets / "clip-text" / "tokenizer.json"))
    features = torch.randn(3, 32)
    with torch.inference_mode():
        for words in ("a red spot", "optic disc"):
            truth = plain.get_text_features(**tokens(words, return_tensors="pt", return_token_type_ids=False))
            truth = functional.normalize(getattr(truth, "pooler_output", truth), dim=-1)
            assert torch.allclose(text.embed(words), truth, atol=1e-5)
        assert torch.allclose(text.see(features), functional.normalize(plain.visual_projection(features), dim=-1),
                              atol=1e-6)
        assert abs(text.scale - float(plain.logit_scale.exp())) < 1e-4
        assert text.embed("word " * 2000).shape == (1, 16)
    assert load(nets / "clip").text is None


@pytest.mark.parametrize(("layers", "after"), [(24, (2, 6, 12, 20)), (12, (1, 3, 6, 10)), (4, (1, 2, 3, 4)),
                                               (32, (3, 8, 16, 27)), (8, (1, 2, 4, 7))])
def test_fusion_follows_the_same_fractions_of_any_depth(layers: int, after: tuple[int, ...]) -> None:
    assert full_size.fuse_after(layers) == after


def fused(nets: Path, path: Path, prefix: str = "", alpha: float = 0.5) -> Path:
    for part in ("vit", "conv"):
        (path / part).mkdir(parents=True)
        for file in (nets / "fila" / part).iterdir():
            (path / part / file.name).write_bytes(file.read_bytes())
    torch.manual_seed(8)
    names = load(nets / "fila").encoder.fusions.state_dict()  # type: ignore[union-attr]
    trained = {f"{prefix}{name}": torch.full_like(value, alpha) if name.endswith("alpha") else torch.randn_like(value)
               for name, value in names.items()}
    (path / "fusion").mkdir()
    save_file(trained, path / "fusion" / "model.safetensors")
    return path


@pytest.mark.parametrize("prefix", ["", "fusions.", "encoder.fusions."])
def test_trained_fusion_weights_open_the_gates(nets: Path, tmp_path: Path, prefix: str) -> None:
    made, plain = load(fused(nets, tmp_path / "f", prefix)).encoder, load(nets / "fila").encoder
    assert full_size.open_gate(made) and not full_size.open_gate(plain)
    fine = picture(1)
    with torch.inference_mode():
        one, two = (net(fine, None, (1, 1)) for net in (made, plain))  # type: ignore[operator]
    assert not torch.equal(one.tokens, two.tokens)


def test_fusion_weights_with_closed_gates_are_untrained_and_odd_ones_are_refused(nets: Path, tmp_path: Path) -> None:
    closed = load(fused(nets, tmp_path / "closed", alpha=0.0)).encoder
    assert not full_size.open_gate(closed)
    odd = fused(nets, tmp_path / "odd")
    save_file({"0.alpha": torch.zeros(())}, odd / "fusion" / "model.safetensors")
    with pytest.raises(WeightsProblem, match="do not fit") as told:
        load(odd)
    assert told.value.code == "weights-format"


def test_parts_in_the_wrong_place_are_refused(nets: Path, tmp_path: Path) -> None:
    for part, kind in (("vit", "convnext"), ("conv", "clip")):
        (tmp_path / part).mkdir()
        for file in (nets / kind).iterdir():
            (tmp_path / part / file.name).write_bytes(file.read_bytes())
    with pytest.raises(WeightsProblem, match="holds no clip"):
        load(tmp_path)


def test_the_folders_own_pixels_are_used_where_they_are_sound(nets: Path, tmp_path: Path) -> None:
    for text, mean in (('{"image_mean": [0.1, 0.2, 0.3], "image_std": [0.2, 0.2, 0.2]}', 0.1),
                       ('{"image_mean": [0.1, 0.2, 0.3], "image_std": [0.2, 0, 0.2]}', 0.485),
                       ('{"image_mean": "x"}', 0.485)):
        for file in (nets / "resnet").iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "preprocessor_config.json").write_text(text)
        found = load(tmp_path).encoder.conv_mean  # type: ignore[union-attr]
        assert abs(float(found[0, 0, 0, 0]) - mean) < 1e-6


def test_positions_of_the_right_size_are_left_alone() -> None:
    table = torch.randn(577, 8)
    assert checkpoint.positions_for(table) is table
    grown = checkpoint.positions_for(torch.cat([table[:1], torch.ones(49, 8)]))
    assert grown.shape == (577, 8) and torch.allclose(grown[1:], torch.ones(576, 8), atol=1e-5)
    assert torch.equal(grown[0], table[0])
    with pytest.raises(WeightsProblem, match="square"):
        checkpoint.positions_for(torch.zeros(1, 13, 8))
