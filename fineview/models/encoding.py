"""One encoding as plain numbers: what a frame's single forward pass leaves for maps, questions and the pyramid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.placement import Placement
from fineview.models.regions import CELL


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """Everything on the canvas that later questions need: encode once, ask often.

    ``logits`` float16 (8, H/4, W/4), before calibration, on the whole canvas; ``line_rows`` float32 (3, cols), rows of
    the retinal boundaries on the source grid per source column, NaN where not sure; ``pyramid`` {4, 8, 16: float16
    (C, h, w)}; ``domain`` word -> probability; ``cls_row`` float32 (h, w), the CLS row of the last ViT layer times the
    number of patches, at stride 32; ``tokens`` is opaque to everybody but the predictor that made it.
    """

    where: Placement
    logits: NDArray[np.float16]
    line_rows: NDArray[np.float32]
    pyramid: Mapping[int, NDArray[np.float16]]
    domain: Mapping[str, float]
    cls_row: NDArray[np.float32]
    tokens: Any
    canvas: NDArray[np.uint8]
    device: str
    dtype: str
    sha256: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes held, for a cache with a budget."""
        arrays = (self.logits, self.line_rows, self.cls_row, self.canvas, *self.pyramid.values())
        return sum(array.nbytes for array in arrays) + self.tokens.numel() * self.tokens.element_size()

    @property
    def placed_logits(self) -> NDArray[np.float32]:
        """``logits`` of the picture alone, without the canvas around it, float32 (8, h, w)."""
        return self.logits[(slice(None), *self.where.cells(CELL))].astype(np.float32)

    @property
    def anatomy(self) -> str:
        """The likeliest domain word: fundus, oct or other."""
        return max(self.domain, key=lambda word: self.domain[word])
