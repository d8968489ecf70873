"""The three maps of ViCrop as formulas: "MLLMs Know Where to Look" (arXiv 2502.17422, ICLR 2025, section 4).

Inputs are what a reader gives (``fineview.models.language.reader``); outputs are float32 (h, w) on its patch grid, as
published, unbounded.  The running is in ``language.looking``, the box search in ``imaging.crop_search``.

* rel-att: attention of the last prompt token, divided by the same under :data:`GENERAL`
* grad-att: A * ReLU(dv/dA), mean over heads, v = log max softmax at the last token; no division
* pure-grad: length over channels of dv/dpixels, divided by the general prompt's, where the picture has more detail than
  its median, averaged over 14 x 14 pixels

Changed: 0 / 0 counts as 0, where the published code carries NaN into the box search.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.high_pass import block_mean, detail_mask

GENERAL = "Write a general description of the image."
Cells = NDArray[np.float32]


def relative_attention(asked: Cells, general: Cells) -> Cells:
    """rel-att of two maps (h, w)."""
    return _ratio(asked, general)


def pure_gradient(asked: NDArray[np.float32], general: NDArray[np.float32], drawn: NDArray[np.uint8], patch_px: int
                  ) -> Cells:
    """pure-grad of two pixel gradients (3, S, S); ``drawn`` (S, S, 3) is the same view of the picture, bilinear."""
    sizes = [np.linalg.norm(one, axis=0).astype(np.float32) for one in (asked, general)]
    return block_mean(_ratio(*sizes) * detail_mask(drawn).astype(np.float32), patch_px)


def _ratio(over: NDArray[np.float32], under: NDArray[np.float32]) -> NDArray[np.float32]:
    made = np.zeros_like(over, dtype=np.float32)
    np.divide(over, under, out=made, where=under > 0)
    return made
