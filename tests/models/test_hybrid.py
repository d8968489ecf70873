"""Contract suite of the hybrid encoder: shapes, types, identity at closed gates, independence of the batch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fineview.models.vision import tiling
from fineview.models.vision.build import RETINA_S, TINY, RetinaConfig, build_encoder, build_retina
from fineview.models.vision.hybrid import HybridEncoder
from fineview.models.vision.retina import RetinaModel

CONFIGS = pytest.mark.parametrize("config", [TINY, RETINA_S], ids=["tiny", "retina-s"])


def picture(batch: int, rows: int, cols: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(seed)
    return (torch.rand(batch, 3, rows * 768, cols * 768, generator=made),
            torch.rand(batch, 2, rows * 768, cols * 768, generator=made))


def model_of(config: RetinaConfig) -> RetinaModel:
    torch.manual_seed(1)
    return build_retina(config).eval()


@pytest.fixture(scope="module")
def tiny() -> RetinaModel:
    return model_of(TINY)


@CONFIGS
def test_shapes_types_and_no_nan_in_bf16(config: RetinaConfig) -> None:
    model = model_of(config)
    fine, extra = picture(1, 1, 2)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        out = model(fine, extra, (1, 2))
    size = config.encoder
    assert out.features.tokens.shape == (1, size.vit_width, 24, 48)
    assert out.features.whole is not None and out.features.whole.shape == (1, size.vit_width, 24, 24)
    assert out.features.cls.shape == (1, 3, size.vit_width)
    assert [tuple(stage.shape[-2:]) for stage in out.features.stages] == [(192, 384), (96, 192), (48, 96), (24, 48)]
    assert out.dense.logits.shape == (1, 8, 192, 384) and out.dense.lines.shape == (1, 3, 192, 384)
    assert [tuple(level.shape[-2:]) for level in out.dense.levels] == [(192, 384), (96, 192), (48, 96)]
    assert out.domain.shape == (1, 3)
    for values in (out.features.tokens, out.dense.logits, out.dense.lines, out.domain, *out.dense.levels):
        assert bool(torch.isfinite(values.float()).all())


def test_the_embedded_encoder_has_at_most_12_million_parameters() -> None:
    assert sum(value.numel() for value in build_encoder(RETINA_S.encoder).parameters()) <= 12_000_000


@CONFIGS
def test_closed_gates_equal_plain_clip_bit_for_bit(config: RetinaConfig) -> None:
    torch.manual_seed(2)
    encoder = build_encoder(config.encoder).eval()
    fine, extra = picture(1, 1, 1)
    with torch.inference_mode():
        found = encoder(fine, extra, (1, 1), whole=False)
        pixels = (tiling.views(fine, (1, 1), False) - encoder.vit_mean) / encoder.vit_std
        plain = encoder.vit(pixel_values=pixels).last_hidden_state
    assert encoder.gates == (0.0, 0.0, 0.0, 0.0)
    assert torch.equal(found.tokens.flatten(2).transpose(1, 2), plain[:, 1:])
    assert torch.equal(found.cls[:, 0], plain[:, 0])


def opened(encoder: HybridEncoder) -> HybridEncoder:
    for fusion in encoder.fusions:
        torch.nn.init.constant_(fusion.alpha, 0.5)
    return encoder


def test_open_gates_change_patches_and_let_fine_detail_reach_the_tokens() -> None:
    torch.manual_seed(2)
    encoder = opened(build_encoder(TINY.encoder).eval())
    fine, extra = picture(1, 1, 1)
    other = extra.clone()
    other[:, :, 100:104, 100:104] += 4.0  # extra channels reach the ViT through fusion alone
    with torch.inference_mode():
        before = encoder(fine, extra, (1, 1), whole=False).tokens
        after = encoder(fine, other, (1, 1), whole=False).tokens
    moved = (before - after).abs().amax(1)[0]
    assert bool(moved[3, 3] > 1e-4) and bool(moved[3, 3] >= moved.flatten().quantile(0.99))


def test_same_input_same_output_and_batch_independence(tiny: RetinaModel) -> None:
    fine, extra = picture(2, 1, 1, seed=5)
    with torch.inference_mode():
        both = tiny(fine, extra, (1, 1))
        again = tiny(fine, extra, (1, 1))
        alone = tiny(fine[1:], extra[1:], (1, 1))
    assert torch.equal(both.dense.logits, again.dense.logits)
    assert torch.allclose(both.dense.logits[1:], alone.dense.logits, atol=1e-5)
    assert torch.allclose(both.features.tokens[1:], alone.features.tokens, atol=1e-5)
    assert torch.allclose(both.features.cls[1:], alone.features.cls, atol=1e-5)
    assert torch.allclose(both.domain[1:], alone.domain, atol=1e-5)


def test_tiles_of_a_canvas_are_integer_crops_that_stitch_back() -> None:
    made = torch.arange(2 * 3 * 48 * 72, dtype=torch.float32).view(2, 3, 48, 72)
    tiles = tiling.cut(made, (2, 3))
    assert tiles.shape == (12, 3, 24, 24)
    assert torch.equal(tiles[4], made[0, :, 24:48, 24:48])
    assert torch.equal(tiling.stitch(tiles.flatten(2).transpose(1, 2), (2, 3)), made)


def test_each_tile_of_a_canvas_sees_its_own_pixels(tiny: RetinaModel) -> None:
    """With closed gates a tile's tokens depend on that tile alone."""
    fine, extra = picture(1, 1, 2, seed=6)
    with torch.inference_mode():
        wide = tiny.encoder(fine, extra, (1, 2)).tokens
        changed = fine.clone()
        changed[:, :, :, 900:] = 0.5
        other = tiny.encoder(changed, extra, (1, 2)).tokens
    assert torch.equal(wide[..., :24], other[..., :24]) and not torch.equal(wide[..., 24:], other[..., 24:])
