"""Encoders of any size from ordinary Hugging Face folders, one by one or joined to FILA's full size.

A folder with ``config.json`` is one network (:data:`families.FAMILIES`).  A folder with ``vit/`` and ``conv/`` inside
is FILA (arXiv 2412.08378): a CLIP tower and a ConvNeXt, fused after ViT layers 2, 6, 12 and 20 of 24 (of another depth:
the same fractions, rounded, each at least one later than the one before), on FILA's five canvases.  ``fusion/``
beside them may hold a safetensors file with trained CVFM weights (``0.norm.weight`` ... ``3.alpha``; ``fusions.``
before the number is allowed).  Without it the gates are closed, the tokens are CLIP's own bit for bit, and the
encoder says "untrained fusion" wherever it is named: no trained fusion weights have been published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fineview.core.errors import WeightsProblem
from fineview.models import checkpoint, folder, published, weights
from fineview.models.clip_text import ClipText, load_text
from fineview.models.families import BY_TYPE, Family, family_of
from fineview.models.folder import Bundle
from fineview.models.published import CONV, FUSION, PARTS, VIT, Part
from fineview.models.vision import normalisation
from fineview.models.vision.features import VisionEncoder
from fineview.models.vision.fused import fila
from fineview.models.vision.plain_cnn import PlainCNN
from fineview.models.vision.plain_vit import PlainViT

FILA_FRACTIONS = tuple(layer / 24 for layer in (2, 6, 12, 20))
FUSION_HIDDEN = 192
OPEN_GATE = 0.01
_HALF = (0.5, 0.5, 0.5)
_PIXELS = {"clip": (normalisation.CLIP_MEAN, normalisation.CLIP_STD), "vit": (_HALF, _HALF)}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A built encoder on the CPU, and the text tower where there is one."""

    encoder: VisionEncoder
    text: ClipText | None


def load(part: Part, path: Path) -> Loaded:
    """Build the encoder of a checked folder.  Raises ``WeightsProblem``."""
    if part.kind == "fila":
        return Loaded(_fila(part, path), None)
    bundle = part.bundles[""]
    family = family_of(bundle.config)
    net = checkpoint.backbone(bundle, family)
    mean, std = pixels(bundle, family)
    if family.kind in ("clip", "vit"):
        return Loaded(PlainViT(net, mean, std).eval(), load_text(bundle) if part.reads_text else None)
    try:
        return Loaded(PlainCNN(net, mean, std).eval(), None)
    except (ValueError, RuntimeError) as problem:
        raise WeightsProblem("This network does not give maps at strides 4, 8, 16 and 32.",
                             "Choose a network with the usual four stages.", "weights-config") from problem


def _fila(part: Part, path: Path) -> nn.Module:
    clip, conv = part.bundles[VIT], part.bundles[CONV]
    vit = checkpoint.backbone(clip, family_of(clip.config))
    if vit.config.patch_size != 14 or vit.config.num_hidden_layers < len(FILA_FRACTIONS):
        raise WeightsProblem("FILA needs a CLIP tower with patches of 14 px and at least four layers.", PARTS,
                             "weights-config")
    net = checkpoint.backbone(conv, BY_TYPE["convnext"])
    trained = _fusion_tensors(published.inside(path, FUSION)) if part.fusion else {}
    hidden = int(trained["0.mlp.0.weight"].shape[0]) if "0.mlp.0.weight" in trained else FUSION_HIDDEN
    made = fila(vit, net, fuse_after(vit.config.num_hidden_layers), hidden)
    for names, bundle, family in ((("vit_mean", "vit_std"), clip, BY_TYPE["clip"]),
                                  (("conv_mean", "conv_std"), conv, BY_TYPE["convnext"])):
        for name, values in zip(names, pixels(bundle, family), strict=True):
            made.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
    if part.fusion:
        try:
            made.fusions.load_state_dict(trained, strict=True)
        except RuntimeError as problem:
            raise WeightsProblem("The fusion weights do not fit this CLIP and this ConvNeXt.", PARTS,
                                 "weights-format") from problem
    return made.eval().requires_grad_(False)


def fuse_after(layers: int) -> tuple[int, ...]:
    """After which ViT layers (counted from 1) a tower of this depth is fused: 24 gives 2, 6, 12, 20."""
    found: list[int] = []
    for fraction in FILA_FRACTIONS:
        found.append(max(found[-1] + 1 if found else 1, round(fraction * layers)))
    return tuple(found)


def open_gate(encoder: VisionEncoder) -> bool:
    """Whether any gate is open; an encoder that fuses nothing has none."""
    return max(map(abs, encoder.gates), default=0.0) > OPEN_GATE


def pixels(bundle: Bundle, family: Family) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of the pixels in [0, 1]: the folder's own where it states sound ones, else the family's."""
    default = _PIXELS.get(family.kind, (normalisation.IMAGENET_MEAN, normalisation.IMAGENET_STD))
    if folder.PICTURES not in bundle.digests:
        return default
    held = folder.read_json(bundle.folder, folder.PICTURES)
    mean, std = (_triple(held.get(key)) for key in ("image_mean", "image_std"))
    return (mean, std) if mean and std and min(std) > 0.01 else default


def _triple(value: Any) -> tuple[float, ...] | None:
    fits = isinstance(value, list) and len(value) == 3 and all(type(one) in (int, float) and 0 <= one <= 2
                                                               for one in value)
    return tuple(float(one) for one in value) if fits else None


def _fusion_tensors(path: Path) -> dict[str, torch.Tensor]:
    digest, shapes = folder.check_shard(path, weights.TENSORS)
    held = Bundle(path, {}, shapes, {weights.TENSORS: digest}, "", ())
    names = {name: re.sub(r"^(encoder\.)?fusions\.", "", name) for name in shapes}
    return checkpoint.read(held, names)


