"""CLIP (arXiv 2103.00020) through the attention interface: it reads a text against a picture and says nothing.

transformers ``CLIPModel``.  CLIP's attention never sees the text, so two things stand in for a decoder's last token:

* the row is the text as one query over the patches as keys: softmax of the scaled cosine between the projected text
  and every projected patch of the last layer (after MaskCLIP, arXiv 2112.01071; patches pass the norm and projection
  that training gave to CLS alone).  One head.
* the gradients are those of v = the scaled cosine of text and whole picture; grad-att weighs the CLS row of the last
  layer with them, head by head (the published layer of CLIP explanations, Chefer et al., arXiv 2103.15679).

Inline gain bends the patch keys in the chosen layers of the vision tower.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fineview.core.errors import RequestProblem
from fineview.models.attention.rows import capture
from fineview.models.language.decoder import key_bias, under_rows
from fineview.models.language.reader import Reading, Row, Saying
from fineview.models.language.sight import Sight
from fineview.models.language.tokens import Tokens


class ClipReader:
    """Fits ``reader.Reader`` but for words.  ``model``: a ``CLIPModel``."""

    family = "CLIP"

    def __init__(self, model: Any, tokens: Tokens, sight: Sight) -> None:
        vision = model.config.vision_config
        self._model, self._tokens, self.sight = under_rows(model), tokens, sight
        side = vision.image_size // vision.patch_size
        self.grid, self.base_px, self.layers = (side, side), vision.image_size, vision.num_hidden_layers
        self.layer = self.layers - 1
        self.inline_layers = (self.layer,)

    def prompt(self, question: str, pictures: int = 1) -> str:
        return self._tokens.cleaned(question)

    @torch.inference_mode()
    def row(self, reading: Reading) -> Row:
        with capture(self._model.vision_model, [], [0], bias=self._bias(reading)):
            states = self._model.vision_model(pixel_values=self._pixels(reading)).last_hidden_state[:, 1:]
        patches = self._model.visual_projection(self._model.vision_model.post_layernorm(states)).float()
        logits = functional.normalize(patches, dim=-1)[0] @ self._text(reading)[0] * self._scale()
        return Row(logits.softmax(-1)[None].cpu().numpy(), None, self.grid, self._layer(reading))

    @torch.enable_grad()
    def gradient_row(self, reading: Reading) -> Row:
        layer = self._layer(reading)
        with capture(self._model.vision_model, [layer], [0], graph=True, bias=self._bias(reading)) as rows:
            score = self._score(reading, self._pixels(reading))
        leaf = rows[layer]
        slope = torch.autograd.grad(score, leaf)[0]
        weighed = (leaf * slope.clamp_min(0)).detach()[0, :, 0, 1:]
        return Row(weighed.float().cpu().numpy(), None, self.grid, layer)

    @torch.enable_grad()
    def pixel_gradient(self, reading: Reading) -> NDArray[np.float32]:
        pixels = self._pixels(reading).requires_grad_()
        with capture(self._model.vision_model, [], [0], bias=self._bias(reading)):
            score = self._score(reading, pixels)
        slope: NDArray[np.float32] = torch.autograd.grad(score, pixels)[0][0].float().cpu().numpy()
        return slope

    def say(self, reading: Reading, saying: Saying) -> str:
        raise RequestProblem("CLIP compares words with pictures and cannot answer in words.",
                             "Ask a LLaVA, BLIP-2 or InstructBLIP model, or look at CLIP's map.", "no-answerer")

    def _layer(self, reading: Reading) -> int:
        return self.layer if reading.layer is None else reading.layer % self.layers

    def _pixels(self, reading: Reading) -> Tensor:
        """The first picture alone: CLIP sees one."""
        return self.sight.pixels(self.sight.draw(reading.pictures[0])).to(self._model.device, self._model.dtype)

    def _text(self, reading: Reading) -> Tensor:
        """(1, D) of length 1.  A text longer than the tower keeps its last token, which is what is pooled."""
        limit = self._model.config.text_config.max_position_embeddings
        ids = self._tokens.ids(reading.prompt)
        ids = ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
        found = self._model.get_text_features(input_ids=torch.tensor([ids], device=self._model.device)).pooler_output
        return functional.normalize(found.float(), dim=-1)

    def _scale(self) -> Tensor:
        scale: Tensor = self._model.logit_scale.exp()
        return scale

    def _score(self, reading: Reading, pixels: Tensor) -> Tensor:
        seen = functional.normalize(self._model.get_image_features(pixel_values=pixels).pooler_output.float(), dim=-1)
        return (seen * self._text(reading)).sum() * self._scale()

    def _bias(self, reading: Reading) -> dict[int, Tensor] | None:
        if reading.gain is None:
            return None
        gain = torch.as_tensor(reading.gain.log_gain, device=self._model.device)
        bias = key_bias(gain, torch.arange(1, 1 + gain.numel(), device=gain.device))
        return {layer % self.layers: bias for layer in reading.gain.layers}
