"""Which fusion, and where: the builders of FILA's encoder and of its rivals, each a few lines.

Deep: one fusion after each of four ViT layers, each with its own ConvNeXt stage (FILA).  Last: one fusion after the
last layer with the last stage.  Merged: all stages made one map first (:mod:`merged_stages`), one fusion after the
last layer.  Unfused: none; the stages still reach the dense decoder, the tokens are plain CLIP's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModel, ConvNextConfig, ConvNextModel

from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.vision.add_fusion import AddFusion
from fineview.models.vision.cross_fusion import CrossFusion
from fineview.models.vision.cvfm import CVFM
from fineview.models.vision.hybrid import HybridEncoder
from fineview.models.vision.merged_stages import MergedStages

if TYPE_CHECKING:
    from fineview.models.vision.build import EncoderConfig


def fila(vit: CLIPVisionModel, conv: ConvNextModel, fuse_after: Sequence[int], hidden: int) -> HybridEncoder:
    """FILA's deep concatenation on any CLIP and ConvNeXt, its gates closed."""
    return _deep(CVFM, vit, conv, fuse_after, hidden)


def build_fila(config: EncoderConfig) -> HybridEncoder:
    return fila(*_branches(config), config.fuse_after, config.fusion_hidden)


def build_cross(config: EncoderConfig) -> HybridEncoder:
    return _deep(CrossFusion, *_branches(config), config.fuse_after, config.fusion_hidden)


def build_add(config: EncoderConfig) -> HybridEncoder:
    return _deep(AddFusion, *_branches(config), config.fuse_after, config.fusion_hidden)


def build_last(config: EncoderConfig) -> HybridEncoder:
    vit, conv = _branches(config)
    fusion = CVFM(config.vit_width, config.conv_dims[-1], config.fusion_hidden)
    return HybridEncoder(vit, conv, (config.vit_layers,), (fusion,), reads=(3,))


def build_merged(config: EncoderConfig) -> HybridEncoder:
    vit, conv = _branches(config)
    merge = MergedStages(config.conv_dims, config.conv_dims[-1])
    fusion = CVFM(config.vit_width, merge.width, config.fusion_hidden)
    return HybridEncoder(vit, conv, (config.vit_layers,), (fusion,), reads=(4,), merge=merge)


def build_unfused(config: EncoderConfig) -> HybridEncoder:
    return HybridEncoder(*_branches(config), (), (), reads=())


def _deep(kind: type[nn.Module], vit: CLIPVisionModel, conv: ConvNextModel, fuse_after: Sequence[int],
          hidden: int) -> HybridEncoder:
    fusions = [kind(vit.config.hidden_size, width, hidden) for width in conv.config.hidden_sizes]
    return HybridEncoder(vit, conv, tuple(fuse_after), fusions)


def _branches(config: EncoderConfig) -> tuple[CLIPVisionModel, ConvNextModel]:
    vit = CLIPVisionModel(CLIPVisionConfig(
        hidden_size=config.vit_width, intermediate_size=config.vit_mlp, num_hidden_layers=config.vit_layers,
        num_attention_heads=config.vit_heads, image_size=336, patch_size=14, attn_implementation=IMPLEMENTATION,
    ))
    conv = ConvNextModel(ConvNextConfig(
        num_channels=3 + config.conv_extra, hidden_sizes=list(config.conv_dims), depths=list(config.conv_depths),
        layer_scale_init_value=config.layer_scale,
    ))
    return vit, conv
