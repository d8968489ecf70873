"""Which folders hold a model that reads pictures and words, and which keys of their configuration are used.

As in :mod:`fineview.models.families`: only listed keys reach transformers' classes, each checked against its own range.
Parts are ``text_config``, ``vision_config`` and ``qformer_config``; language models are LLaMA (Vicuna) and OPT.
Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fineview.core.errors import WeightsProblem
from fineview.models import folder
from fineview.models.families import ACTIVATION, CLIP_TEXT, CLIP_VISION, FLAG, Check, one_of, picked, real, whole

_WIDTHS: Mapping[str, Check] = {
    "hidden_size": whole(8, 16384), "intermediate_size": whole(8, 65536), "num_hidden_layers": whole(1, 128),
    "num_attention_heads": whole(1, 256), "hidden_act": ACTIVATION, "vocab_size": whole(2, 1_000_000),
    "max_position_embeddings": whole(4, 200_000), "bos_token_id": whole(0, 1_000_000),
    "eos_token_id": whole(0, 1_000_000), "pad_token_id": whole(-1, 1_000_000), "tie_word_embeddings": FLAG}


def _plain_rope(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= {"rope_type", "rope_theta"} \
        and value.get("rope_type", "default") == "default" and real(1.0, 1e9)(value.get("rope_theta", 1e4))


TEXT: Mapping[str, Mapping[str, Check]] = {
    "llama": {**_WIDTHS, "num_key_value_heads": whole(1, 256), "head_dim": whole(1, 1024),
              "rms_norm_eps": real(0.0, 0.01), "rope_theta": real(1.0, 1e9), "rope_parameters": _plain_rope,
              "attention_bias": FLAG, "mlp_bias": FLAG},
    "opt": {**_WIDTHS, "ffn_dim": whole(8, 65536), "word_embed_proj_dim": whole(8, 16384), "enable_bias": FLAG,
            "do_layer_norm_before": FLAG, "activation_function": ACTIVATION, "layer_norm_elementwise_affine": FLAG}}
_BLIP_VISION = {**CLIP_VISION, "qkv_bias": FLAG}
_QFORMER = {**_WIDTHS, "cross_attention_frequency": whole(1, 64), "encoder_hidden_size": whole(8, 16384),
            "layer_norm_eps": real(0.0, 0.01), "use_qformer_text_input": FLAG}
_BLIP = {"num_query_tokens": whole(1, 1024), "image_token_index": whole(0, 1_000_000),
         "use_decoder_only_language_model": FLAG, "image_text_hidden_size": whole(1, 8192)}
_LLAVA = {"image_token_index": whole(0, 1_000_000), "image_seq_length": whole(1, 100_000),
          "projector_hidden_act": ACTIVATION, "multimodal_projector_bias": FLAG,
          "vision_feature_layer": whole(-128, 128), "vision_feature_select_strategy": one_of("default", "full"),
          "tie_word_embeddings": FLAG}
_CLIP = {"projection_dim": whole(1, 8192), "logit_scale_init_value": real(-10.0, 10.0)}
# model_type -> its own keys and those of its parts
READABLE: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Mapping[str, Check]]]] = {
    "llava": (_LLAVA, {"vision_config": CLIP_VISION}),
    "instructblip": (_BLIP, {"vision_config": _BLIP_VISION, "qformer_config": _QFORMER}),
    "blip-2": (_BLIP, {"vision_config": _BLIP_VISION, "qformer_config": _QFORMER}),
    "clip": (_CLIP, {"vision_config": CLIP_VISION, "text_config": CLIP_TEXT})}
SPEAKING = ("llava", "instructblip", "blip-2")
_ANOTHER = "Use a folder of LLaVA-1.5, BLIP-2 or InstructBLIP with a Vicuna or OPT language model."


def speaks(path: Path) -> bool:
    """Whether a folder holds a model that answers in words here; False for encoders and for what is no model.

    Raises ``WeightsProblem`` ``reader-family`` for one that would speak but is of a family that is not read.
    """
    if not (path / folder.CONFIG).is_file():
        return False
    config = folder.read_json(path, folder.CONFIG)
    if config.get("model_type") in SPEAKING:
        return True
    named = config.get("architectures")
    if isinstance(named, list) and any(str(one).endswith(("ForConditionalGeneration", "ForCausalLM")) for one in named):
        kind = folder.clean(str(config.get("model_type")))
        raise WeightsProblem(f"Models of the type \"{kind}\" are not read.", _ANOTHER, "reader-family")
    return False


def sizes(config: Mapping[str, Any]) -> dict[str, Any]:
    """The allowed keys of a configuration and of its parts, as transformers' classes take them.

    Raises ``WeightsProblem`` ``reader-family`` or ``weights-config``.
    """
    kind = config.get("model_type")
    if kind not in READABLE:
        raise WeightsProblem("This folder holds no model that reads pictures with words.", _ANOTHER, "reader-family")
    own, parts = READABLE[kind]
    renamed = {**config, "image_token_index": config.get("image_token_index", config.get("image_token_id"))}
    found = picked(renamed, own)
    for name, keys in parts.items():
        found[name] = picked(_part(config, name), keys)
    if kind in SPEAKING:
        text = _part(config, "text_config")
        language = text.get("model_type", "llama" if kind == "llava" else None)
        if language not in TEXT:
            raise WeightsProblem(f"A language model of the type \"{folder.clean(str(language))}\" is not read.",
                                 _ANOTHER, "reader-family")
        found["text_config"] = {**picked(text, TEXT[language]), "model_type": language}
    if kind == "llava":
        found["vision_config"]["model_type"] = _part(config, "vision_config").get("model_type", "clip_vision_model")
        if found["vision_config"]["model_type"] != "clip_vision_model":
            raise WeightsProblem("This LLaVA sees through something else than CLIP.", _ANOTHER, "reader-family")
    return found


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name, {})
    if not isinstance(part, dict):
        raise WeightsProblem(f"config.json has no proper {name}.", _ANOTHER, "weights-config")
    return part
