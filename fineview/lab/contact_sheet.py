"""Training crops side by side with their truth drawn in, for a person to look at.

Run ``python -m fineview.lab.contact_sheet OUT.png CACHE [SHARED] [SIZE]``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.lab.samples import Sample, SampleSource

Array = npt.NDArray[Any]
COLOURS = np.array([(0, 255, 255), (255, 0, 255), (0, 255, 0), (255, 255, 255), (0, 90, 255),
                    (0, 255, 0), (0, 130, 255), (255, 0, 255)], np.float32)
_LINE_COLOURS = ((255, 255, 0), (255, 0, 0), (0, 255, 0))


def annotated(sample: Sample) -> Array:
    """The crop with class areas tinted, unknown areas darkened and lines drawn.  (S, S, 3) uint8."""
    picture = sample.rgb.astype(np.float32)
    target = sample.target.astype(np.float32).repeat(4, 1).repeat(4, 2)
    unknown = (sample.weight == 0).any(0).repeat(4, 0).repeat(4, 1)
    picture[unknown] *= 0.75
    for k, colour in enumerate(COLOURS):
        share = 0.6 * target[k][..., None]
        picture = picture * (1 - share) + colour * share
    columns = np.arange(sample.lines.shape[1]) * 4 + 2
    for line, colour in zip(sample.lines, _LINE_COLOURS, strict=True):
        seen = np.isfinite(line)
        rows = np.clip(np.round((line[seen] + 0.5) * 4 - 0.5), 0, len(picture) - 1).astype(int)
        picture[rows, columns[seen]] = colour
        picture[rows, columns[seen] - 1] = colour
    return np.clip(picture, 0, 255).astype(np.uint8)


def contact_sheet(source: SampleSource, count: int = 48, columns: int = 12, start: int = 0) -> Array:
    """``count`` crops in rows of ``columns``, each row of crops above the same row annotated."""
    samples = [source.sample(start + i) for i in range(count)]
    rows = []
    for first in range(0, count, columns):
        part = samples[first:first + columns]
        rows += [np.hstack([s.rgb for s in part]), np.hstack([annotated(s) for s in part])]
    return np.vstack(rows)


def main(words: list[str]) -> int:
    """Write the sheet named on the command line."""
    shared = Path(words[2]) if len(words) > 2 else None
    source = SampleSource(int(words[3]) if len(words) > 3 else 384, 1, 0, shared, Path(words[1]))
    Image.fromarray(contact_sheet(source)).save(words[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
