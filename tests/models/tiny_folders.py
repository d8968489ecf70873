"""Small checkpoints of transformers' own classes, written by ``save_pretrained`` as anybody publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ConvNextConfig,
    ConvNextForImageClassification,
    ConvNextModel,
    EfficientNetConfig,
    EfficientNetModel,
    PreTrainedModel,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)
from transformers.utils import logging

SIGHT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2,
         "image_size": 336, "patch_size": 14}
STAGES: dict[str, Any] = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "vocab_size": 300, "bos_token_id": 256, "eos_token_id": 257, "pad_token_id": 257, "projection_dim": 16}
KINDS = ("clip", "clip-text", "vit", "convnext", "resnet", "efficientnet", "fila")
WORDS = ("vit-head", "convnext-head", "clip-patch-32")


def make(kind: str, seed: int = 0) -> PreTrainedModel:
    """A tiny network of a kind, in eval mode; not "fila", which is two."""
    made = {
        "clip": lambda: CLIPVisionModel(CLIPVisionConfig(**SIGHT)),
        "clip-patch-32": lambda: CLIPVisionModel(CLIPVisionConfig(**{**SIGHT, "image_size": 224, "patch_size": 32})),
        "clip-text": lambda: CLIPModel(CLIPConfig(text_config=TEXT, vision_config={**SIGHT, "projection_dim": 16},
                                                  projection_dim=16)),
        "vit": lambda: ViTModel(ViTConfig(**{**SIGHT, "image_size": 384, "patch_size": 16})),
        "vit-head": lambda: ViTForImageClassification(ViTConfig(**{**SIGHT, "image_size": 224, "patch_size": 16})),
        "convnext": lambda: ConvNextModel(ConvNextConfig(**STAGES, layer_scale_init_value=0.3)),
        "convnext-head": lambda: ConvNextForImageClassification(ConvNextConfig(**STAGES, layer_scale_init_value=0.3)),
        "resnet": lambda: ResNetModel(ResNetConfig(**STAGES, embedding_size=8, layer_type="basic")),
        "efficientnet": lambda: EfficientNetModel(EfficientNetConfig(
            width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=320)),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = made[kind]().eval()
        if kind == "efficientnet":  # with its class's own start so deep a network answers 0 to everything
            for layer in net.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    torch.nn.init.kaiming_normal_(layer.weight)
                elif isinstance(layer, torch.nn.BatchNorm2d):
                    torch.nn.init.ones_(layer.weight)
        return net


def save(kind: str, folder: Path, seed: int = 0, **how: Any) -> Path:
    """Write a tiny checkpoint of a kind; ``how`` goes to ``save_pretrained``."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        if kind == "fila":
            make("clip", seed).save_pretrained(folder / "vit")
            make("convnext", seed).save_pretrained(folder / "conv")
        else:
            make(kind, seed).save_pretrained(folder, **how)
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()
    if kind == "clip-text":
        tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tokenizer() -> Tokenizer:
    """One token a byte, between a start and an end."""
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    made = Tokenizer(models.BPE(vocab={**letters, "<s>": 256, "</s>": 257}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>",
                                                        special_tokens=[("<s>", 256), ("</s>", 257)])
    return made
