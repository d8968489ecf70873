"""Encoders of different families beside each other: ``fineview evaluate encoders`` trains each from nothing.

The same table as ``evaluate fusion`` (same crops, order, steps, recipe; parameters within 5 %), for the hybrid encoder
and its peers: the multi-scale encoder, the concat hybrid (whose tokens are a plain ViT's: its fusion is in the class
token, which neither score reads), a ConvNeXt and a ResNet alone, a ViT alone.  An encoder without ViT answers the
text row from its stride-32 stage; one without stages answers the dense head from its tokens, enlarged.  The plain ViT
reads RGB at 14/32 of the others' resolution and no top-hat: that is what "plain" costs.
"""

from __future__ import annotations

from fineview.lab.evaluate import Request
from fineview.lab.evaluate_fusion import SMALL
from fineview.lab.figures import Figures, machine_words
from fineview.lab.small_table import SEEDS, STEPS, data_words, figures, plan_of, scores
from fineview.models.vision.build import RetinaConfig

ENCODERS: dict[str, RetinaConfig] = {
    "concat-deep": SMALL,
    "multi-scale": SMALL.with_encoder(kind="multi-scale", conv_dims=(24, 48, 96, 144), vit_width=64, vit_heads=2),
    "concat-hybrid": SMALL.with_encoder(kind="concat-hybrid", fusion_hidden=362),
    "plain-convnext": SMALL.with_encoder(kind="plain-convnext", conv_dims=(24, 48, 96, 192), conv_depths=(1, 1, 2, 2)),
    "plain-resnet": SMALL.with_encoder(kind="plain-resnet", conv_dims=(24, 48, 96, 192)),
    "plain-vit": SMALL.with_encoder(kind="plain-vit", vit_layers=7, vit_mlp=354),
}
# against the hybrid encoder, which has the fusion that has to earn its place
ORDERS = tuple(("concat-deep", name) for name in ENCODERS if name != "concat-deep")


def run(request: Request) -> Figures:
    """The table: tokens and dense head, on photographs (with ``--data``) and phantoms."""
    plan = plan_of(request)
    found = figures(scores(ENCODERS, request, plan), ORDERS)
    return Figures(tuple(found), request.seed, machine_words(), data_words(plan, SEEDS, request.steps or STEPS))
