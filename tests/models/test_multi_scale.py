"""The multi-scale encoder's own parts; what it shares with every encoder is in the contract suite."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from transformers import ResNetModel

from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY, build_encoder
from fineview.models.vision.multi_scale import (
    ChannelAttention,
    FeaturePyramid,
    MultiScaleEncoder,
    ScaleAttention,
    SpatialAttention,
)

CONFIG = TINY.with_encoder(kind="multi-scale", name="tiny-multi-scale")


def encoder() -> MultiScaleEncoder:
    torch.manual_seed(0)
    return build_encoder(CONFIG.encoder).eval()


def test_levels_lie_at_4_8_16_32_and_the_last_gives_tokens_and_cls() -> None:
    made = encoder()
    with torch.inference_mode():
        seen = made(torch.rand(2, 3, 256, 512), torch.rand(2, 2, 256, 512), (1, 2))
    assert [tuple(level.shape[1:]) for level in seen.stages] == [(32, 64, 128), (32, 32, 64), (32, 16, 32), (32, 8, 16)]
    assert torch.equal(seen.tokens, seen.stages[-1]) and made.gates == ()
    assert torch.allclose(seen.cls[:, 0], seen.tokens.mean((2, 3)), atol=1e-6)
    assert torch.allclose(seen.cls[:, 2], seen.tokens[..., 8:].mean((2, 3)), atol=1e-6)
    assert seen.whole is not None
    assert torch.allclose(seen.whole[..., 3], (seen.tokens[..., 6] + seen.tokens[..., 7]) / 2, atol=1e-6)


def test_the_backbone_is_transformers_resnet_unchanged() -> None:
    made = encoder()
    assert isinstance(made.conv, ResNetModel)
    pixels = torch.rand(1, 5, 128, 128)
    with torch.inference_mode():
        wanted = made.conv(pixels, output_hidden_states=True).hidden_states[1:]
        found = [made.conv.embedder(pixels)]
        for stage in made.conv.encoder.stages:
            found.append(stage(found[-1]))
    assert all(torch.equal(one, other) for one, other in zip(wanted, found[1:], strict=True))


def test_the_pyramid_adds_what_is_above_to_what_is_here() -> None:
    """Identity laterals and smoothing: each level is the sum of the stages from there up, enlarged by repetition."""
    pyramid = FeaturePyramid((4, 4, 4, 4), 4)
    for conv in (*pyramid.lateral, *pyramid.smooth):
        nn.init.dirac_(conv.weight)
        nn.init.zeros_(conv.bias)
    stages = tuple(torch.rand(1, 4, size, size) for size in (16, 8, 4, 2))
    found = pyramid(stages)
    wanted = stages[0].clone()
    for stage, times in zip(stages[1:], (2, 4, 8), strict=True):
        wanted += stage.repeat_interleave(times, 2).repeat_interleave(times, 3)
    assert torch.allclose(found[0], wanted, atol=1e-6) and torch.allclose(found[3], stages[3], atol=1e-6)


def test_scale_attention_mixes_three_kernel_sizes_with_shares_that_sum_to_one() -> None:
    torch.manual_seed(1)
    made, level = ScaleAttention(8), torch.rand(2, 8, 12, 12)
    assert [conv.kernel_size for conv in made.convs] == [(3, 3), (5, 5), (7, 7)]
    answers = torch.stack([functional.conv2d(level, conv.weight, conv.bias, padding=size // 2, groups=8)
                           for conv, size in zip(made.convs, (3, 5, 7), strict=True)], 1)
    shares = made.shares(answers)
    assert shares.shape == (2, 3, 8, 1, 1) and torch.allclose(shares.sum(1), torch.ones(2, 8, 1, 1))
    assert torch.allclose(made(level), (answers * shares).sum(1), atol=1e-6)
    with torch.no_grad():  # one kernel alone: its share is 1 and the others' answers do not matter
        made.choose[2].weight.zero_()
        made.choose[2].bias.copy_(torch.tensor([0.0, 60.0, 0.0]).repeat_interleave(8))
    assert torch.allclose(made(level), answers[:, 1], atol=1e-6)


def test_channel_attention_forgets_places_and_spatial_attention_forgets_channels() -> None:
    torch.manual_seed(2)
    level = torch.rand(1, 8, 6, 6)
    moved = level.flatten(2)[..., torch.randperm(36)].view_as(level)
    channel, spatial = ChannelAttention(8), SpatialAttention()
    assert channel(level).shape == (1, 8, 1, 1) and torch.allclose(channel(level), channel(moved), atol=1e-6)
    assert spatial(level).shape == (1, 1, 6, 6)
    assert torch.allclose(spatial(level), spatial(level[:, torch.randperm(8)]), atol=1e-6)


def test_it_answers_as_an_encoder_of_the_app() -> None:
    """One picture through the border: maps of the picture's size, no method that needs a ViT's attention."""
    predictor = Predictor.untrained(CONFIG, seed=1)
    picture = torch.randint(0, 255, (300, 300, 3), dtype=torch.uint8).numpy()
    encoding = predictor.encode(picture)
    assert predictor.raw_map(encoding, "haemorrhage").shape == (300, 300)
    assert set(predictor.pyramid(encoding)) == {4, 8, 16}
    assert "grad-att" not in [str(method) for method in predictor.methods]
    assert predictor.cls_map(encoding).max() == 0.0
    for method in predictor.methods:
        if str(method) in ("rel-att", "pure-grad"):
            assert predictor.method_map(encoding, method, "fluid", 2.0, None).shape == (300, 300)  # type: ignore[arg-type]
