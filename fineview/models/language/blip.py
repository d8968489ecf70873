"""BLIP-2 (arXiv 2301.12597) and InstructBLIP (arXiv 2305.06500) through the attention interface.

The language model sees 32 query tokens, not patches, so a map has two steps, as in ViCrop (arXiv 2502.17422): the last
token's row to the query tokens at language layer 15, times the query tokens' rows to the patches at the Q-Former's
third cross-attention (its "2": cross-attention stands in every second layer), each a mean over heads, without CLS.
Pictures are stretched to a square; 224 px give 16 x 16 patches.

Changed: the published code takes the first 256 columns of the language row, which cannot be multiplied with 32 query
rows; here the columns of the query tokens.  Inline gain bends the Q-Former's cross-attention, the only place where
patches are keys; ``InlineGain.layers`` counts cross-attentions there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fineview.core.errors import WeightsProblem
from fineview.models.attention.rows import capture
from fineview.models.language.decoder import Decoder, Prepared, under_rows
from fineview.models.language.reader import Reading, Row, Saying
from fineview.models.language.sight import Sight
from fineview.models.language.tokens import Tokens

PUBLISHED_LAYER, PUBLISHED_CROSS = 15, 2


class BlipReader:
    """Fits ``reader.Reader``.  ``model``: ``Blip2-`` or ``InstructBlipForConditionalGeneration`` with a decoder-only
    language model; ``qformer_tokens`` for InstructBLIP, whose Q-Former reads the question too."""

    def __init__(self, model: Any, tokens: Tokens, sight: Sight, qformer_tokens: Tokens | None = None) -> None:
        config = model.config
        self.family = "InstructBLIP" if config.model_type == "instructblip" else "BLIP-2"
        if not config.use_decoder_only_language_model:
            raise WeightsProblem(f"This {self.family} has an encoder-decoder language model, whose rows are not read.",
                                 "Use a variant with Vicuna or OPT.", "reader-family")
        if (self.family == "InstructBLIP") != (qformer_tokens is not None):
            raise WeightsProblem(f"The Q-Former tokenizer does not fit {self.family}.",
                                 "Put the qformer_tokenizer folder of the model in place.", "weights-missing")
        self._model, self._tokens, self._qformer_tokens, self.sight = under_rows(model), tokens, qformer_tokens, sight
        self._decoder = Decoder(model.language_model, model.language_model, tokens)
        self._cross = [layer.crossattention.attention for layer in model.qformer.encoder.layer
                       if layer.has_cross_attention]
        self._cross_layer = min(PUBLISHED_CROSS, len(self._cross) - 1)
        vision = config.vision_config
        side = vision.image_size // vision.patch_size
        self.grid, self.base_px, self.layers = (side, side), vision.image_size, config.text_config.num_hidden_layers
        self.layer = min(PUBLISHED_LAYER, self.layers - 1)
        self.inline_layers = (self._cross_layer,)

    def prompt(self, question: str, pictures: int = 1) -> str:
        """``pictures`` changes nothing: the query tokens of all stand before the words."""
        return f"Question: {self._tokens.cleaned(question)} Short answer:"

    @torch.inference_mode()
    def row(self, reading: Reading) -> Row:
        return self._decoder.row(self._prepared(reading, self._pixels(reading)), self._layer(reading))

    @torch.enable_grad()
    def gradient_row(self, reading: Reading) -> Row:
        return self._decoder.gradient_row(self._prepared(reading, self._pixels(reading), True), self._layer(reading))

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

    def _prepared(self, reading: Reading, pixels: Tensor, graph: bool = False) -> Prepared:
        """Query tokens of all pictures first, then the words, as the processors of both families do it."""
        count = self._model.config.num_query_tokens
        with capture(self._cross, [self._cross_layer], range(count), graph, self._bias(reading, pixels)) as rows:
            queries = self._features(reading, pixels)
        words = torch.tensor([self._tokens.ids(reading.prompt)], device=pixels.device)
        embeds = self._model.get_input_embeddings()(words)
        embeds = torch.cat([queries.to(embeds.dtype).flatten(0, 1)[None], embeds], 1)
        return Prepared(embeds, torch.arange(count, device=pixels.device), self.grid, rows[self._cross_layer])

    def _features(self, reading: Reading, pixels: Tensor) -> Tensor:
        more: dict[str, Tensor] = {}
        if self._qformer_tokens is not None:
            most = self._model.config.qformer_config.max_position_embeddings
            ids: Sequence[int] = self._qformer_tokens.ids(reading.prompt)[:most]  # the words themselves are read whole
            more = {"qformer_input_ids": torch.tensor([ids], device=pixels.device).expand(len(pixels), -1)}
        found = self._model.get_image_features(pixel_values=pixels, **more)
        features: Tensor = found.pooler_output
        return features

    def _bias(self, reading: Reading, pixels: Tensor) -> dict[int, Tensor] | None:
        """The gain behind the CLS key, for the first picture alone."""
        if reading.gain is None:
            return None
        gain = torch.as_tensor(reading.gain.log_gain, device=pixels.device).flatten()
        bias = gain.new_zeros(len(pixels), 1 + gain.numel())
        bias[0, 1:] = gain
        return dict.fromkeys(reading.gain.layers, bias)
