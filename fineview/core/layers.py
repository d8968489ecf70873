"""Retinal layer boundaries on one B-scan, and who drew them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LayerSource = Literal["file", "model", "person"]


@dataclass(frozen=True, slots=True, eq=False)
class LayerLine:
    """One boundary of one B-scan, read only.

    ``name``: "ILM", "RPE", "BM", ... (Staurenghi et al. 2014, the nomenclature of OCT).
    ``row_px``: float32 (cols,), source rows with the corner of the top pixel at 0; NaN where nothing is known.
    ``by``: the instrument and its software, the model with its weights' hash, or the person.
    """

    name: str
    row_px: NDArray[np.float32]
    source: LayerSource
    by: str = ""

    def __post_init__(self) -> None:
        self.row_px.flags.writeable = False
