"""A report as a frozen value: clock, author and figures are handed in, so two writings are byte-equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.change import GridChange
from fineview.core.device import Device
from fineview.core.dialogue import Answer
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding
from fineview.core.geometry import Spacing
from fineview.core.packed_map import PackedMap
from fineview.core.study import FrameInfo, Laterality, Patient
from fineview.core.thickness import EtdrsGrid, Provenance

INTENDED_USE = "Research use only. Not for diagnosis or treatment."


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with its unit and the source of its scale, computed from pixels and spacing, never generated."""

    name: str
    value: float | None
    unit: str
    scale_source: str = "none"
    why_not: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """RGB uint8 (H, W, 3), recomputed from raster and evidence; ``caption`` names method, model and hash."""

    name: str
    caption: str
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One accepted finding with its measurements and where its pixels are."""

    finding: Finding
    measurements: tuple[Measurement, ...]
    frame: FrameInfo
    laterality: Laterality
    spacing: Spacing
    frame_number: int
    series_description: str = ""


@dataclass(frozen=True, slots=True)
class GridEntry:
    """A thickness grid that a person put into the report.

    ``frame``: the B-scan nearest to the grid's centre.  ``map``: the thickness in micrometres; ``change``: what it was
    compared with, ``change_map`` after minus before where that is told.
    """

    grid: EtdrsGrid
    provenance: Provenance
    series_uid: str
    frame: FrameInfo
    frame_number: int
    laterality: Laterality
    series_description: str
    author: str
    device: Device = Device()
    map: PackedMap | None = None
    change: GridChange | None = None
    change_map: PackedMap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One patient, one study.  ``created`` is ISO 8601 with offset.  ``dialogue``: answers the person kept."""

    patient: Patient
    study_uid: str
    study_date: str
    study_description: str
    accession: str
    laterality: Laterality
    author: str
    created: str
    items: tuple[ReportItem, ...]
    figures: tuple[Figure, ...]
    dialogue: tuple[Answer, ...] = ()
    summary: str = ""
    models: tuple[ModelIdentity, ...] = ()
    software: str = ""
    uid: str = ""
    warnings: tuple[str, ...] = ()
    grids: tuple[GridEntry, ...] = ()
    intended_use: str = INTENDED_USE
