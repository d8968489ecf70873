"""The ``config`` of a ``model.json``, read as what a stranger wrote: known keys, whole numbers in bounds, nothing else.

Bounds alone would still let a small file ask for a giant model, so :func:`build_for` first builds the model without
memory (torch's meta device) and compares names and shapes with the tensors that are really there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from fineview.core.errors import WeightsProblem
from fineview.models.vision.build import KINDS, RETINA_S, EncoderConfig, RetinaConfig, build_retina

if TYPE_CHECKING:
    from torch import Tensor

    from fineview.models.vision.retina import RetinaModel

_REMEDY = "Use the model.json that the weights were published with."
_MOST = {"vit_width": 1024, "vit_layers": 32, "vit_heads": 32, "vit_mlp": 4096, "fuse_after": 32, "conv_dims": 2048,
         "conv_depths": 48, "conv_extra": 2, "fusion_hidden": 2048, "decoder_width": 512, "pyramid_channels": 16,
         "text_width": 1024, "text_layers": 12, "text_heads": 32, "key_width": 512}
_FOURS = ("fuse_after", "conv_dims", "conv_depths")


def read_config(facts: Mapping[str, Any]) -> RetinaConfig:
    """The sizes a manifest names; :data:`RETINA_S` where it names none.  Raises ``WeightsProblem`` for odd ones."""
    held = facts.get("config")
    if held is None:
        return RETINA_S
    try:
        encoder = EncoderConfig(**_read(EncoderConfig, held["encoder"]))
        rest = {name: value for name, value in held.items() if name != "encoder"}
        config = RetinaConfig(encoder, **_read(RetinaConfig, rest, ("encoder",)))
        if encoder.kind not in KINDS or encoder.vit_width % encoder.vit_heads or config.text_width % config.text_heads:
            raise ValueError("kind or heads")
        return config
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise WeightsProblem("The encoder's sizes in model.json cannot be used.", _REMEDY, "weights-format"
                             ) from problem


def _read(kind: type, held: Mapping[str, Any], apart: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {one.name: one for one in fields(kind) if one.name not in apart}
    if set(held) - set(known):
        raise ValueError("unknown keys")
    if any(one.default is MISSING and name not in held for name, one in known.items()):
        raise ValueError("missing keys")
    return {name: _value(name, value) for name, value in held.items()}


def _value(name: str, value: Any) -> Any:
    if name in ("name", "kind"):
        if not isinstance(value, str) or len(value) > 80:
            raise ValueError(name)
        return value
    if name == "layer_scale":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise ValueError(name)
        return float(value)
    if name in _FOURS:
        if not isinstance(value, list | tuple) or len(value) != 4:
            raise ValueError(name)
        return tuple(_whole(name, one) for one in value)
    return _whole(name, value)


def _whole(name: str, value: Any) -> int:
    least = 0 if name == "conv_extra" else 1
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST[name]:
        raise ValueError(name)
    return value


def build_for(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> RetinaModel:
    """The model a manifest describes, holding ``tensors`` as fp32.

    Raises ``WeightsProblem`` where sizes are odd or the tensors are those of another encoder, before memory is taken.
    """
    import torch

    config = read_config(facts)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    try:
        if config != RETINA_S:
            with torch.device("meta"):
                wanted = build_retina(config).state_dict()
            if {name: tuple(value.shape) for name, value in wanted.items()} != shapes:
                raise ValueError("other tensors")
        model = build_retina(config)
        model.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=True)
        return model
    except (RuntimeError, ValueError, IndexError) as problem:
        raise WeightsProblem("These weights belong to another encoder.", "Choose the encoder they are for.",
                             "weights-format") from problem
