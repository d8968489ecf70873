"""LLaVA-1.5 (arXiv 2310.03744) through the attention interface: CLIP patches are the language model's own keys.

transformers ``LlavaForConditionalGeneration``: CLIP-L/14 at 336 px, 24 x 24 = 576 patch tokens at the second-last
layer, an MLP projector, a LLaMA decoder.  The prompt and layer 14 are those of ViCrop (arXiv 2502.17422).  Two pictures
stand one after the other, as in its [full, crop]; the row is that of the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fineview.core.errors import WeightsProblem
from fineview.models.language.decoder import Decoder, Prepared, key_bias, under_rows
from fineview.models.language.reader import Reading, Row, Saying
from fineview.models.language.sight import Sight
from fineview.models.language.tokens import Tokens

PICTURE = "<image>"
PUBLISHED_LAYER = 14


class LlavaReader:
    """Fits ``reader.Reader``.  ``model``: a ``LlavaForConditionalGeneration`` whose vision tower is a CLIP ViT."""

    family = "LLaVA"

    def __init__(self, model: Any, tokens: Tokens, sight: Sight) -> None:
        config = model.config
        vision = config.vision_config
        if config.vision_feature_select_strategy != "default" or vision.model_type != "clip_vision_model":
            raise WeightsProblem("Only LLaVA models over CLIP patches can be read.",
                                 "Use a model of the LLaVA-1.5 family.", "reader-family")
        self._model, self._tokens, self.sight = under_rows(model), tokens, sight
        self._decoder = Decoder(model, model.model.language_model, tokens)
        side = vision.image_size // vision.patch_size
        self.grid, self.base_px, self.layers = (side, side), vision.image_size, config.text_config.num_hidden_layers
        self.layer = min(PUBLISHED_LAYER, self.layers - 1)
        self.inline_layers = (self.layer,)

    def prompt(self, question: str, pictures: int = 1) -> str:
        asked = self._tokens.cleaned(question)
        return f"{PICTURE * pictures}\nUSER: {asked} Answer the question using a single word or phrase.\nASSISTANT:"

    @torch.inference_mode()
    def row(self, reading: Reading) -> Row:
        return self._decoder.row(self._prepared(reading, self._pixels(reading)), self._layer(reading))

    @torch.enable_grad()
    def gradient_row(self, reading: Reading) -> Row:
        return self._decoder.gradient_row(self._prepared(reading, self._pixels(reading)), self._layer(reading))

    @torch.enable_grad()
    def pixel_gradient(self, reading: Reading) -> NDArray[np.float32]:
        pixels = self._pixels(reading).requires_grad_()
        score = self._decoder.score(self._prepared(reading, pixels))
        slope: NDArray[np.float32] = torch.autograd.grad(score, pixels)[0][0].float().cpu().numpy()
        return slope

    @torch.inference_mode()
    def say(self, reading: Reading, saying: Saying) -> str:
        return self._decoder.say(self._prepared(reading, self._pixels(reading)), self._layer(reading), saying)

    def _layer(self, reading: Reading) -> int:
        return self.layer if reading.layer is None else reading.layer % self.layers

    def _pixels(self, reading: Reading) -> Tensor:
        pixels = torch.cat([self.sight.pixels(self.sight.draw(one)) for one in reading.pictures])
        return pixels.to(self._model.device, self._model.dtype)

    def _prepared(self, reading: Reading, pixels: Tensor) -> Prepared:
        """Embeddings of the prompt with each picture's place filled by its projected patches."""
        place, count = self._model.config.image_token_id, self.grid[0] * self.grid[1]
        ids: list[int] = []
        for one in self._tokens.ids(reading.prompt):
            ids += [one] * (count if one == place else 1)
        words = torch.tensor([ids], device=pixels.device)
        there = words == place
        if int(there.sum()) != count * len(reading.pictures):
            raise ValueError("the prompt has another number of places than there are pictures")
        patches = torch.cat(list(self._model.get_image_features(pixel_values=pixels).pooler_output))
        embeds = self._model.get_input_embeddings()(words)
        embeds = embeds.masked_scatter(there[..., None], patches.to(embeds.dtype))
        columns = there[0].nonzero()[:count, 0]
        return Prepared(embeds, columns, self.grid, bias=self._bias(reading, columns))

    def _bias(self, reading: Reading, columns: Tensor) -> dict[int, Tensor] | None:
        if reading.gain is None:
            return None
        gain = torch.as_tensor(reading.gain.log_gain, device=columns.device)
        return {layer % self.layers: key_bias(gain, columns) for layer in reading.gain.layers}
