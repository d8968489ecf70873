"""Tiny checkpoints of the real classes with random weights, their tokenizers, and a picture to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    CLIPConfig,
    CLIPModel,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    LlavaConfig,
    LlavaForConditionalGeneration,
)

TEXT_WORDS = """<unk> <s> </s> <image> <pad> USER : ASSISTANT Question Answer the question using a single word or
phrase . Short answer Write general description of image What is this ? dark spot bright lesion yes no red here"""
WORDS = TEXT_WORDS.split()
IMAGE = WORDS.index("<image>")
TEXT = {"vocab_size": len(WORDS), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4,
        "num_attention_heads": 4, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 4}
VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
          "image_size": 56, "patch_size": 14}
QFORMER = {"vocab_size": len(WORDS), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 6,
           "num_attention_heads": 4, "encoder_hidden_size": 32, "cross_attention_frequency": 2, "pad_token_id": 4,
           "max_position_embeddings": 64}


def tokenizer() -> Tokenizer:
    """Whole words, a start token in front, as LLaMA's does it."""
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    made.add_special_tokens([AddedToken(word, special=True) for word in WORDS[:5]])
    made.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return made


def llava(attention: str = "sdpa") -> Any:
    torch.manual_seed(1)
    # Grouped queries, so that keys are repeated.
    text = {**TEXT, "model_type": "llama", "num_key_value_heads": 2}
    config = LlavaConfig(vision_config={**VISION, "model_type": "clip_vision_model"}, text_config=text,
                         image_token_index=IMAGE, image_seq_length=16, attn_implementation=attention)
    return louder(LlavaForConditionalGeneration(config))


def instructblip(attention: str = "sdpa") -> Any:
    torch.manual_seed(2)
    config = InstructBlipConfig(vision_config=VISION, qformer_config=QFORMER, num_query_tokens=6,
                                text_config={**TEXT, "model_type": "llama"}, image_token_index=IMAGE,
                                attn_implementation=attention)
    return louder(InstructBlipForConditionalGeneration(config))


def blip2(attention: str = "sdpa") -> Any:
    torch.manual_seed(3)
    text = {**TEXT, "model_type": "opt", "ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 64}
    config = Blip2Config(vision_config=VISION, qformer_config=QFORMER, num_query_tokens=6, text_config=text,
                         image_token_index=IMAGE, attn_implementation=attention)
    return louder(Blip2ForConditionalGeneration(config))


def clip(attention: str = "sdpa") -> Any:
    torch.manual_seed(4)
    text = {**TEXT, "max_position_embeddings": 32}
    return louder(CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=24,
                                       attn_implementation=attention)))


def louder(model: Any) -> Any:
    """Weights far larger than at the start of training (1e-10 in BLIP's vision tower): rows far from uniform."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1 or "class_embedding" in name:
                value.normal_(0, 0.2)
    return model.eval()


def preprocessor(crop: bool) -> dict[str, Any]:
    if crop:
        return {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}, "do_center_crop": True}
    return {"size": {"height": 56, "width": 56}}


def save(model: Any, folder: Path, crop: bool = True, qformer: bool = False) -> Path:
    """A folder as it is published: config, safetensors, tokenizer and preprocessor."""
    model.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(crop)), "utf-8")
    if qformer:
        (folder / "qformer_tokenizer").mkdir()
        tokenizer().save(str(folder / "qformer_tokenizer" / "tokenizer.json"))
    return folder


def picture(rows: int = 80, cols: int = 120, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth blobs, so that resizing keeps something."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.kron(small, np.ones((20, 20, 1), np.uint8))[:rows, :cols]
