"""The plugin window: the only module of FineView that a plugin may import.

Values go in and out; nothing here opens a file, a store or a window.  What the names mean stands where they are
defined; which hooks there are stands in ``fineview.extend.hooks``.  ``plugins/README.md`` shows a whole plugin.
"""

from __future__ import annotations

from fineview.core.device import Device
from fineview.core.errors import InputProblem, LimitExceeded
from fineview.core.geometry import Box, Circle, Point, ScaleSource, Spacing
from fineview.core.layers import LayerLine
from fineview.core.orientation import Orientation
from fineview.core.recording import InstrumentReader, Recording
from fineview.core.study import FrameInfo, Laterality, Patient
from fineview.extend.hooks import API_VERSION

__all__ = ["API_VERSION", "Box", "Circle", "Device", "FrameInfo", "InputProblem", "InstrumentReader", "Laterality",
           "LayerLine", "LimitExceeded", "Orientation", "Patient", "Point", "Recording", "ScaleSource", "Spacing"]
