"""The families of ordinary Hugging Face folders that can be an encoder, and what their configurations may say.

One :class:`Family` a ``model_type``.  Only the listed keys of a configuration reach transformers' class, each checked
against its own range; every other key is dropped.  Dropped and not refused: published folders carry dozens of
harmless ones (labels, versions, generation settings), and a key that is never passed on can do nothing.  Keys that
name code are refused before (:mod:`folder`), and so is quantisation, which would change what the tensors mean.

``renamed`` turns older names of tensors into today's; ``unneeded`` names parts an encoder does without (class heads,
the text tower of CLIP where it is not used, buffers older versions stored).  Anything else that is missing, left
over or of another shape refuses the folder: no tensor is ever left random.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fineview.core.errors import WeightsProblem

Check = Callable[[Any], bool]
_ANOTHER = "Choose another folder, or correct its config.json."


def whole(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def real(low: float, high: float) -> Check:
    return lambda value: type(value) in (int, float) and low <= value <= high


def one_of(*values: Any) -> Check:
    return lambda value: any(value == one and type(value) is type(one) for one in values)


def list_of(check: Check, low: int, high: int) -> Check:
    return lambda value: isinstance(value, list) and low <= len(value) <= high and all(check(one) for one in value)


FLAG = one_of(True, False)
ACTIVATION = one_of("gelu", "quick_gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish")
CHANNELS = one_of(3, 5)  # RGB, or RGB and the two top-hats
_TRANSFORMER: Mapping[str, Check] = {
    "hidden_size": whole(8, 8192), "intermediate_size": whole(8, 32768), "num_hidden_layers": whole(1, 96),
    "num_attention_heads": whole(1, 128), "hidden_act": ACTIVATION, "layer_norm_eps": real(0.0, 0.01)}
_SIGHT = {**_TRANSFORMER, "num_channels": one_of(3), "image_size": whole(28, 1024), "patch_size": whole(4, 64)}
CLIP_VISION: Mapping[str, Check] = {**_SIGHT, "projection_dim": whole(1, 8192)}
CLIP_TEXT: Mapping[str, Check] = {
    **_TRANSFORMER, "projection_dim": whole(1, 8192), "vocab_size": whole(2, 1_000_000),
    "max_position_embeddings": whole(4, 4096), "pad_token_id": whole(0, 1_000_000),
    "bos_token_id": whole(0, 1_000_000), "eos_token_id": whole(0, 1_000_000)}
_STAGES = {"num_channels": CHANNELS, "hidden_sizes": list_of(whole(4, 8192), 4, 4),
           "depths": list_of(whole(1, 60), 4, 4), "hidden_act": ACTIVATION}
_BLOCKS = list_of(whole(1, 2048), 7, 7)


@dataclass(frozen=True, slots=True)
class Family:
    """``kind``: the word for people and menus; ``prefix``: what heads and towers put before the tensors' names."""

    kind: str
    model_type: str
    keys: Mapping[str, Check]
    prefix: str
    unneeded: re.Pattern[str]
    renamed: tuple[tuple[str, str], ...] = ()

    def picked(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The allowed keys of a configuration.  Raises ``WeightsProblem`` for a value out of its range."""
        return picked(config, self.keys)

    def name(self, tensor: str, known: frozenset[str]) -> str | None:
        """Today's name of a tensor of the file; None for one that is not needed.  ``known``: names of the model."""
        short = tensor.removeprefix(self.prefix)
        if short in known:
            return short
        if self.unneeded.match(tensor) or self.unneeded.match(short):
            return None
        for old, new in self.renamed:
            short = re.sub(old, new, short)
        return short


def picked(config: Mapping[str, Any], keys: Mapping[str, Check]) -> dict[str, Any]:
    if config.get("quantization_config"):
        raise WeightsProblem("These weights are quantised.", "Choose the folder in fp32, fp16 or bf16.",
                             "weights-config")
    found = {}
    for key, fits in keys.items():
        value = config.get(key)
        if value is None:
            continue  # the class's own default
        if not fits(value):
            raise WeightsProblem(f"config.json gives \"{key}\" a value that is not allowed.", _ANOTHER,
                                 "weights-config")
        found[key] = value
    heads, width = found.get("num_attention_heads"), found.get("hidden_size")
    if heads and width and width % heads:
        raise WeightsProblem(f"The width {width} of config.json is no multiple of its {heads} heads.", _ANOTHER,
                             "weights-config")
    return found


def re_of(*words: str) -> re.Pattern[str]:
    """Matches a name that begins with one of these."""
    return re.compile("|".join(words) or r"(?!)")


FAMILIES: tuple[Family, ...] = (
    Family("clip", "clip_vision_model", CLIP_VISION, "vision_model.",
           re_of(r"visual_projection\.", r"(vision_model\.)?embeddings\.position_ids")),
    Family("clip", "clip", CLIP_VISION, "vision_model.",
           re_of(r"visual_projection\.", r"text_projection\.", r"text_model\.", "logit_scale",
                r"(vision_model\.)?embeddings\.position_ids")),
    Family("vit", "vit", {**_SIGHT, "qkv_bias": FLAG}, "vit.",
           re_of(r"classifier\.", r"pooler\.", r"decoder\.", r"embeddings\.mask_token"),
           ((r"^encoder\.layer\.", "layers."), (r"attention\.attention\.query", "attention.q_proj"),
            (r"attention\.attention\.key", "attention.k_proj"), (r"attention\.attention\.value", "attention.v_proj"),
            (r"attention\.output\.dense", "attention.o_proj"), (r"intermediate\.dense", "mlp.fc1"),
            (r"(?<!attention\.)output\.dense", "mlp.fc2"))),
    Family("convnext", "convnext", {**_STAGES, "patch_size": one_of(4), "layer_norm_eps": real(0.0, 0.01),
                                    "layer_scale_init_value": real(0.0, 1.0)}, "convnext.", re_of(r"classifier\.")),
    Family("resnet", "resnet", {**_STAGES, "embedding_size": whole(4, 2048),
                                "layer_type": one_of("basic", "bottleneck"),
                                "downsample_in_first_stage": one_of(False), "downsample_in_bottleneck": FLAG},
           "resnet.", re_of(r"classifier\.")),
    Family("efficientnet", "efficientnet",
           {"num_channels": CHANNELS, "width_coefficient": real(0.1, 8.0), "depth_coefficient": real(0.1, 8.0),
            "depth_divisor": whole(1, 64), "kernel_sizes": list_of(one_of(3, 5, 7), 7, 7), "in_channels": _BLOCKS,
            "out_channels": _BLOCKS, "depthwise_padding": list_of(whole(0, 500), 0, 100),
            "strides": list_of(one_of(1, 2), 7, 7), "num_block_repeats": list_of(whole(1, 20), 7, 7),
            "expand_ratios": list_of(whole(1, 12), 7, 7), "squeeze_expansion_ratio": real(0.01, 1.0),
            "hidden_act": ACTIVATION, "hidden_dim": whole(8, 8192), "pooling_type": one_of("mean", "max"),
            "batch_norm_eps": real(0.0, 0.1)}, "efficientnet.", re_of(r"classifier\.")),
)
BY_TYPE: Mapping[str, Family] = {one.model_type: one for one in FAMILIES}


def family_of(config: Mapping[str, Any]) -> Family:
    """The family of a configuration.  Raises ``WeightsProblem`` ``weights-config`` for one that is not read."""
    word = config.get("model_type")
    if isinstance(word, str) and word in BY_TYPE:
        return BY_TYPE[word]
    shown = "".join(one for one in str(word)[:40] if one.isprintable()) if isinstance(word, str) else "none"
    raise WeightsProblem(f"Encoders of the type \"{shown}\" are not read.",
                         f"Read are: {', '.join(BY_TYPE)}; and FILA folders with vit and conv inside.",
                         "weights-config")
