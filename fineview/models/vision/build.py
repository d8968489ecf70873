"""Every hyper-parameter of the encoders, and the builders that hand the parts to each other.

The structure is FILA's (arXiv 2412.08378): CLIP ViT on 336 px tiles, ConvNeXt on the whole canvas at 32/14 of
its size, channel fusion after four ViT stages.  ``RETINA_S`` is the embedded size.  Its rivals are other rows of
:data:`KINDS` with the same heads.

Three deviations of the embedded size, each for a reason:
* two extra ConvNeXt channels, a dark and a bright vessel-suppressed top-hat.  A haemorrhage of few pixels is
  told from a vessel by exactly this measure, and a small network trained for an hour should not have to find it;
* two more canvases (672x1008, 1008x672), so that a 3:2 photograph is seen at 2304x1536 and not at 1536x1020;
* layer scale starts at 0.3 instead of 1e-6: depth is small and training is short.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fineview.models.vision.features import VisionEncoder
    from fineview.models.vision.retina import RetinaModel

# kind -> module of this room and its builder (config -> encoder); imported when it is built
KINDS: dict[str, tuple[str, str]] = {
    "fila": ("fused", "build_fila"),
    "fila-cross": ("fused", "build_cross"),
    "fila-add": ("fused", "build_add"),
    "fila-last": ("fused", "build_last"),
    "fila-merged": ("fused", "build_merged"),
    "unfused": ("fused", "build_unfused"),
    "multi-scale": ("multi_scale", "build_multi_scale"),
    "concat-hybrid": ("concat_hybrid", "build_concat_hybrid"),
    "plain-convnext": ("plain_cnn", "build_plain_convnext"),
    "plain-resnet": ("plain_cnn", "build_plain_resnet"),
    "plain-efficientnet": ("plain_cnn", "build_plain_efficientnet"),
    "plain-vit": ("plain_vit", "build_plain_vit"),
    "plain-vit16": ("plain_vit", "build_plain_vit16"),
}

# kinds that join two networks; the concat hybrid does so without gates
JOINED = frozenset(kind for kind in KINDS if kind.startswith("fila")) | {"concat-hybrid"}
UNGATED = frozenset({"concat-hybrid"})


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Sizes of an encoder.  Fusion ``k`` follows ViT layer ``fuse_after[k]`` (counted from 1); ``kind``: :data:`KINDS`.

    A kind without a ViT or without ConvNeXt stages reads the same numbers for what stands in their place.
    """

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
    kind: str = "fila"


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
# The overview document's encoder at a size to ship; ``vit_width`` is its pyramid's, the other ViT sizes are unread.
MULTI_SCALE_S = RetinaConfig(
    encoder=EncoderConfig(
        name="multi-scale-s", vit_width=64, vit_layers=1, vit_heads=1, vit_mlp=1, fuse_after=(1, 1, 1, 1),
        conv_dims=(24, 48, 96, 144), conv_depths=(1, 1, 2, 1), conv_extra=2, kind="multi-scale",
    ),
    decoder_width=32, text_width=64, text_layers=2, key_width=48,
)
# word of "fineview train" -> what is trained, and how much faster than the recipe's rates: small ones bear more
TRAINED = {"embedded": (RETINA_S, 1.0), "multi-scale": (MULTI_SCALE_S, 2.0)}
TINY = RetinaConfig(
    encoder=EncoderConfig(
        name="tiny", vit_width=32, vit_layers=4, vit_heads=2, vit_mlp=64, fuse_after=(1, 2, 3, 4),
        conv_dims=(8, 16, 24, 32), conv_depths=(1, 1, 1, 1), conv_extra=2, layer_scale=0.3, fusion_hidden=32,
    ),
    decoder_width=16, text_width=32, text_layers=1, text_heads=2, key_width=16,
)


def build_encoder(config: EncoderConfig) -> VisionEncoder:
    """An encoder of this kind and size with random weights and closed gates.  Raises ``KeyError`` for another kind."""
    module, builder = KINDS[config.kind]
    made: VisionEncoder = getattr(import_module(f"fineview.models.vision.{module}"), builder)(config)
    return made


def build_retina(config: RetinaConfig = RETINA_S) -> RetinaModel:
    """The whole embedded model with random weights; seed torch first for a reproducible one."""
    from fineview.models.language.words import VOCABULARY
    from fineview.models.vision.heads import DomainHead, decoder
    from fineview.models.vision.retina import RetinaModel
    from fineview.models.vision.text_row import TextEncoder, TextRow

    encoder = build_encoder(config.encoder)
    return RetinaModel(
        encoder=encoder,
        decoder=decoder(encoder.stage_widths, encoder.width, config.decoder_width, config.pyramid_channels),
        domain=DomainHead(encoder.width, encoder.stage_widths[-1] if encoder.stage_widths else 0),
        text=TextEncoder(len(VOCABULARY), config.text_width, config.text_layers, config.text_heads),
        row=TextRow(config.text_width, encoder.width, config.key_width),
    )
