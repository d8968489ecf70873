"""A plain convolutional network as an encoder: ConvNeXt, ResNet or EfficientNet, alone, on the whole canvas.

transformers' ``ConvNextModel`` (arXiv 2201.03545), ``ResNetModel`` (arXiv 1512.03385) and ``EfficientNetModel``
(arXiv 1905.11946), unchanged.  It reads the canvas at ConvNeXt resolution, 768 px a tile.  ``stages`` are the last
hidden states at strides 4, 8, 16 and 32; whatever a family makes of them afterwards (EfficientNet's top convolution,
ConvNeXt's pooled norm) is for its class head and is left out.  ``tokens`` are the stride-32 stage, ``cls`` its mean
over the whole canvas and over each tile, ``whole`` the stage brought to one tile: a network without attention has
no second view of the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    ConvNextConfig,
    ConvNextModel,
    EfficientNetConfig,
    EfficientNetModel,
    ResNetConfig,
    ResNetModel,
)

from fineview.models.vision import normalisation, tiling
from fineview.models.vision.build import EncoderConfig
from fineview.models.vision.features import STRIDES, Features

Backbone = ConvNextModel | ResNetModel | EfficientNetModel
PROBE_PX = 64


class PlainCNN(nn.Module):
    """Fits ``VisionEncoder``.  Raises ``ValueError`` for a network that lacks one of the four strides."""

    def __init__(self, conv: Backbone, mean: tuple[float, ...] = normalisation.IMAGENET_MEAN,
                 std: tuple[float, ...] = normalisation.IMAGENET_STD) -> None:
        super().__init__()
        self.conv = conv
        self.extra_channels: int = conv.config.num_channels - 3
        self._places, self.stage_widths = _taps(conv)
        self.width = self.stage_widths[-1]
        self.gates: tuple[float, ...] = ()
        self.register_buffer("conv_mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("conv_std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, fine: Tensor, extra: Tensor | None, grid: tiling.Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """See ``VisionEncoder``; ``positions`` has no meaning here."""
        stages = self.stages((fine - self.conv_mean) / self.conv_std, extra)
        last = stages[-1]
        cls = tiling.cut(last, grid).mean((-2, -1)).unflatten(0, (fine.shape[0], -1))
        if whole:
            cls = torch.cat([last.mean((-2, -1)).unsqueeze(1), cls], 1)
        side = last.shape[-2] // grid[0]
        return Features(tokens=last, cls=cls, whole=functional.adaptive_avg_pool2d(last, side) if whole else None,
                        stages=stages)

    def stages(self, normalised: Tensor, extra: Tensor | None) -> tuple[Tensor, ...]:
        """The maps at strides 4, 8, 16, 32 of a normalised canvas."""
        pixels = torch.cat([normalised, extra], 1) if extra is not None and self.extra_channels else normalised
        found = self.conv(pixels, output_hidden_states=True).hidden_states
        return tuple(found[place] for place in self._places)


def _taps(conv: Backbone) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which hidden states are the last at each stride, and their widths: found by running the network once."""
    was_training = conv.training
    with torch.no_grad():
        probe = torch.zeros(1, conv.config.num_channels, PROBE_PX, PROBE_PX, device=next(conv.parameters()).device)
        shapes = [tuple(one.shape[1:]) for one in conv.eval()(probe, output_hidden_states=True).hidden_states]
    conv.train(was_training)
    sides = [shape[-1] for shape in shapes]
    places = []
    for stride in STRIDES:
        if PROBE_PX // stride not in sides:
            raise ValueError(f"this network has no map at stride {stride}")
        places.append(len(sides) - 1 - sides[::-1].index(PROBE_PX // stride))
    return tuple(places), tuple(int(shapes[place][0]) for place in places)


def build_plain_convnext(config: EncoderConfig) -> PlainCNN:
    """ConvNeXt of these stage widths and depths with random weights."""
    return PlainCNN(ConvNextModel(ConvNextConfig(
        num_channels=3 + config.conv_extra, hidden_sizes=list(config.conv_dims), depths=list(config.conv_depths),
        layer_scale_init_value=config.layer_scale)))


def build_plain_resnet(config: EncoderConfig) -> PlainCNN:
    """ResNet with basic blocks of these stage widths and depths with random weights."""
    return PlainCNN(ResNetModel(ResNetConfig(
        num_channels=3 + config.conv_extra, embedding_size=config.conv_dims[0], hidden_sizes=list(config.conv_dims),
        depths=list(config.conv_depths), layer_type="basic")))


def build_plain_efficientnet(config: EncoderConfig) -> PlainCNN:
    """EfficientNet-B0's plan with these stage widths, one block a group, and random weights.

    They are drawn to keep the variance from layer to layer, and BatchNorms begin as the identity: the class draws
    both near 0, and a network of this depth then answers 0 to everything.
    """
    first, second, third, fourth = config.conv_dims
    out = [first, first, second, third, third, fourth, fourth]
    net = EfficientNetModel(EfficientNetConfig(
        num_channels=3 + config.conv_extra, width_coefficient=1.0, depth_coefficient=1.0, depth_divisor=1,
        in_channels=[32, *out[:-1]], out_channels=out, num_block_repeats=[1, 1, 1, 1, 1, 1, 1], hidden_dim=1280))
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    return PlainCNN(net)
