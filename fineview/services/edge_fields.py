"""Edge measures remembered by content: another gain, percentile or method does not measure the picture again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from fineview.core.image import Raster
from fineview.imaging import dar
from fineview.imaging.edges import Measure
from fineview.imaging.window import to_rgb

Key = tuple[str, str, str]
MOST = 6  # of about 8 MB each


class EdgeFields:
    """The last few edge measures by (pixels, anatomy, measure).  Safe from several threads; a race measures twice."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, dar.EdgeField] = OrderedDict()
        self._turn = threading.Lock()
        self.measured = 0

    def of(self, raster: Raster, anatomy: str, name: Measure) -> dar.EdgeField:
        key = (raster.content_key, anatomy, name)
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        field = dar.edge_field(to_rgb(raster), anatomy, name)
        with self._turn:
            self.measured += 1
            self._kept[key] = field
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return field
