"""Decoupled attention: the picture alone makes keys, the text alone queries; equal to torch's own attention."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel, ResNetConfig, ResNetModel

from fineview.models.language.text_tokens import SPECIAL, TextTokens, WordPieces
from fineview.models.vision.coupled import CoupledAttention
from fineview.models.vision.decoupled import DecoupledAttention
from fineview.models.vision.image_tokens import ImageTokens

WORDS = (*SPECIAL, "a", "red", "dot", "and", "no", "drusen", ";")
PIECES = WordPieces(WORDS)


def parts(width: int = 16) -> tuple[ImageTokens, TextTokens]:
    resnet = ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic"))
    config = BertConfig(vocab_size=len(WORDS), hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=24, max_position_embeddings=32)
    return ImageTokens(resnet, 12, width), TextTokens(BertModel(config, add_pooling_layer=False), 12, width)


@pytest.fixture(scope="module")
def model() -> DecoupledAttention:
    torch.manual_seed(0)
    return DecoupledAttention(*parts(), 16, 4).eval()


def picture(seed: int = 0, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 40, 56, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def test_each_row_is_a_softmax_over_the_cells_of_one_picture(model: DecoupledAttention) -> None:
    keys, _, grid = model.keys(picture())
    queries, _ = model.queries(*PIECES(["a red dot", "no drusen"]))
    rows = model.rows(queries, keys)
    assert rows.shape == (2, 2, 4, 5, grid[0] * grid[1])
    logits = np.einsum("thld,bhnd->tbhln", queries.numpy(), keys.numpy()) / 2.0  # sqrt of 16 / 4 channels a head
    expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(rows.numpy(), expected, rtol=1e-4, atol=1e-6)


@torch.inference_mode()
def test_another_text_leaves_the_pictures_keys_bit_for_bit(model: DecoupledAttention) -> None:
    seen: list[torch.Tensor] = []
    hook = model.key.register_forward_hook(lambda module, given, made: seen.append(made.clone()))
    for text in ("a red dot", "no drusen; a dot and no red dot"):
        model.scores(picture(), *PIECES([text]))
    hook.remove()
    assert torch.equal(*seen)


@torch.inference_mode()
def test_another_picture_leaves_the_texts_queries_bit_for_bit(model: DecoupledAttention) -> None:
    seen: list[torch.Tensor] = []
    hook = model.query.register_forward_hook(lambda module, given, made: seen.append(made.clone()))
    for seed in (0, 1):
        model.scores(picture(seed), *PIECES(["a red dot"]))
    hook.remove()
    assert torch.equal(*seen)


@torch.inference_mode()
def test_equals_torch_multihead_attention_with_the_same_weights(model: DecoupledAttention) -> None:
    peer = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    peer.in_proj_weight.copy_(torch.cat([model.query.weight, model.key.weight, model.value.weight]))
    peer.in_proj_bias.copy_(torch.cat([model.query.bias, model.key.bias, model.value.bias]))
    peer.out_proj.load_state_dict(model.out.state_dict())
    pixels, (ids, mask) = picture(count=1), PIECES(["a red dot"])
    content, located, grid = model.image(pixels)
    words = model.text(ids, mask)
    expected, weights = peer(words, content, located, average_attn_weights=True)
    keys, values, _ = model.keys(pixels)
    rows = model.rows(model.queries(ids, mask)[0], keys)
    torch.testing.assert_close(model.fetched(rows, values)[0], expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(rows[0].mean(1), weights, atol=1e-6, rtol=1e-5)
    inner = weights[0, 1:-1].mean(0).view(grid)  # the words between [CLS] and [SEP]
    torch.testing.assert_close(model.maps(keys, ids, mask, grid)[0, 0], inner, atol=1e-6, rtol=1e-5)


@torch.inference_mode()
def test_the_score_is_the_mean_cosine_of_what_words_fetch_and_say(model: DecoupledAttention) -> None:
    pixels, texts = picture(), ["red", "a red dot and drusen"]
    together = model.scores(pixels, *PIECES(texts)).numpy()
    for t, b in product(range(2), range(2)):  # each pair alone, without padding, by numpy
        ids, mask = PIECES([texts[t]])
        keys, values, _ = model.keys(pixels[b : b + 1])
        queries, said = model.queries(ids, mask)
        taken = model.fetched(model.rows(queries, keys), values)[0, 0].numpy()
        words = said[0].numpy()
        cosines = (taken * words).sum(1) / np.linalg.norm(taken, axis=1) / np.linalg.norm(words, axis=1)
        assert together[t, b] == pytest.approx(cosines.mean() / 0.07, rel=1e-4)


@torch.inference_mode()
def test_maps_sum_to_one_differ_by_text_and_survive_a_text_without_words(model: DecoupledAttention) -> None:
    keys, _, grid = model.keys(picture())
    maps = model.maps(keys, *PIECES(["a red dot", "no drusen; a dot", ""]), grid)
    assert maps.shape == (3, 2, *grid)
    torch.testing.assert_close(maps.sum((2, 3)), torch.ones(3, 2))
    assert not torch.allclose(maps[0], maps[1])
    alone = model.maps(keys, *PIECES(["a red dot"]), grid)
    torch.testing.assert_close(maps[:1], alone, atol=1e-6, rtol=1e-5)


@torch.inference_mode()
def test_the_control_is_joint_its_cells_hear_the_text() -> None:
    torch.manual_seed(2)
    control = CoupledAttention(*parts(), 4).eval()
    pixels, texts = picture(), ["red", "no drusen; a dot and a red dot"]
    together = control.scores(pixels, *PIECES(texts))
    assert together.shape == (2, 2)
    for t, b in product(range(2), range(2)):
        alone = control.scores(pixels[b : b + 1], *PIECES([texts[t]]))
        torch.testing.assert_close(together[t, b], alone[0, 0], atol=1e-5, rtol=1e-4)
    seen: list[torch.Tensor] = []
    hook = control.joint.register_forward_hook(lambda module, given, made: seen.append(made[:, -1].clone()))
    for text in ("red", "dot"):  # as long as each other
        control.scores(pixels[:1], *PIECES([text]))
    hook.remove()
    assert not torch.equal(*seen)
    with pytest.raises(ValueError, match="one width"):
        CoupledAttention(parts(16)[0], parts(12)[1], 4)
