"""Training on pictures with captions, as CLIP's (arXiv 2103.00020), with dense heads along the way.

The picture's vector is pooled from what the text row's key makes of its tokens, the caption's is the mean of what the
row's query makes of its statements, each read by the text encoder that later reads questions.  So no weights are
trained that are thrown away afterwards, and text rows start aligned: a patch's key already lies where words for it
do.

Changed from CLIP: the scale is CLIP's first one, 1 / 0.07, and stays, so that a checkpoint is the embedded model and
nothing more; and several captions may be true of one picture.  The text encoder knows a hundred words and no
places, so two captions count as one when they say the same kinds, sizes and eye.  A place is what the row itself shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from fineview.lab import train_losses as losses
from fineview.lab.train_crops import Drawn, OnCrops
from fineview.lab.train_data import Batch
from fineview.lab.train_step import Said

SCALE = 1 / 0.07


@dataclass(frozen=True, slots=True)
class PairBatch(Batch):
    """Crops with captions.  ``statements`` (B, M, 16) word ids; ``spoken`` (B, M) 1 for a statement, 0 for padding;
    ``saying`` (B,) int64: equal numbers say the same."""

    statements: Tensor
    spoken: Tensor
    saying: Tensor


def pooled(keys: Tensor) -> Tensor:
    """(B, N, K) -> (B, K): the mean says what the picture is, the maximum what is in it, however small."""
    return keys.mean(1) + keys.amax(1)


class OnPairs(OnCrops):
    """The losses of crops, and which caption belongs to which picture."""

    weights = {**OnCrops.weights, "pair": 1.0}

    def said(self, model: nn.Module, batch: PairBatch, drawn: Drawn) -> Said:  # type: ignore[override]
        """Those of crops, then vectors (B, K) of captions and of pictures."""
        ids, places = drawn
        out = model(batch.rgb, batch.extra, (1, 1), False, places)
        tokens = model.patches(out.features.tokens)
        keys = model.row.keys(tokens)
        margin, seen = model.row.margin(model.text(ids), keys), pooled(keys)
        asked = model.row.query(model.text(batch.statements.flatten(0, 1))).unflatten(0, batch.statements.shape[:2])
        told = (asked * batch.spoken[..., None]).sum(1) / batch.spoken.sum(1, keepdim=True)
        return out.dense.logits, out.dense.lines, out.domain, margin, told, seen

    def losses(self, said: Said, batch: PairBatch) -> dict[str, Tensor]:  # type: ignore[override]
        same = batch.saying[:, None] == batch.saying[None]
        return {**super().losses(said, batch), "pair": losses.pair_loss(said[4], said[5], same, SCALE)}
