"""Pixel spacing with the source that vouches for it (PS3.3 10.7.1; CP-586 for projection images).

A number without a source is worse than none: a fundus camera's or a scanner's default would become a length in a
report.  Four answers: calibrated (the modality knows the distance in the patient), projected (known at the detector),
assumed (nominal, of scanned film or paper), none.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from fineview.core.geometry import ScaleSource, Spacing
from fineview.formats.values import Groups, number, numbers, text

_WIDEST_MM = 1000.0


def spacing_of(dataset: Dataset, groups: Groups, frame: int) -> Spacing:
    """Spacing of one frame; ``slice_mm`` from Spacing Between Slices only, never from the slices' thickness."""
    measures = groups.item(frame, "PixelMeasuresSequence")
    own = _pair(measures, "PixelSpacing") if measures is not None else None
    between = _positive(number(measures, "SpacingBetweenSlices")) or _positive(number(dataset, "SpacingBetweenSlices"))
    if own is not None:
        return Spacing(own[0], own[1], between, ScaleSource.CALIBRATED)
    pair, source = _in_plane(dataset)
    if pair is None:
        return Spacing(*_aspect_only(dataset), between, ScaleSource.NONE)
    return Spacing(pair[0], pair[1], between, source)


def _in_plane(dataset: Dataset) -> tuple[tuple[float, float] | None, ScaleSource]:
    patient = _pair(dataset, "PixelSpacing")
    detector = _pair(dataset, "ImagerPixelSpacing")
    nominal = _pair(dataset, "NominalScannedPixelSpacing")
    declared = text(dataset, "PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL")
    if patient is not None:
        if declared or (detector is None and nominal is None):
            return patient, ScaleSource.CALIBRATED
        # Equal values mean that nobody has corrected for magnification (PS3.3 10.7.1.2).
        if detector is not None:
            return patient, ScaleSource.PROJECTED if _same(patient, detector) else ScaleSource.CALIBRATED
        return patient, ScaleSource.ASSUMED if _same(patient, nominal) else ScaleSource.CALIBRATED
    if detector is not None:
        return detector, ScaleSource.PROJECTED
    return (nominal, ScaleSource.ASSUMED) if nominal is not None else (None, ScaleSource.NONE)


def _aspect_only(dataset: Dataset) -> tuple[float | None, float | None]:
    """Pixel Aspect Ratio gives the shape of a pixel and no size: a height relative to a width of 1 (C.7.6.3.1.7)."""
    ratio = _pair(dataset, "PixelAspectRatio")
    if ratio is None or ratio[0] == ratio[1]:
        return None, None
    return ratio[0] / ratio[1], 1.0


def _pair(dataset: Dataset | None, keyword: str) -> tuple[float, float] | None:
    """(between rows, between columns), or ``None`` where the file gives something no pixel can have."""
    values = numbers(dataset, keyword)
    if len(values) != 2 or not all(0 < v <= _WIDEST_MM for v in values):
        return None
    return values[0], values[1]


def _positive(value: float | None) -> float | None:
    return abs(value) if value else None


def _same(a: tuple[float, float], b: tuple[float, float] | None) -> bool:
    return b is not None and all(abs(x - y) <= 1e-6 * x for x, y in zip(a, b, strict=True))
