"""The engine of encoders without lesion heads: CLIP, ViT, ConvNeXt, ResNet, EfficientNet, and FILA's full size.

It fits the same port as the embedded encoder's ``Predictor`` and is honest about the rest: no domain (a third each),
no lesion maps, no layers, no evidence, so that analyses show maps and questions about lesions are answered "cannot
tell".  What it shows: the last layer's CLS row (ViTs), activation energy of the last stage (CNNs), and, for a CLIP with
its text tower, how like a text each patch is; scaled by :mod:`against_blank`.  Inline DAR adds the log-gain to the
logits of masked keys in the chosen layers while the network runs again.

The canvases are FILA's five, so at most four tiles go through the network at once.  The pad has the picture's mean
colour: a black border would be the strongest edge of most pictures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fineview.core.errors import RequestProblem
from fineview.core.evidence import Method, ModelIdentity, ModelsEye
from fineview.core.labels import DOMAINS, WORDS
from fineview.imaging import placement
from fineview.imaging.dar import EdgeMask, key_bias, redistribute
from fineview.models import against_blank, general_maps
from fineview.models import device as devices
from fineview.models.attention.rows import capture
from fineview.models.clip_text import ClipText
from fineview.models.eye import models_eye
from fineview.models.full_size import Loaded, open_gate
from fineview.models.inputs import extra_channels
from fineview.models.memory_ladder import MemoryLadder, sharing
from fineview.models.pyramid import mfp, own_levels
from fineview.models.vision import tiling
from fineview.models.vision.features import Features

BLANKS_KEPT = 8


class Token(Protocol):
    def raise_if_cancelled(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Tiles as the encoder sees them: ``tokens`` (tiles, N, D) fp32, ``shares`` (tiles, N) of the CLS row in units of
    1/N or None for a CNN.  On the CPU."""

    tokens: Tensor
    shares: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class GeneralEncoding:
    """What one frame leaves; opaque to all but the engine that made it.  ``blank``: one tile of ``colour``."""

    where: placement.Placement
    canvas: NDArray[np.uint8]
    colour: tuple[int, int, int]
    sight: Sight
    blank: Sight
    pyramid: Mapping[int, NDArray[np.float16]]
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        held = self.sight.tokens.numel() * 4 + self.canvas.nbytes
        return held + sum(level.nbytes for level in self.pyramid.values())


class GeneralEngine:
    """One encoder on one device."""

    thresholds: Mapping[str, float] = {}
    default_text: str | None = None

    def __init__(self, loaded: Loaded, name: str, kind: str, sha256: str, device: devices.Device,
                 inline_layers: tuple[int, ...] = (-1,)) -> None:
        self._encoder: Any = loaded.encoder.to(device.name)  # type: ignore[attr-defined]
        self._text: ClipText | None = loaded.text.to(device.name) if loaded.text is not None else None
        self._vit = getattr(self._encoder, "vit", None)
        self._device, self._inline_layers, self.kind = device, inline_layers, kind
        self.identity = ModelIdentity(name, kind, sha256, fusion_trained=open_gate(loaded.encoder),
                                      heads_trained=False, has_fusion=bool(loaded.encoder.gates))
        self._turn, self._ladder = threading.Lock(), MemoryLadder(self._move_to_cpu)
        self._blanks: dict[tuple[int, int, int], Sight] = {}

    def chance(self, label: str, peak: float) -> float:
        """It suggests nothing, so nothing was measured."""
        return peak

    @property
    def device(self) -> str:
        return self._device.name

    @property
    def dtype(self) -> str:
        return self._device.dtype_word

    @property
    def normalisation(self) -> str:
        if self._vit is None:
            return "distance of the activation from a blank tile's, against the usual length; fixed per encoder"
        return "attention in fair shares against a blank tile's, eightfold is 1; fixed per encoder"

    @property
    def methods(self) -> tuple[Method, ...]:
        inline = (Method.DAR_INLINE,) if self._vit is not None else ()
        text = (Method.REL_ATT, Method.GRAD_ATT) if self._text is not None else ()
        return (Method.RAW, Method.DAR, *inline, *text)

    def layer(self, method: Method) -> str:
        """Where a method reads; whether its fusion is trained stands beside the name of the weights."""
        if self._vit is None:
            where = "activation energy of the last stage"
        else:
            where = f"CLS row of layer {len(self._layers())}"
            if self._text is not None:
                where = {Method.REL_ATT: "patch likeness to the text", Method.GRAD_ATT: f"{where}, by gradient"}.get(
                    method, f"{where}; with a question, patch likeness to the text")
        return where

    def knows(self, word: str) -> bool:
        """A text tower takes any word; without one no word has a map of its own."""
        return self._text is not None and bool(word.strip())

    # -- encoding ----------------------------------------------------------------------------------------------
    def encode(self, rgb: NDArray[np.uint8], token: Token | None = None) -> GeneralEncoding:
        """Encode one picture (H, W, 3) uint8.  With too little GPU memory less goes at once, then the CPU; it is
        said in ``notes``."""
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
            raise ValueError("a picture of shape (H, W, 3) and type uint8 is needed")
        with self._turn:  # a change of device belongs to the whole model, not to a call
            made, notes = self._ladder.run(lambda: self._encode(rgb, token))
            return replace(made, notes=(*made.notes, *notes))

    def _move_to_cpu(self) -> None:
        self._device = devices.choose("cpu")
        self._encoder = self._encoder.to("cpu")
        self._text = self._text.to("cpu") if self._text is not None else None

    @torch.inference_mode()
    def _encode(self, rgb: NDArray[np.uint8], token: Token | None) -> GeneralEncoding:
        began = time.perf_counter()
        where = placement.place(*rgb.shape[:2], placement.FILA_CANVASES)
        colour = against_blank.colour_of(rgb)
        canvas = np.empty((*where.fine_canvas_hw, 3), np.uint8)
        canvas[:] = colour
        (top, left), (height, width) = where.fine_corner, where.fine_hw
        picture = (slice(top, top + height), slice(left, left + width))
        canvas[picture] = placement.draw(rgb, where)[picture]
        _check(token)
        features, sight = self._look(canvas, where.grid)
        _check(token)
        blank = self._blank(colour)
        encoded = time.perf_counter()
        pyramid = self._levels(features, canvas, where)
        return GeneralEncoding(where, canvas, colour, sight, blank, pyramid,
                               {"encode": encoded - began, "pyramid": time.perf_counter() - encoded})

    def _look(self, canvas: NDArray[np.uint8], grid: tiling.Grid, bias: Mapping[int, Tensor] | None = None
              ) -> tuple[Features, Sight]:
        """The network on a canvas, its CLS row read beside it; ``bias``: layer -> (tiles, N + 1)."""
        fine, extra = self._pixels(canvas)
        with self._device.autocast():
            if self._vit is None:
                seen, shares = self._encoder(fine, extra, grid, whole=False), None
            else:
                with capture(self._vit, [-1], [0], bias=bias) as rows:
                    seen = self._encoder(fine, extra, grid, whole=False)
                shares = general_maps.fair_shares(next(iter(rows.values()))).cpu()
        return seen, Sight(_per_tile(seen, grid).float().cpu(), shares)

    def _blank(self, colour: tuple[int, int, int]) -> Sight:
        """One tile of one colour as the encoder sees it; the last few are kept."""
        if colour not in self._blanks:
            while len(self._blanks) >= BLANKS_KEPT:
                self._blanks.pop(next(iter(self._blanks)))
            tile = np.empty((tiling.FINE_PATCH * against_blank.SIDE,) * 2 + (3,), np.uint8)
            tile[:] = colour
            self._blanks[colour] = self._look(tile, (1, 1))[1]
        return self._blanks[colour]

    def _pixels(self, canvas: NDArray[np.uint8]) -> tuple[Tensor, Tensor | None]:
        fine = torch.from_numpy(canvas).permute(2, 0, 1)[None].float().div(255).to(self.device)
        if not self._encoder.extra_channels:
            return fine, None
        return fine, torch.from_numpy(extra_channels(canvas)).float()[None].to(self.device)

    def _levels(self, seen: Features, canvas: NDArray[np.uint8], where: placement.Placement
                ) -> dict[int, NDArray[np.float16]]:
        if seen.stages:
            return own_levels.from_stages(seen, where)
        kernel, pixels = self._encoder.first_layer(self._pixels(canvas)[0])
        return own_levels.from_patches(pixels, kernel, seen.tokens, where)

    def _layers(self) -> Any:
        return self._vit.encoder.layers if hasattr(self._vit, "encoder") else self._vit.layers

    # -- maps --------------------------------------------------------------------------------------------------
    @torch.inference_mode()
    def raw_map(self, encoding: GeneralEncoding, text: str | None = None) -> NDArray[np.float32]:
        """The plain map, float32 (H, W) in [0, 1] on the source grid.

        Raises ``RequestProblem`` ``no-text`` for a text that this encoder cannot read: one map under every question
        would pretend to answer.
        """
        return _on_source(self._values(encoding, encoding.sight, text), encoding)

    def _values(self, encoding: GeneralEncoding, sight: Sight, text: str | None) -> Tensor:
        if text is not None:
            return general_maps.likeness(self._speaker(), self._vit, text, None, sight.tokens, encoding.blank.tokens)
        if sight.shares is None or encoding.blank.shares is None:
            blank = against_blank.beside_borders(encoding.blank.tokens[0], encoding.where.grid)
            return against_blank.energy(sight.tokens, blank)
        return against_blank.attention(sight.shares, encoding.blank.shares)

    def method_map(self, encoding: GeneralEncoding, method: Method, text: str | None, gain: float, mask: EdgeMask,
                   token: Token | None = None) -> NDArray[np.float32]:
        """Any of :attr:`methods`.  Raises ``RequestProblem`` ``no-method``, ``no-text`` or ``no-question``."""
        if method not in self.methods:
            raise RequestProblem(f"{self.identity.name} has no {method} map.",
                                 f"Choose one of: {', '.join(self.methods)}.", "no-method")
        if method is Method.RAW:
            return self.raw_map(encoding, text)
        if method is Method.DAR:
            return redistribute(self.raw_map(encoding, text), mask, gain)
        if method is Method.DAR_INLINE:
            with self._turn:
                return self._ladder.run(lambda: self._bent(encoding, text, gain, mask, token))[0]
        if text is None:
            raise RequestProblem(f"{method} compares a question with a general prompt.", "Ask a question with it.",
                                 "no-question")
        if method is Method.REL_ATT:
            with torch.inference_mode():
                values = general_maps.likeness(self._speaker(), self._vit, text, general_maps.GENERAL,
                                               encoding.sight.tokens, encoding.blank.tokens)
        else:
            with self._turn:
                values = self._by_gradient(encoding, text, token)
        return _on_source(values, encoding)

    @torch.inference_mode()
    def _bent(self, encoding: GeneralEncoding, text: str | None, gain: float, mask: EdgeMask,
              token: Token | None) -> NDArray[np.float32]:
        grid = encoding.where.grid
        keys = torch.from_numpy(key_bias(mask, encoding.where.cell_edges(32), gain))[None, None]
        bias = functional.pad(tiling.cut(keys, grid).flatten(1), (1, 0)).to(self.device)  # CLS is left alone
        _check(token)
        with sharing(1.0):  # the bias is one of all tiles
            _, sight = self._look(encoding.canvas, grid, dict.fromkeys(self._inline_layers, bias))
        _check(token)
        return _on_source(self._values(encoding, sight, text), encoding)

    def _by_gradient(self, encoding: GeneralEncoding, text: str, token: Token | None) -> Tensor:
        side = tiling.FINE_PATCH * against_blank.SIDE
        tile = np.empty((side, side, 3), np.uint8)
        tile[:] = encoding.colour
        tiles = tiling.cut(torch.from_numpy(encoding.canvas).permute(2, 0, 1)[None], encoding.where.grid)
        found = []
        for pixels in (tile, *(one.permute(1, 2, 0).numpy() for one in tiles)):
            _check(token)
            found.append(general_maps.gradient_shares(self._speaker(), self._encoder, self._pixels(pixels)[0], text))
        return against_blank.attention(torch.cat(found[1:]).cpu(), found[0][0].cpu())

    def _speaker(self) -> ClipText:
        if self._text is None:
            raise RequestProblem(f"{self.identity.name} has no text tower, so it cannot read a question.",
                                 "Leave the question out, or choose an encoder that reads text, such as retina-s.",
                                 "no-text")
        return self._text

    # -- what it does not know, and what every engine tells ----------------------------------------------------
    def domain(self, encoding: GeneralEncoding) -> Mapping[str, float]:
        """A third each: nobody taught it what an eye is."""
        return dict.fromkeys(DOMAINS, 1 / len(DOMAINS))

    def lesion_maps(self, encoding: GeneralEncoding, words: tuple[str, ...] | None = None
                    ) -> dict[str, NDArray[np.float16]]:
        return {}

    def layers(self, encoding: GeneralEncoding) -> dict[str, NDArray[np.float32]]:
        return {}

    def region_evidence(self, encoding: GeneralEncoding, mask: NDArray[np.bool_]) -> dict[str, float]:
        return dict.fromkeys(WORDS, 0.0)

    def pyramid(self, encoding: GeneralEncoding) -> Mapping[int, NDArray[np.float16]]:
        """{4, 8, 16: float16 (C <= 16, h, w)}, see :mod:`pyramid.own_levels`."""
        return encoding.pyramid

    def strides_px(self, encoding: GeneralEncoding) -> dict[str, tuple[float, float]]:
        return {"raw": encoding.where.stride_px(32),
                **{f"mfp_{scale}": encoding.where.stride_px(scale) for scale in mfp.SCALES}}

    def eye(self, encoding: GeneralEncoding) -> ModelsEye:
        """The canvas and its tiles; no global view is shown to these encoders."""
        return models_eye(self._encoder, encoding.canvas, encoding.where, whole=False)


def _per_tile(seen: Features, grid: tiling.Grid) -> Tensor:
    return tiling.cut(seen.tokens, grid).flatten(2).transpose(1, 2)


def _on_source(values: Tensor, encoding: GeneralEncoding) -> NDArray[np.float32]:
    """Patch values (tiles, N) on the source grid."""
    cells = tiling.stitch(values.unsqueeze(-1), encoding.where.grid)[0, 0].float().cpu().numpy()
    return placement.back(cells, encoding.where, 32)


def _check(token: Token | None) -> None:
    if token is not None:
        token.raise_if_cancelled()
