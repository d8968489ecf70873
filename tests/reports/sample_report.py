"""A report with a little of everything, made by hand."""

from __future__ import annotations

import dataclasses

import numpy as np

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.region import Region, RegionKind
from fineview.core.report import Figure, Measurement, Report, ReportItem
from fineview.core.study import FrameInfo, FrameKey, Laterality, Patient

MODEL = ModelIdentity("retina-s", "1", "3f9a21c8" + "5d" * 28)
STUDY = "1.2.826.0.1.3680043.8.498.1"
RIGHT = Laterality("R", "header")
SPACING = Spacing(0.0039, 0.0113, 0.24, ScaleSource.CALIBRATED)


def item(number: int, **changes: object) -> ReportItem:
    finding = Finding(
        f"f-{number}", STUDY, FrameKey("1.2.3", 31), Region(RegionKind.ELLIPSE, ((210.5, 96.0), (246.8, 120.7))),
        "fluid", Origin.MODEL, State.ACCEPTED, "Dr Ada Müller", "under the fovea", "2026-03-04T10:38:00+01:00",
        "2026-03-04T10:41:07+01:00", 0.86, MODEL)
    finding = dataclasses.replace(finding, **changes)  # type: ignore[arg-type]
    sizes = (Measurement("width", 0.4102, "mm", "calibrated"), Measurement("height", 0.09633, "mm", "calibrated"),
             Measurement("area", 0.03104, "mm²", "calibrated"))
    frame = FrameInfo("/somewhere/oct.dcm", 31, "1.2.3.31", rows=496, cols=768, spacing=SPACING)
    return ReportItem(finding, sizes, frame, RIGHT, SPACING, 31, "OCT volume 61")


def picture(rows: int, cols: int, seed: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :cols]
    wave = 90 + 60 * np.sin(x / 40 + seed) * np.exp(-((y - rows / 2 - 9 * np.sin(x / 60)) / (rows / 6)) ** 2)
    grain = np.random.default_rng(seed).normal(0, 12, (rows, cols))
    grey = np.clip(wave + grain, 0, 255).astype(np.uint8)
    return np.stack([grey, grey, np.clip(grey.astype(int) + 20, 0, 255).astype(np.uint8)], axis=-1)


def report(**changes: object) -> Report:
    question = Question("is there fluid here?", STUDY, FrameKey("1.2.3", 31))
    answers = (
        Answer(question, "Yes, the region holds fluid.", "yes", confidence=0.86, model=MODEL, citations=(
            Citation("map", Box(210, 96, 36, 25), 0.86, None, "lesion map, fluid"),
            Citation("measurement", None, 0.41, "mm", "width"))),
        Answer(dataclasses.replace(question, text="how far is it from the fovea?"), "Cannot tell: mark the fovea.",
               "cannot tell", abstained=True, reason="no fovea is marked on this frame", model=MODEL))
    mine = item(2, origin=Origin.PERSON, label="drusen", model=None, score=None, note="",
                region=Region(RegionKind.LENGTH, ((300.0, 310.0), (340.0, 312.5))))
    mine = dataclasses.replace(mine, laterality=Laterality(), measurements=(
        Measurement("length", 40.1, "px", "none", "the spacing of this file is unknown"),))
    values: dict[str, object] = {
        "patient": Patient("MUSTERMANN^ANNA", "4711", "19570212", "F"), "study_uid": STUDY, "study_date": "20260304",
        "study_description": "OCT macula", "accession": "A-77", "laterality": RIGHT, "author": "Dr Ada Müller",
        "created": "2026-03-04T10:45:00+01:00", "items": (item(1), mine),
        "figures": (Figure("f-1", "Frame 31 with finding 1. DAR, text row, retina-s 3f9a21c8.", picture(200, 480, 1)),
                    Figure("f-2", "En face picture with the scan line of frame 31.", picture(300, 300, 2)),
                    Figure("f-3", "Suspected lesions, retina-s 3f9a21c8.", picture(300, 320, 3))),
        "dialogue": answers, "summary": "Subretinal fluid under the fovea of the right eye.", "models": (MODEL,),
        "software": "FineView 0.1.0", "uid": "2.25.1", "warnings": ("Slices are not evenly spaced.",)}
    return Report(**{**values, **changes})  # type: ignore[arg-type]
