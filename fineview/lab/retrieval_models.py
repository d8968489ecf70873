"""The three ways of matching pictures and texts, with the same small backbones and random weights.

Sizes are the workshop's: a ResNet of three stages (stride 16) and a BERT of two layers, both transformers' classes.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from fineview.models.language.text_tokens import TextTokens
from fineview.models.vision.coupled import CoupledAttention
from fineview.models.vision.decoupled import DecoupledAttention
from fineview.models.vision.image_tokens import ImageTokens
from fineview.models.vision.two_towers import TwoTowers

STAGES = (32, 64, 96)
TEXT_WIDTH = 96
WIDTH = 96
HEADS = 4
NAMES = ("two-towers", "decoupled", "coupled")


class Scorer(Protocol):
    """What the training and the tables need: logits (T, B) of every text with every picture."""

    def scores(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor: ...


def build_matcher(name: str, words: int, seed: int) -> nn.Module:
    """One of ``NAMES`` with random weights of this seed; ``words`` is the size of the vocabulary."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        image, text = _image(), _text(words)
        if name == "two-towers":
            return TwoTowers(image, text, WIDTH, HEADS)
        if name == "decoupled":
            return DecoupledAttention(image, text, WIDTH, HEADS)
        return CoupledAttention(image, text, HEADS)


def _image() -> ImageTokens:
    from transformers import ResNetConfig, ResNetModel

    backbone = ResNetModel(ResNetConfig(embedding_size=STAGES[0], hidden_sizes=list(STAGES), depths=[1, 1, 1],
                                        layer_type="basic"))
    return ImageTokens(backbone, STAGES[-1], WIDTH)


def _text(words: int) -> TextTokens:
    from transformers import BertConfig, BertModel

    # BERT's own 0.02 is meant for a width of 768: at 96 all texts would begin as one
    config = BertConfig(vocab_size=words, hidden_size=TEXT_WIDTH, num_hidden_layers=2, num_attention_heads=HEADS,
                        intermediate_size=2 * TEXT_WIDTH, max_position_embeddings=96,
                        initializer_range=TEXT_WIDTH ** -0.5, hidden_dropout_prob=0.0,
                        attention_probs_dropout_prob=0.0)
    bert = BertModel(config, add_pooling_layer=False)
    return TextTokens(bert, TEXT_WIDTH, WIDTH)
