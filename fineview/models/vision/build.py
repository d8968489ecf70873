"""Every hyper-parameter of the encoders, and the builders that hand the parts to each other.

The structure is FILA's (arXiv 2412.08378): CLIP ViT on 336 px tiles, ConvNeXt on the whole canvas at 32/14 of
its size, channel fusion after four ViT stages.  ``RETINA_S`` is the embedded size; a full-size encoder made of
ordinary CLIP-L and ConvNeXt-L folders goes through the same :func:`build_encoder`.

Three deviations of the embedded size, each for a reason:
* two extra ConvNeXt channels, a dark and a bright vessel-suppressed top-hat.  A haemorrhage of few pixels is
  told from a vessel by exactly this measure, and a small network trained for an hour should not have to find it;
* two more canvases (672x1008, 1008x672), so that a 3:2 photograph is seen at 2304x1536 and not at 1536x1020;
* layer scale starts at 0.3 instead of 1e-6: depth is small and training is short.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fineview.models.vision.hybrid import HybridEncoder
    from fineview.models.vision.retina import RetinaModel


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Sizes of the hybrid encoder.  Fusion ``k`` follows ViT layer ``fuse_after[k]`` (counted from 1)."""

    name: str
    vit_width: int
    vit_layers: int
    vit_heads: int
    vit_mlp: int
    fuse_after: tuple[int, int, int, int]
    conv_dims: tuple[int, int, int, int]
    conv_depths: tuple[int, int, int, int]
    conv_extra: int = 0
    layer_scale: float = 1e-6
    fusion_hidden: int = 192


@dataclass(frozen=True, slots=True)
class RetinaConfig:
    """The embedded model: encoder, decoder width, text size."""

    encoder: EncoderConfig
    decoder_width: int = 48
    pyramid_channels: int = 16
    text_width: int = 96
    text_layers: int = 2
    text_heads: int = 4
    key_width: int = 64

    def with_encoder(self, **changes: Any) -> RetinaConfig:
        """The same model with some encoder sizes replaced (tests use a tiny one)."""
        return replace(self, encoder=replace(self.encoder, **changes))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


RETINA_S = RetinaConfig(
    encoder=EncoderConfig(
        name="retina-s", vit_width=192, vit_layers=8, vit_heads=3, vit_mlp=576, fuse_after=(2, 4, 6, 8),
        conv_dims=(40, 80, 160, 320), conv_depths=(2, 2, 4, 2), conv_extra=2, layer_scale=0.3,
    )
)
TINY = RetinaConfig(
    encoder=EncoderConfig(
        name="tiny", vit_width=32, vit_layers=4, vit_heads=2, vit_mlp=64, fuse_after=(1, 2, 3, 4),
        conv_dims=(8, 16, 24, 32), conv_depths=(1, 1, 1, 1), conv_extra=2, layer_scale=0.3, fusion_hidden=32,
    ),
    decoder_width=16, text_width=32, text_layers=1, text_heads=2, key_width=16,
)


def build_encoder(config: EncoderConfig) -> HybridEncoder:
    """A hybrid encoder of this size with random weights and closed gates."""
    from transformers import CLIPVisionConfig, CLIPVisionModel, ConvNextConfig, ConvNextModel

    from fineview.models.attention.rows import IMPLEMENTATION
    from fineview.models.vision.hybrid import HybridEncoder

    vit = CLIPVisionModel(CLIPVisionConfig(
        hidden_size=config.vit_width, intermediate_size=config.vit_mlp, num_hidden_layers=config.vit_layers,
        num_attention_heads=config.vit_heads, image_size=336, patch_size=14, attn_implementation=IMPLEMENTATION,
    ))
    conv = ConvNextModel(ConvNextConfig(
        num_channels=3 + config.conv_extra, hidden_sizes=list(config.conv_dims), depths=list(config.conv_depths),
        layer_scale_init_value=config.layer_scale,
    ))
    return HybridEncoder(vit, conv, fuse_after=config.fuse_after, fusion_hidden=config.fusion_hidden)


def build_retina(config: RetinaConfig = RETINA_S) -> RetinaModel:
    """The whole embedded model with random weights; seed torch first for a reproducible one."""
    from fineview.models.language.words import VOCABULARY
    from fineview.models.vision.heads import DenseDecoder, DomainHead
    from fineview.models.vision.retina import RetinaModel
    from fineview.models.vision.text_row import TextEncoder, TextRow

    size = config.encoder
    return RetinaModel(
        encoder=build_encoder(size),
        decoder=DenseDecoder(size.conv_dims, size.vit_width, config.decoder_width, config.pyramid_channels),
        domain=DomainHead(size.vit_width, size.conv_dims[-1]),
        text=TextEncoder(len(VOCABULARY), config.text_width, config.text_layers, config.text_heads),
        row=TextRow(config.text_width, size.vit_width, config.key_width),
    )
