"""What earns its place: ``fineview evaluate ablations`` trains one small encoder with everything, and one without each.

* ``concat-deep``: fusion, phantoms beside photographs, drawn pixel masks, top-hat channels;
* ``unfused``: no fusion, as many parameters (both as in ``evaluate fusion``, whose finished runs are read);
* ``no-phantoms``: photographs alone;
* ``no-masks``: masks seen as loose boxes (:mod:`boxed_photographs`);
* ``no-top-hat``: RGB alone, without the two vessel-suppressed top-hats as further channels.

Same crops, order, steps and seeds but for what is left out.  Scored on photographs with drawn pixels kept back by fold
and on phantoms nobody trained on.  ``no-phantoms`` and ``no-masks`` say nothing without photographs and need
``--data``.  Tile seams have a table of their own, ``evaluate seams``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fineview.core.errors import WrongWords
from fineview.lab.evaluate import Request
from fineview.lab.evaluate_fusion import VARIANTS
from fineview.lab.figures import Figures, machine_words
from fineview.lab.small_crops import CropPlan
from fineview.lab.small_table import SEEDS, STEPS, data_words, figures, plan_of, scores
from fineview.models.vision.build import RetinaConfig

FULL = "concat-deep"
OF_PHOTOGRAPHS = ("no-phantoms", "no-masks")
ROWS = (FULL, "unfused", *OF_PHOTOGRAPHS, "no-top-hat")


def run(request: Request) -> Figures:
    """The table, and what each part adds, paired by seed.  Raises ``WrongWords`` for a row that needs ``--data``."""
    if request.data is None and (wrong := [name for name in request.only if name in OF_PHOTOGRAPHS]):
        raise WrongWords(f"\"{wrong[0]}\" is about photographs.", "Give their folder with --data.")
    plan = plan_of(request)
    configs, plans = variants(VARIANTS, plan)
    found = figures(scores(configs, request, plans), [(FULL, name) for name in configs if name != FULL])
    left = "" if plan.data is not None else f"; without photographs no rows {' and '.join(OF_PHOTOGRAPHS)}"
    return Figures(tuple(found), request.seed, machine_words(),
                   data_words(plan, SEEDS, request.steps or STEPS) + left)


def variants(base: Mapping[str, RetinaConfig], plan: CropPlan) -> tuple[dict[str, RetinaConfig], dict[str, CropPlan]]:
    """Encoder and crops of each row; ``base`` holds the full encoder and the unfused one."""
    names = [name for name in ROWS if plan.data is not None or name not in OF_PHOTOGRAPHS]
    configs = {name: base.get(name, base[FULL]) for name in names}
    configs["no-top-hat"] = base[FULL].with_encoder(conv_extra=0)
    plans = dict.fromkeys(names, plan)
    if plan.data is not None:
        alone = {name: share for name, share in plan.mix.items() if not name.startswith("phantom")}
        plans |= {"no-phantoms": replace(plan, mix=alone), "no-masks": replace(plan, masks=False)}
    return configs, plans
