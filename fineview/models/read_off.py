"""What a pass leaves, as the plain numbers of an :class:`Encoding`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from fineview.core.labels import DOMAINS
from fineview.imaging.placement import Placement
from fineview.models.encoding import Encoding
from fineview.models.inputs import Prepared
from fineview.models.network import Passed
from fineview.models.pyramid import mfp
from fineview.models.vision import lines, tiling


def read_off(ready: Prepared, passed: Passed, device: str, dtype: str, sha256: str) -> Encoding:
    """The encoding of one prepared picture from its pass (a batch of one)."""
    where = ready.where
    return Encoding(
        where=where, logits=passed.logits[0].to(torch.float16).numpy(),
        line_rows=_line_rows(passed, where), pyramid=mfp.cut(passed.levels, where),
        domain=_domain(passed), cls_row=_cls_row(passed.rows, where), tokens=passed.tokens[0], canvas=ready.canvas,
        device=device, dtype=dtype, sha256=sha256)


def _line_rows(passed: Passed, where: Placement) -> NDArray[np.float32]:
    """Paths through the row logits take a while: only a B-scan's are sought, others have none."""
    found, domain = passed.lines[0].numpy(), _domain(passed)
    if max(domain, key=lambda word: domain[word]) != "oct":
        return np.full((len(found), where.source_hw[1]), np.nan, np.float32)
    return lines.source_rows(found, where)


def _domain(passed: Passed) -> dict[str, float]:
    return dict(zip(DOMAINS, passed.domain[0].softmax(-1).tolist(), strict=True))


def _cls_row(rows: torch.Tensor | None, where: Placement) -> NDArray[np.float32]:
    if rows is None:  # an encoder without a ViT has no such row: flat
        return np.zeros([size // 32 for size in where.fine_canvas_hw], np.float32)
    patches = rows[0, :, :, 1:].mean(1).unsqueeze(-1) * (rows.shape[-1] - 1)
    return tiling.stitch(patches, where.grid)[0, 0].numpy()
