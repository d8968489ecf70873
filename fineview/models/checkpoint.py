"""A checked folder (:mod:`folder`) becomes one of transformers' own classes, every tensor accounted for.

The class is built without memory first; names and shapes of the file are compared with it before a tensor is read.
Missing, left-over or differently shaped tensors refuse the folder with their number: nothing stays random.  Floats of
any width become float32 (the engine casts as its device likes), and must be finite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    ConvNextConfig,
    ConvNextModel,
    EfficientNetConfig,
    EfficientNetModel,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTModel,
)

from fineview.core.errors import WeightsProblem
from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.families import Family
from fineview.models.folder import Bundle
from fineview.models.vision.plain_vit import SIDE

_ANOTHER = "These weights belong to another network; choose the folder they were published in."
_CLASSES: dict[str, tuple[type, type, dict[str, Any]]] = {
    "clip": (CLIPVisionModel, CLIPVisionConfig, {}), "vit": (ViTModel, ViTConfig, {"add_pooling_layer": False}),
    "convnext": (ConvNextModel, ConvNextConfig, {}), "resnet": (ResNetModel, ResNetConfig, {}),
    "efficientnet": (EfficientNetModel, EfficientNetConfig, {})}
_POSITIONS = {"clip": "embeddings.position_embedding.weight", "vit": "embeddings.position_embeddings"}


def backbone(bundle: Bundle, family: Family) -> nn.Module:
    """The family's vision network with the folder's weights, in eval mode; positions resized to 24 x 24 patches.

    Raises ``WeightsProblem`` ``weights-config`` or ``weights-format``.
    """
    config = bundle.config.get("vision_config", {}) if family.model_type == "clip" else bundle.config
    if not isinstance(config, dict):
        raise WeightsProblem("config.json has no vision_config.", _ANOTHER, "weights-config")
    sizes = family.picked(config)
    names = account(bundle, family, empty(family, sizes))
    tensors = read(bundle, names)
    if family.kind in _POSITIONS:
        made = empty(family, {**sizes, "image_size": SIDE * empty_config(family, sizes).patch_size})
        place = _POSITIONS[family.kind]
        tensors[place] = positions_for(tensors[place])
        return filled(made, tensors)
    return filled(empty(family, sizes), tensors)


def empty_config(family: Family, sizes: Mapping[str, Any]) -> Any:
    """transformers' configuration object.  Raises ``WeightsProblem`` ``weights-config``."""
    try:
        return _CLASSES[family.kind][1](**sizes, attn_implementation=IMPLEMENTATION)
    except Exception as problem:  # a strict dataclass of another library: it names its own errors
        raise WeightsProblem("config.json does not describe a network of its type.", _ANOTHER,
                             "weights-config") from problem


def empty(family: Family, sizes: Mapping[str, Any]) -> nn.Module:
    """The network without memory behind its tensors."""
    config = empty_config(family, sizes)
    model, _, more = _CLASSES[family.kind]
    try:
        with torch.device("meta"):
            made: nn.Module = model(config, **more)
    except (ValueError, RuntimeError, TypeError, ZeroDivisionError, IndexError, KeyError) as problem:
        raise WeightsProblem("config.json does not describe a network that can be built.", _ANOTHER,
                             "weights-config") from problem
    return made


def account(bundle: Bundle, family: Family, model: nn.Module) -> dict[str, str]:
    """Tensor of the file -> tensor of the model, after comparing all names, shapes and types."""
    wanted = dict(model.state_dict())
    known = frozenset(wanted)
    found: dict[str, str] = {}
    surplus, shaped = [], []
    for name, (kind, shape) in bundle.shapes.items():
        target = family.name(name, known)
        if target is None:
            continue
        if target not in wanted or target in found.values():
            surplus.append(name)
        elif shape != tuple(wanted[target].shape) or wanted[target].is_floating_point() != (kind in _FLOATS):
            shaped.append(name)
        else:
            found[name] = target
    # Old files do not count the batches a BatchNorm saw; in eval mode nobody asks.
    missing = [name for name in known - set(found.values()) - {family.name(one, known) for one in shaped}
               if not name.endswith("num_batches_tracked")]
    if missing or surplus or shaped:
        first = min([*shaped, *missing, *surplus], key=lambda name: (name not in shaped, name not in missing, name))
        raise WeightsProblem(
            f"The tensors do not fit config.json: {len(missing)} missing, {len(surplus)} left over, {len(shaped)} of "
            f"another shape or type (first: {first[:80]}).", _ANOTHER, "weights-format")
    return found


_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})


def read(bundle: Bundle, names: Mapping[str, str]) -> dict[str, Tensor]:
    """The named tensors under the model's names, floats as float32, all finite."""
    found = {}
    for name, value in bundle.tensors():
        if name in names:
            value = value.float() if value.is_floating_point() else value
            if not bool(torch.isfinite(value).all()):
                raise WeightsProblem(f"The tensor {name[:80]} holds values that are no numbers.",
                                     "Choose weights from a training that went well.", "weights-format")
            found[names[name]] = value
    return found


def filled(model: nn.Module, tensors: dict[str, Tensor]) -> nn.Module:
    """An empty model with these tensors as its own, in eval mode."""
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensors.setdefault(name, torch.zeros((), dtype=value.dtype))
    try:
        model.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as problem:  # a header that said one shape, a parser that found another
        raise WeightsProblem("The tensors are not what their header says.", _ANOTHER, "weights-format") from problem
    for module in model.modules():
        for name, value in list(module.named_buffers(recurse=False)):
            if value.is_meta:  # only CLIP's position numbers are made, not stored
                if name != "position_ids":
                    raise WeightsProblem(f"This network keeps a table ({name}) that is not stored.", _ANOTHER,
                                         "weights-config")
                module.register_buffer(name, torch.arange(value.shape[-1]).expand(1, -1), persistent=False)
    return model.eval().requires_grad_(False)


def positions_for(table: Tensor) -> Tensor:
    """Position embeddings, class token first, (n + 1, D) or (1, n + 1, D), resized to 24 x 24 patches (bicubic).

    Returned as they are where they have that size.  Raises ``WeightsProblem`` where patches form no square.
    """
    count = table.shape[-2] - 1
    side = round(count**0.5)
    if side == SIDE and count == SIDE * SIDE:
        return table
    if side * side != count:
        raise WeightsProblem(f"{count} positions form no square.", "Choose an encoder for square pictures.",
                             "weights-config")
    patches = table[..., 1:, :].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grown = functional.interpolate(patches, size=(SIDE, SIDE), mode="bicubic", align_corners=False)
    new = grown.permute(0, 2, 3, 1).reshape(*table.shape[:-2], SIDE * SIDE, -1)
    return torch.cat([table[..., :1, :], new], dim=-2)
