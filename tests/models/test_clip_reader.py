"""CLIP's rows and gradients under SDPA against the whole CLIPModel run eagerly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil

from fineview.core.errors import RequestProblem
from fineview.models.language.clip_reader import ClipReader
from fineview.models.language.reader import InlineGain, Reading, Saying
from fineview.models.language.sight import Sight
from fineview.models.language.tokens import Tokens
from tests.models import tiny_readers as tiny

TEXT = "a dark spot </s>"


@pytest.fixture(scope="module")
def reader() -> ClipReader:
    return ClipReader(tiny.clip(), Tokens(tiny.tokenizer()), Sight.read(tiny.preprocessor(True), 56))


@pytest.fixture(scope="module")
def eager() -> Any:
    return tiny.clip("eager").requires_grad_(False)


def inputs() -> dict[str, torch.Tensor]:
    pixels = CLIPImageProcessorPil(**tiny.preprocessor(True))(tiny.picture(), return_tensors="pt")["pixel_values"]
    return {"pixel_values": pixels.float(), "input_ids": torch.tensor([tiny.tokenizer().encode(TEXT).ids])}


def asked(gain: InlineGain | None = None) -> Reading:
    return Reading((tiny.picture(),), TEXT, gain=gain)


def text_row(eager: Any, out: Any) -> np.ndarray:
    states = eager.vision_model.post_layernorm(out.vision_model_output.last_hidden_state[0, 1:])
    patches = eager.visual_projection(states)
    cosines = torch.nn.functional.cosine_similarity(patches, out.text_embeds, dim=-1)
    return (cosines * eager.logit_scale.exp()).softmax(0).detach().numpy().reshape(4, 4)


def test_the_text_row_equals_eager(reader: ClipReader, eager: Any) -> None:
    truth = text_row(eager, eager(**inputs()))
    found = reader.row(asked())
    assert found.heads.shape == (1, 16) and np.abs(found.cells - truth).max() < 1e-5
    assert found.cells.max() > 1.5 * found.cells.min()


def test_attention_times_gradient_equals_eager(reader: ClipReader, eager: Any) -> None:
    given = inputs()
    given["pixel_values"].requires_grad_()
    out = eager(**given, output_attentions=True)
    leaf = out.vision_model_output.attentions[-1]
    truth = (leaf * torch.relu(torch.autograd.grad(out.logits_per_text.sum(), leaf)[0]))[0, :, 0, 1:].mean(0)
    found = reader.gradient_row(asked()).cells
    assert truth.max() > 0 and np.allclose(found, truth.detach().numpy().reshape(4, 4), rtol=1e-3, atol=1e-5)


def test_the_pixel_gradient_equals_eager(reader: ClipReader, eager: Any) -> None:
    given = inputs()
    pixels = given["pixel_values"].requires_grad_()
    truth = torch.autograd.grad(eager(**given).logits_per_text.sum(), pixels)[0][0].numpy()
    assert np.allclose(reader.pixel_gradient(asked()), truth, rtol=1e-3, atol=1e-5 * np.abs(truth).max())


def test_inline_gain_equals_a_bias_added_by_hand(reader: ClipReader, eager: Any) -> None:
    gain = np.zeros((4, 4), np.float32)
    gain[0, 3] = np.log(4)
    bias = torch.zeros(1, 1, 1, 17)
    bias[..., 1:] = torch.from_numpy(gain).flatten()

    def bend(_: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "attention_mask": bias}

    hooks = [eager.vision_model.encoder.layers[n].self_attn.register_forward_pre_hook(bend, with_kwargs=True)
             for n in (0, 2)]
    truth = text_row(eager, eager(**inputs()))
    for hook in hooks:
        hook.remove()
    found = reader.row(asked(InlineGain(gain, (0, -1)))).cells
    assert np.abs(found - truth).max() < 1e-5 and np.abs(found - reader.row(asked()).cells).max() > 1e-4


def test_clip_does_not_speak(reader: ClipReader) -> None:
    with pytest.raises(RequestProblem, match="cannot answer") as caught:
        reader.say(asked(), Saying())
    assert caught.value.code == "no-answerer"
