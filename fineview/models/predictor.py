"""The one border between numpy and tensors: pictures in, arrays out, no sequence to keep.

``encode`` runs the network once; everything else answers from the :class:`Encoding` in milliseconds.  Tokens are
asked between stages, so a newer request does not wait for an older one.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fineview.core.evidence import Method, ModelIdentity, ModelsEye
from fineview.core.labels import LABELS, LAYERS, WORDS
from fineview.imaging import placement
from fineview.imaging.dar import EdgeMask, key_bias, redistribute
from fineview.models import device as devices
from fineview.models import methods, volume, weights
from fineview.models.backend_choice import backend, kept_forms
from fineview.models.calibration import Calibration
from fineview.models.encoding import Encoding
from fineview.models.eye import models_eye
from fineview.models.inputs import Prepared, inside, network_input, prepare
from fineview.models.int8 import restored
from fineview.models.language.words import known
from fineview.models.memory_ladder import MemoryLadder, at_once
from fineview.models.network import Network, TorchNetwork
from fineview.models.one_disc import one_disc
from fineview.models.pyramid import mfp
from fineview.models.read_off import read_off
from fineview.models.regions import mask_cells, pooled
from fineview.models.vision import tiling
from fineview.models.vision.build import RETINA_S, RetinaConfig, build_retina
from fineview.models.vision.read_config import build_for
from fineview.models.vision.retina import RetinaModel

DEFAULT_TEXT = "lesion"
OPEN_GATE = 0.01


class Token(Protocol):
    """What the border needs of a job's token."""

    def raise_if_cancelled(self) -> None: ...


class Predictor:
    """The embedded encoder on one device.

    ``normalisation`` says in words how the raw map is scaled: fixed by the weights, never by the image.
    """

    normalisation = "attention of the text to a patch divided by itself plus the learned sink; fixed per encoder"
    default_text: str | None = DEFAULT_TEXT
    methods = (Method.RAW, Method.DAR, Method.DAR_INLINE, Method.REL_ATT, Method.GRAD_ATT, Method.PURE_GRAD)

    def __init__(self, model: RetinaModel, manifest: weights.Manifest, device: devices.Device) -> None:
        self._model = model.eval().requires_grad_(False).to(device.name)
        self._device = device
        self._network: Network = TorchNetwork(self._model, device)
        self._turn, self._ladder = threading.Lock(), MemoryLadder(self._move_to_cpu)
        self.manifest = manifest
        self.name, self.version, self.sha256 = manifest.name, manifest.version, manifest.sha256
        self.trained = manifest.trained
        self.has_fusion = bool(model.encoder.gates)
        self.fusion_trained = manifest.trained and max(map(abs, model.encoder.gates), default=0.0) > OPEN_GATE
        if not hasattr(model.encoder, "vit"):
            self.methods = tuple(method for method in type(self).methods if method is not Method.GRAD_ATT)
        self.calibration, self._calibrated = Calibration.read(manifest.facts), manifest.calibration
        self.thresholds = self.calibration.thresholds

    @classmethod
    def load(cls, folder: Path, wanted: devices.Wanted = "auto") -> Predictor:
        """The encoder of a weights folder.  Raises ``WeightsProblem`` or ``DeviceProblem``."""
        tensors, manifest = weights.load(folder)
        made = cls(build_for(manifest.facts, restored(tensors)), manifest, devices.choose(wanted))
        if made.device == "cpu" and backend(made.sha256) == "openvino":
            made.use_openvino(kept_forms())
        return made

    @classmethod
    def untrained(cls, config: RetinaConfig = RETINA_S, seed: int = 0, wanted: devices.Wanted = "cpu") -> Predictor:
        """Random weights, and they say so: ``trained`` is False."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build_retina(config)
        manifest = weights.Manifest(config.encoder.name, "0", f"{seed:064x}", "none", 0)
        return cls(model, manifest, devices.choose(wanted))

    def use_openvino(self, kept: Path | None = None) -> None:
        """Encode by OpenVINO from now on, on the CPU; maps of a question stay with torch."""
        from fineview.models.openvino_backend import OpenVinoNetwork

        bf16 = self._device.dtype == torch.bfloat16
        self._network = OpenVinoNetwork(self._model, self.sha256, bf16, TorchNetwork(self._model, self._device), kept)

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, self.version, self.sha256, self.trained, self.fusion_trained,
                             has_fusion=self.has_fusion, calibration=self._calibrated)

    @property
    def device(self) -> str:
        return self._device.name

    @property
    def dtype(self) -> str:
        return self._device.dtype_word

    @property
    def backend(self) -> str:
        """Who computes: "torch" or "openvino"."""
        return self._network.backend

    def encode(self, rgb: NDArray[np.uint8], token: Token | None = None) -> Encoding:
        """Encode one picture (H, W, 3) uint8.

        Where a GPU has too little memory less goes at once, then the CPU takes over, and ``notes`` says so.
        """
        _check_picture(rgb)
        # One at a time: a change of device belongs to the whole model, not to a call.
        with self._turn:
            made, notes = self._ladder.run(lambda: self._encode(rgb, token))
        return replace(made, notes=(*notes, *self._trouble()))

    def encode_many(self, pictures: Iterable[NDArray[np.uint8]], token: Token | None = None) -> Iterator[Encoding]:
        """Encode the frames of a volume, in order, a few at a time; ``pictures`` is read as they are needed.

        On a CPU each core takes a frame, on a GPU frames of one grid make a batch.  ``token`` is asked between frames.
        Memory does not grow with their number.
        """
        if self.device == "cpu":
            yield from volume.in_order(lambda rgb: self._encode(_check_picture(rgb), token), pictures,
                                       volume.cpu_lanes())
            return
        ready = volume.in_order(lambda rgb: prepare(_check_picture(rgb)), pictures, 2)
        for batch in volume.batches(ready, lambda one: one.where.grid, volume.gpu_batch()):
            with self._turn:
                made, notes = self._ladder.run(lambda batch=batch: self._pass(batch, token))  # type: ignore[misc]
            yield from (replace(one, notes=notes) for one in made)

    def _encode(self, rgb: NDArray[np.uint8], token: Token | None) -> Encoding:
        began = time.perf_counter()
        ready = prepare(rgb)
        _check(token)
        (made,) = self._pass([ready], token)
        return replace(made, seconds={"encode": time.perf_counter() - began, "pyramid": 0.0})

    def _pass(self, ready: Sequence[Prepared], token: Token | None) -> list[Encoding]:
        """Frames of one grid, as many at once as the device holds."""
        size = at_once(len(ready)) if self.device != "cpu" else 1
        made: list[Encoding] = []
        for first in range(0, len(ready), size):
            part, began = ready[first: first + size], time.perf_counter()
            passed = self._network(torch.cat([one.fine for one in part]), torch.cat([one.extra for one in part]),
                                   part[0].where.grid, torch.cat([one.inside for one in part]))
            _check(token)
            each = {"encode": (time.perf_counter() - began) / len(part), "pyramid": 0.0}
            made += [replace(read_off(one, passed.of(number), self.device, self.dtype, self.sha256), seconds=each)
                     for number, one in enumerate(part)]
        return made

    def _trouble(self) -> tuple[str, ...]:
        told = getattr(self._network, "trouble", None)
        return () if told is None else (told,)

    def _move_to_cpu(self) -> None:
        self._device = devices.choose("cpu")
        self._model = self._model.to("cpu")
        self._network = TorchNetwork(self._model, self._device)

    def lesion_maps(self, encoding: Encoding, words: tuple[str, ...] | None = None) -> dict[str, NDArray[np.float16]]:
        """Calibrated probability per source pixel, float16 (H, W): ``words``, else all labels of the frame's domain."""
        wanted = words if words is not None else tuple(
            label.word for label in LABELS if label.domain == encoding.anatomy)
        return {word: placement.back(self._probability(encoding, word), encoding.where, 4).astype(np.float16)
                for word in wanted}

    def _probability(self, encoding: Encoding, word: str) -> NDArray[np.float32]:
        found = self.calibration.curves[word].probability(encoding.logits[WORDS.index(word)])
        return one_disc(found) if word == "optic_disc" else found

    @torch.inference_mode()
    def raw_map(self, encoding: Encoding, text: str | None = None) -> NDArray[np.float32]:
        """That text's attention row as evidence in [0, 1], float32 (H, W) on the source grid."""
        return _on_source(methods.shares(self._model, text or DEFAULT_TEXT, self._tokens(encoding)), encoding)

    def knows(self, word: str) -> bool:
        """Whether the word is in the part of the vocabulary that names things to see."""
        return known(word)

    def method_map(self, encoding: Encoding, method: Method, text: str | None, gain: float, mask: EdgeMask,
                   token: Token | None = None) -> NDArray[np.float32]:
        """Any method's map, float32 (H, W) in [0, 1] on the source grid; ``gain`` and ``mask`` are for DAR.

        grad-att and pure-grad run the network again, tile by tile, and ask ``token`` between tiles.
        """
        asked, model, tokens = text or DEFAULT_TEXT, self._model, self._tokens(encoding)
        if method in (Method.GRAD_ATT, Method.PURE_GRAD):
            fine, extra = self._network_input(encoding.canvas)
            tiles = [tiling.cut(part, encoding.where.grid) for part in (fine, extra)]
            run = methods.attention_gradient if method is Method.GRAD_ATT else methods.pixel_gradient
            return _on_source(run(model, asked, *tiles, lambda: _check(token)), encoding)
        if method is Method.DAR:
            return redistribute(self.raw_map(encoding, text), mask, gain)
        with torch.inference_mode():
            if method is Method.REL_ATT:
                return _on_source(methods.relative(model, asked, tokens), encoding)
            bias = None
            if method is Method.DAR_INLINE:
                bent = torch.from_numpy(key_bias(mask, encoding.where.cell_edges(32), gain))
                bias = tiling.cut(bent[None, None].to(tokens.device), encoding.where.grid).flatten(1)
            return _on_source(methods.shares(model, asked, tokens, bias), encoding)

    def layer(self, method: Method) -> str:
        """Where a method reads, in words for the legend."""
        return {Method.GRAD_ATT: "last ViT layer", Method.PURE_GRAD: "pixels"}.get(method, "text row")

    def eye(self, encoding: Encoding) -> ModelsEye:
        """The canvas of the fine branch, the tiles the ViT was shown, and its global view."""
        return models_eye(self._model.encoder, encoding.canvas, encoding.where, whole=True)

    def _tokens(self, encoding: Encoding) -> torch.Tensor:
        """The encoding's tokens where the model is now: encodings lie in memory, the model may have moved."""
        tokens: torch.Tensor = encoding.tokens
        return tokens.to(self.device)

    def _network_input(self, canvas: NDArray[np.uint8]) -> tuple[torch.Tensor, torch.Tensor]:
        fine, extra = network_input(canvas)
        return fine.to(self.device), extra.to(self.device)

    def cls_map(self, encoding: Encoding) -> NDArray[np.float32]:
        """The CLS row of the last layer: a patch with eight times its fair share of attention is 1."""
        return np.clip(placement.back(encoding.cls_row, encoding.where, 32) / 8.0, 0.0, 1.0)

    def pyramid(self, encoding: Encoding) -> Mapping[int, NDArray[np.float16]]:
        """{4, 8, 16: float16 (C <= 16, h, w)}, cell (0, 0) at the source's corner."""
        return encoding.pyramid

    def strides_px(self, encoding: Encoding) -> dict[str, tuple[float, float]]:
        """Source pixels (y, x) per cell, by map name."""
        return {"raw": encoding.where.stride_px(32), "lesion": encoding.where.stride_px(4),
                **{f"mfp_{scale}": encoding.where.stride_px(scale) for scale in mfp.SCALES}}

    def layers(self, encoding: Encoding) -> dict[str, NDArray[np.float32]]:
        """Row in source pixels per source column, NaN where not sure; empty outside OCT."""
        if encoding.anatomy != "oct":
            return {}
        return {name: encoding.line_rows[number] for number, name in enumerate(LAYERS)}

    def domain(self, encoding: Encoding) -> Mapping[str, float]:
        """Probabilities of fundus, oct, other."""
        return encoding.domain

    @torch.inference_mode()
    def domain_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the domain head reads of one picture: pooled tokens and last stage, float32 (D,).  For fitting it."""
        where = placement.place(*rgb.shape[:2])
        fine, extra = self._network_input(placement.draw(rgb, where))
        with self._device.autocast():
            seen = self._model.encoder(fine, extra, where.grid)
        pooled_cells = self._model.domain.pool(seen.tokens, seen.last_stage, inside(where).to(self.device))
        return pooled_cells[0].float().cpu().numpy()

    def chance(self, label: str, peak: float) -> float:
        """How often a suggestion is right whose strongest pixel has the calibrated probability ``peak``."""
        return self.calibration.chance(label, peak)

    def region_evidence(self, encoding: Encoding, mask: NDArray[np.bool_]) -> dict[str, float]:
        """Per label, the calibrated probability that a source mask (H, W) holds it, from the encoder's cells there."""
        cells = mask_cells(mask, encoding.where)
        if not cells.any():
            return dict.fromkeys(WORDS, 0.0)
        size = math.log(int(cells.sum()))
        found = {}
        for number, word in enumerate(WORDS):
            slope, offset, by_size = self.calibration.regions[word]
            strongest = pooled(self.calibration.curves[word].logit(encoding.logits[number][cells]))
            found[word] = _chance(slope * strongest + offset + by_size * size)
        return found


def _on_source(share: torch.Tensor, encoding: Encoding) -> NDArray[np.float32]:
    """Patch values (tiles, N) of an encoding on the source grid."""
    cells = tiling.stitch(share.unsqueeze(-1), encoding.where.grid)[0, 0].float().cpu().numpy()
    return placement.back(cells, encoding.where, 32)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))


def _check(token: Token | None) -> None:
    if token is not None:
        token.raise_if_cancelled()


def _check_picture(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError("a picture of shape (H, W, 3) and type uint8 is needed")
    return rgb
