"""Every map that is scored, by name, for one picture and one word: the methods, their parts, and the controls.

Each goes the way the app goes (the engine's row, the edge measure, redistribution), so that what is scored is what is
shown.  ``dar`` is what ships; ``dar-document`` is the document's own form; the others between them say which part of
the difference does what.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.evidence import DarSettings, Method
from fineview.imaging import dar
from fineview.imaging.control import random_map
from fineview.imaging.dar_adaptive import fit
from fineview.imaging.edges import Measure
from fineview.imaging.filters import resize_linear
from fineview.lab.baselines import centre_prior
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Map = npt.NDArray[np.float32]
FORMS: dict[str, DarSettings] = {
    "dar-document": DarSettings(gain=2.0, percentile=95.0, edges="laplacian"),
    "dar-denoised": DarSettings(gain=2.0, percentile=95.0, edges="denoised"),
    "dar-tophat": DarSettings(gain=2.0, percentile=95.0, edges="tophat"),
    "dar": DarSettings(),
    "dar-adaptive": DarSettings(adaptive=True),
}
SLOW = (Method.GRAD_ATT, Method.PURE_GRAD)
METHODS: tuple[str, ...] = ("raw", *FORMS, "dar-inline", "rel-att", "lesion-head", *(str(one) for one in SLOW))
CONTROLS: tuple[str, ...] = ("random", "centre prior", "edges")


class Maker:
    """Maps of one picture by one engine.  The picture is encoded once and measured once for each edge measure."""

    def __init__(self, engine: Engine, rgb: npt.NDArray[np.uint8], anatomy: str = "fundus") -> None:
        self._engine, self._rgb, self._anatomy = engine, rgb, anatomy
        self._encoding = engine.encode(rgb, Token())
        self._fields: dict[str, dar.EdgeField] = {}

    def maps(self, text: str, label: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, Map]]:
        """(name, float32 (H, W) in [0, 1]) of each wanted method for the words ``text`` that ask for ``label``."""
        base = self._engine.raw_map(self._encoding, text)
        for name in wanted:
            if name == "raw":
                yield name, base
            elif name in FORMS:
                settings, mask, _ = self._fit(base, FORMS[name], text)
                yield name, dar.redistribute(base, mask, settings.gain)
            elif name == "lesion-head":
                yield name, self._head(label)
            elif name in self._engine.methods:
                settings, mask, _ = self._fit(base, FORMS["dar"], text)
                yield name, self._engine.method_map(self._encoding, Method(name), text, settings.gain, mask, Token())

    def controls(self, text: str) -> Iterator[tuple[str, Map]]:
        """What a map must beat: noise on the same grid, the middle of the field, the edge measure alone."""
        rows, cols = self._rgb.shape[:2]
        stride = self._engine.strides_px(self._encoding)["raw"]
        yield "random", random_map(rows, cols, stride, f"{text} {int(self._rgb.astype(np.int64).sum())}")
        yield "centre prior", centre_prior(self._rgb)["haemorrhage"]
        field = self._field(dar.measure_for(self._anatomy, "auto", text))
        values = np.clip(field.values * field.seen / 255, 0, 1).astype(np.float32)
        yield "edges", np.clip(resize_linear(values, (rows, cols)), 0, 1)

    def _head(self, label: str) -> Map:
        return np.asarray(self._engine.lesion_maps(self._encoding, (label,))[label], np.float32)

    def _fit(self, base: Map, settings: DarSettings, text: str) -> tuple[DarSettings, dar.EdgeMask, Any]:
        return fit(base, self._field(dar.measure_for(self._anatomy, settings.edges, text)), settings)

    def _field(self, name: Measure) -> dar.EdgeField:
        if name not in self._fields:
            self._fields[name] = dar.edge_field(self._rgb, self._anatomy, name)
        return self._fields[name]
