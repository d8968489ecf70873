"""Fusions: the exact identity at closed gates, the published formula by another route, old weights under old names."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview import paths
from fineview.lab.evaluate_fusion import VARIANTS
from fineview.models import weights
from fineview.models.vision import tiling
from fineview.models.vision.add_fusion import AddFusion
from fineview.models.vision.build import RETINA_S, TINY, build_encoder, build_retina
from fineview.models.vision.cross_fusion import CrossFusion, places
from fineview.models.vision.cvfm import CVFM, cells
from fineview.models.vision.hybrid import HybridEncoder

FUSED = ("fila", "fila-cross", "fila-add", "fila-last", "fila-merged")
GRID = (1, 2)
# sha256 of "name shape" of every tensor of the embedded encoder, sorted, as first published
PUBLISHED = "b38a6d4b556eed5b2c8b76bddd5d510fa2e56a93a2459a13927f02f24d4d9d50"


def picture(seed: int = 0) -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, 768, 1536, generator=made), torch.rand(1, 2, 768, 1536, generator=made)


def encoder_of(kind: str) -> HybridEncoder:
    torch.manual_seed(4)
    return build_encoder(TINY.with_encoder(kind=kind).encoder).eval()


@pytest.mark.parametrize("kind", [*FUSED, "unfused"])
def test_closed_gates_are_the_exact_identity(kind: str) -> None:
    encoder = encoder_of(kind)
    fine, extra = picture()
    with torch.inference_mode():
        found = encoder(fine, extra, GRID)
        pixels = (tiling.views(fine, GRID, True) - encoder.vit_mean) / encoder.vit_std
        plain = encoder.vit(pixel_values=pixels).last_hidden_state
    assert all(gate == 0.0 for gate in encoder.gates) and len(encoder.gates) == len(encoder.fusions)
    assert torch.equal(tiling.cut(found.tokens, GRID).flatten(2).transpose(1, 2), plain[1:, 1:])
    assert found.whole is not None and torch.equal(found.whole.flatten(2).transpose(1, 2), plain[:1, 1:])
    assert torch.equal(found.cls[0], plain[:, 0])


@pytest.mark.parametrize("kind", FUSED)
def test_an_open_gate_lets_the_other_branch_into_the_patches_and_not_into_cls(kind: str) -> None:
    encoder = encoder_of(kind)
    fine, extra = picture()
    closed = encoder(fine, extra, GRID, whole=False)
    for fusion in encoder.fusions:
        nn.init.constant_(fusion.alpha, 0.5)
    opened = encoder(fine, extra, GRID, whole=False)
    assert not torch.equal(closed.tokens, opened.tokens)
    if kind in ("fila-last", "fila-merged"):  # nothing follows that could carry it into CLS
        assert torch.equal(closed.cls, opened.cls)
    assert all(gate == pytest.approx(float(torch.tanh(torch.tensor(0.5)))) for gate in encoder.gates)


def test_the_names_and_shapes_of_the_embedded_weights_are_those_that_were_published() -> None:
    held = {name: tuple(value.shape) for name, value in build_retina(RETINA_S).state_dict().items()}
    tensors, _ = weights.load(paths.resources_dir() / "weights" / "retina-s")
    assert held == {name: tuple(value.shape) for name, value in tensors.items()}
    listed = "\n".join(f"{name} {shape}" for name, shape in sorted(held.items()))
    assert hashlib.sha256(listed.encode()).hexdigest() == PUBLISHED


def test_the_embedded_fusion_is_the_published_formula_bit_for_bit() -> None:
    """The encoder's forward as it stood before fusions were handed in, written out, on the trained weights."""
    tensors, _ = weights.load(paths.resources_dir() / "weights" / "retina-s")
    model = build_retina(RETINA_S).eval()
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    encoder = model.encoder
    fine, extra = picture(7)
    fine, extra = fine[..., :768], extra[..., :768]
    with torch.inference_mode():
        found = encoder(fine, extra, (1, 1), whole=False).tokens.flatten(2).transpose(1, 2)
        stages = encoder.conv(torch.cat([(fine - encoder.conv_mean) / encoder.conv_std, extra], 1),
                              output_hidden_states=True).hidden_states[1:]
        canvas = functional.interpolate(fine, size=(336, 336), mode="bilinear", antialias=True)
        tokens = encoder.vit.pre_layrnorm(encoder.vit.embeddings((canvas - encoder.vit_mean) / encoder.vit_std))
        for number, layer in enumerate(encoder.vit.encoder.layers, start=1):
            tokens = layer(tokens, None)
            if number in RETINA_S.encoder.fuse_after:
                place = RETINA_S.encoder.fuse_after.index(number)
                held = {name.split(".", 3)[-1]: value.float() for name, value in tensors.items()
                        if name.startswith(f"encoder.fusions.{place}.")}
                tokens = torch.cat([tokens[:, :1], by_hand(tokens[:, 1:], stages[place], held)], 1)
    assert torch.equal(found, tokens[:, 1:])


def by_hand(patches: Tensor, crop: Tensor, held: dict[str, Tensor]) -> Tensor:
    mean = functional.adaptive_avg_pool2d(crop, 24)
    peak = functional.adaptive_max_pool2d(crop, 24) if crop.shape[-1] != 24 else mean
    both = torch.cat([patches, torch.cat([mean, peak], 1).flatten(2).transpose(1, 2)], -1)
    normed = functional.layer_norm(both, both.shape[-1:], held["norm.weight"], held["norm.bias"])
    hidden = functional.gelu(functional.linear(normed, held["mlp.0.weight"], held["mlp.0.bias"]))
    return patches + torch.tanh(held["alpha"]) * functional.linear(hidden, held["mlp.2.weight"], held["mlp.2.bias"])


def test_cells_are_block_means_then_block_maxima() -> None:
    crop = torch.rand(2, 3, 8, 8)
    found = cells(crop, 4)
    blocks = crop.reshape(2, 3, 4, 2, 4, 2).permute(0, 2, 4, 1, 3, 5).reshape(2, 16, 3, 4)
    assert torch.allclose(found, torch.cat([blocks.mean(-1), blocks.amax(-1)], -1))


def test_what_addition_adds_does_not_depend_on_the_token_and_what_the_others_add_does() -> None:
    torch.manual_seed(0)
    crop, one, two = torch.rand(1, 6, 8, 8), torch.randn(1, 16, 12), torch.randn(1, 16, 12)
    for kind, depends in ((AddFusion, False), (CVFM, True), (CrossFusion, True)):
        fusion = kind(12, 6, 16)
        nn.init.constant_(fusion.alpha, 1.0)
        same = torch.allclose(fusion(one, crop) - one, fusion(two, crop) - two, atol=1e-5)
        assert same is not depends


def test_cross_attention_by_hand() -> None:
    """One head written out with a softmax."""
    torch.manual_seed(1)
    fusion = CrossFusion(12, 6, 16)
    nn.init.constant_(fusion.alpha, 0.3)
    crop, patches = torch.rand(1, 6, 8, 8), torch.randn(1, 16, 12)
    seen, place = fusion.cell_norm(cells(crop, 4))[0], places(4, 16)
    query, key = fusion.query(fusion.token_norm(patches))[0] + place, fusion.key(seen) + place
    shares = torch.softmax(query @ key.T / 16 ** 0.5, -1)
    wanted = patches[0] + torch.tanh(torch.tensor(0.3)) * fusion.out(shares @ fusion.value(seen))
    assert torch.allclose(fusion(patches, crop)[0], wanted, atol=1e-6)


def test_the_code_of_a_place_tells_every_cell_from_every_other() -> None:
    code = places(24, 16)
    near = code @ code.T
    assert code.shape == (576, 16) and float(code.abs().max()) <= 1.0
    assert bool((near.argmax(1) == torch.arange(576)).all())


def test_compared_variants_have_the_same_number_of_parameters_within_five_percent() -> None:
    counts = {name: sum(value.numel() for value in build_encoder(config.encoder).parameters())
              for name, config in VARIANTS.items()}
    assert all(abs(count / counts["concat-deep"] - 1) < 0.05 for count in counts.values()), counts


def test_fusions_layers_and_maps_must_be_as_many() -> None:
    encoder = encoder_of("fila")
    with pytest.raises(ValueError, match="as many"):
        HybridEncoder(encoder.vit, encoder.conv, (1, 2), list(encoder.fusions))
