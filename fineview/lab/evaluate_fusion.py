"""Which fusion, and where: ``fineview evaluate fusion`` trains six small encoders from nothing and compares them.

FILA (arXiv 2412.08378) reports deep fusion > last layer only > stages merged first, and channel concatenation better
than cross-attention and addition.  Here at small scale: width 96, four ViT layers, ConvNeXt 16/32/64/128; same crops,
order, steps and recipe; parameters matched within 1 % of the deep concatenation by the hidden width of the fusion, and
without fusion by the width of the ViT's MLP, so that no variant wins by size.
"""

from __future__ import annotations

from fineview.lab.evaluate import Request
from fineview.lab.figures import Figures, machine_words
from fineview.lab.small_table import SEEDS, STEPS, data_words, figures, plan_of, scores
from fineview.models.vision.build import EncoderConfig, RetinaConfig

SMALL = RetinaConfig(
    encoder=EncoderConfig(
        name="small", vit_width=96, vit_layers=4, vit_heads=3, vit_mlp=288, fuse_after=(1, 2, 3, 4),
        conv_dims=(16, 32, 64, 128), conv_depths=(1, 1, 2, 1), conv_extra=2, layer_scale=0.3, fusion_hidden=96,
    ),
    decoder_width=24, text_width=48, text_layers=1, text_heads=2, key_width=32,
)
VARIANTS: dict[str, RetinaConfig] = {
    "concat-deep": SMALL,
    "unfused": SMALL.with_encoder(kind="unfused", vit_mlp=446),
    "cross-deep": SMALL.with_encoder(kind="fila-cross", fusion_hidden=64),
    "add-deep": SMALL.with_encoder(kind="fila-add", fusion_hidden=140),
    "concat-last": SMALL.with_encoder(kind="fila-last", fusion_hidden=271),
    "concat-merged": SMALL.with_encoder(kind="fila-merged", fusion_hidden=96),
}
# (better, worse) as the paper has it; the first says whether fusion earns its place at all
ORDERS = (("concat-deep", "unfused"), ("concat-deep", "concat-last"), ("concat-last", "concat-merged"),
          ("concat-deep", "concat-merged"), ("concat-deep", "cross-deep"), ("concat-deep", "add-deep"))


def run(request: Request) -> Figures:
    """The table: tokens and dense head, on photographs (with ``--data``) and phantoms, and the paper's order."""
    plan = plan_of(request)
    found = figures(scores(VARIANTS, request, plan), ORDERS)
    return Figures(tuple(found), request.seed, machine_words(), data_words(plan, SEEDS, request.steps or STEPS))
