"""Is it cut off: does a region reach the edge of the picture, or of the round field of a photograph?"""

from __future__ import annotations

import numpy as np

from fineview.core.dialogue import Answer, Citation
from fineview.core.intent import Intent
from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.window import to_rgb
from fineview.services.ground import Ground, abstain

_OUTSIDE = 0.02  # share of a region beyond the field from which on it is cut: the field's rim is known to 8 px


def cut(ground: Ground, _: Intent) -> Answer:
    """Yes where the region comes within a pixel of an edge; the value is how far inside it ends, in pixels."""
    if ground.question.region is None:
        return abstain(ground, "draw a region to ask whether it is cut off.")
    raster, box = ground.request.raster, ground.box()
    margins = {"left": box.x, "top": box.y, "right": raster.cols - box.x - box.w, "bottom": raster.rows - box.y - box.h}
    touched = [name for name, margin in margins.items() if margin < 1.0]
    least = min(margins.values())
    cited = [Citation("region", box, text="region"), Citation("measurement", box, least, "px", "Margin to the edge")]
    beyond = 0.0
    if raster.is_colour and not touched:
        mask = ground.mask()
        beyond = float(1.0 - np.mean(field_of_view(to_rgb(raster))[mask]))
        cited.append(Citation("measurement", box, round(beyond, 4), "fraction", "Share beyond the field"))
    if touched:
        text = f"Yes: the region reaches the {' and '.join(touched)} edge of the picture."
    elif beyond > _OUTSIDE:
        text = f"Yes: {beyond:.0%} of the region lies beyond the field of the photograph."
    else:
        text = f"No: the region ends {least:.4g} px inside the picture."
    return Answer(ground.question, text, verdict="yes" if text.startswith("Yes") else "no", value=least, unit="px",
                  citations=tuple(cited))
