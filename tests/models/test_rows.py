"""Attention rows under SDPA against eager softmax, in CLIP, in a grouped-query decoder and in the text row."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaModel
from transformers.models.clip import modeling_clip
from transformers.models.llama import modeling_llama

from fineview.models.attention.rows import IMPLEMENTATION, attention_modules, capture, exact_rows
from fineview.models.vision.text_row import TextEncoder, TextRow, evidence

CLIP = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
        "image_size": 56, "patch_size": 14}


def twin(implementation: str) -> CLIPVisionModel:
    torch.manual_seed(0)
    return CLIPVisionModel(CLIPVisionConfig(**CLIP, attn_implementation=implementation)).eval()


def test_rows_equal_eager_and_the_output_is_untouched() -> None:
    pixels = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    ours, plain, eager = twin(IMPLEMENTATION), twin("sdpa"), twin("eager")
    with torch.inference_mode():
        with capture(ours, [0, -1], [0, 5]) as rows:
            found = ours(pixel_values=pixels).last_hidden_state
        assert torch.equal(found, plain(pixel_values=pixels).last_hidden_state)
        truth = eager(pixel_values=pixels, output_attentions=True).attentions
    assert sorted(rows) == [0, 2]
    for layer, values in rows.items():
        assert values.shape == (2, 4, 2, 17) and values.dtype == torch.float32
        assert (values - truth[layer][:, :, [0, 5]]).abs().max() < 1e-6


def test_causal_grouped_queries_equal_eager() -> None:
    ids = torch.arange(9).view(1, 9)
    mask = torch.ones(1, 9, dtype=torch.long)
    mask[0, :2] = 0
    with torch.inference_mode():
        ours = llama(IMPLEMENTATION)
        with capture(ours, [1], [-1]) as rows:
            ours(input_ids=ids, attention_mask=mask)
        truth = llama("eager")(input_ids=ids, attention_mask=mask, output_attentions=True).attentions[1]
    assert rows[1].shape == (1, 4, 1, 9)
    assert (rows[1] - truth[:, :, [-1]]).abs().max() < 1e-6


def test_rows_are_fp32_under_autocast_too() -> None:
    made = torch.Generator().manual_seed(3)
    query, key = (torch.randn(1, 2, count, 16, generator=made) for count in (3, 40))
    with torch.autocast("cpu", torch.bfloat16):
        rows = exact_rows(query, key, None, 0.25)
    truth = (query.double() @ key.double().transpose(-1, -2) * 0.25).softmax(-1)
    assert rows.dtype == torch.float32 and (rows - truth).abs().max() < 1e-6


def test_nothing_is_read_outside_the_capture() -> None:
    model = twin(IMPLEMENTATION)
    with capture(model, [0], [0]) as rows:
        pass
    with torch.inference_mode():
        model(pixel_values=torch.zeros(1, 3, 56, 56))
    assert rows == {}


def llama(implementation: str) -> LlamaModel:
    torch.manual_seed(3)
    return LlamaModel(LlamaConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                  num_key_value_heads=2, vocab_size=50, attn_implementation=implementation)).eval()


def test_causal_rows_without_a_mask_see_no_later_word() -> None:
    ids = torch.arange(9).view(1, 9)
    ours = llama(IMPLEMENTATION)
    with torch.inference_mode(), capture(ours, [0, 1], [2, -1]) as rows:
        ours(input_ids=ids)
    with torch.inference_mode():
        truth = llama("eager")(input_ids=ids, output_attentions=True).attentions
    for layer in (0, 1):
        assert (rows[layer] - truth[layer][:, :, [2, 8]]).abs().max() < 1e-6
    assert rows[1][0, 0, 0, 3:].eq(0).all()


def bent_by_hand(bias: torch.Tensor, layer: int, number: dict[int, int]) -> Any:
    """Eager attention written out, with the bias added to the logits of one layer."""
    def forward(module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float = 1.0, **_: Any) -> Any:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        logits = torch.einsum("bhqd,bhkd->bhqk", query, key) * scaling
        if mask is not None:
            logits = logits + mask[..., : key.shape[2]]
        if number[id(module)] == layer:
            logits = logits.clone()
            logits[..., : bias.shape[-1]] += bias[:, None, None]
        weights = logits.softmax(-1)
        return torch.einsum("bhqk,bhkd->bqhd", weights, value), weights

    return forward


@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_bent_layer_equals_eager_attention_with_the_bias_by_hand(
        layer: int, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = torch.Generator().manual_seed(6)
    pixels, bias = torch.randn(2, 3, 56, 56, generator=made), torch.randn(batch, 17, generator=made) * 2
    ours, eager = twin(IMPLEMENTATION), twin("eager")
    monkeypatch.setattr(modeling_clip, "eager_attention_forward",
                        bent_by_hand(bias, layer, attention_modules(eager)))
    with torch.inference_mode():
        plain = ours(pixel_values=pixels).last_hidden_state
        with capture(ours, [layer], [0], bias={layer - 3: bias}) as rows:
            found = ours(pixel_values=pixels).last_hidden_state
        truth = eager(pixel_values=pixels, output_attentions=True)
        assert torch.equal(ours(pixel_values=pixels).last_hidden_state, plain)
    assert (found - truth.last_hidden_state).abs().max() < 1e-5
    assert (rows[layer][:, :, 0] - truth.attentions[layer][:, :, 0]).abs().max() < 1e-5
    assert (found - plain).abs().max() > 1e-3


@pytest.mark.parametrize("padded", [False, True])
def test_a_bent_decoder_stays_causal(padded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, bias = torch.arange(9).view(1, 9), torch.tensor([[0.0, 3.0, 0.0, 2.0]])
    mask = torch.ones(1, 9, dtype=torch.long)
    mask[0, : 2 * padded] = 0
    ours, eager = llama(IMPLEMENTATION), llama("eager")
    monkeypatch.setattr(modeling_llama, "eager_attention_forward", bent_by_hand(bias, 1, attention_modules(eager)))
    with torch.inference_mode(), capture(ours, [1], [4], bias={1: bias}) as rows:
        found = ours(input_ids=ids, attention_mask=mask if padded else None).last_hidden_state
    with torch.inference_mode():
        truth = eager(input_ids=ids, attention_mask=mask, output_attentions=True)
    kept = slice(2 * padded, None)
    assert (found[:, kept] - truth.last_hidden_state[:, kept]).abs().max() < 1e-5
    assert (rows[1][:, :, 0] - truth.attentions[1][:, :, 4]).abs().max() < 1e-5


def test_a_bend_that_is_shorter_than_the_keys_leaves_generated_words_alone() -> None:
    ours, bias = llama(IMPLEMENTATION), torch.tensor([[0.0, 5.0]])
    with torch.inference_mode():
        first = ours(input_ids=torch.arange(4).view(1, 4), use_cache=True).past_key_values
        with capture(ours, [0], [0]) as plain:
            ours(input_ids=torch.tensor([[7]]), past_key_values=copy.deepcopy(first))
        with capture(ours, [0], [0], bias={0: bias}) as bent:
            ours(input_ids=torch.tensor([[7]]), past_key_values=first)
    ratio = (bent[0] / bent[0][..., -1:]) / (plain[0] / plain[0][..., -1:])
    expected = torch.tensor([1.0, math.exp(5.0), 1.0, 1.0, 1.0])
    assert torch.allclose(ratio, expected.expand_as(ratio), rtol=1e-4)


@pytest.fixture
def text_row() -> tuple[TextEncoder, TextRow, torch.Tensor, torch.Tensor]:
    torch.manual_seed(4)
    encoder, row = TextEncoder(40, 16, 1, 2).eval(), TextRow(16, 24, 8).eval()
    ids = torch.tensor([[2, 5, 6, 0], [2, 9, 0, 0]])
    return encoder, row, ids, torch.randn(3, 10, 24)


def test_text_rows_are_a_softmax_with_a_sink(text_row: tuple[TextEncoder, TextRow, torch.Tensor, torch.Tensor]) -> None:
    encoder, row, ids, tokens = text_row
    with torch.inference_mode():
        text = encoder(ids)
        out, rows = row.attend(text, tokens)
        margin = row.margin(text, row.keys(tokens))
        keys = torch.cat([row.keys(tokens), row.sink_key.expand(3, 1, -1)], 1)
        eager = torch.einsum("tk,bnk->btn", row.query(text) * row.scale, keys).softmax(-1)
        values = torch.cat([row.value(row.norm(tokens)), row.sink_value.expand(3, 1, -1)], 1)
    assert rows.shape == (3, 2, 11) and (rows - eager).abs().max() < 1e-6
    assert torch.allclose(out, eager @ values, atol=1e-6)
    assert torch.allclose(evidence(rows), margin.sigmoid(), atol=1e-6)


def test_inline_gain_is_an_attention_bias(text_row: tuple[TextEncoder, TextRow, torch.Tensor, torch.Tensor]) -> None:
    encoder, row, ids, tokens = text_row
    bias = torch.zeros(3, 10)
    bias[:, 4] = torch.log(torch.tensor(2.0))
    with torch.inference_mode():
        text = encoder(ids)
        plain, bent = row.attend(text, tokens)[1], row.attend(text, tokens, bias)[1]
    ratio = (bent / bent[..., -1:]) / (plain / plain[..., -1:])
    expected = torch.ones(10)
    expected[4] = 2.0
    assert torch.allclose(ratio[..., :-1], expected.expand(3, 2, 10), rtol=1e-5)


def test_padding_words_do_not_count(text_row: tuple[TextEncoder, TextRow, torch.Tensor, torch.Tensor]) -> None:
    encoder = text_row[0]
    with torch.inference_mode():
        short, long = encoder(torch.tensor([[2, 9]])), encoder(torch.tensor([[2, 9, 0, 0, 0]]))
    assert torch.allclose(short, long, atol=1e-6)
