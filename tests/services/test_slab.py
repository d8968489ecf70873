"""A bright layer at a known depth is seen from the front in the slab that holds it, and in no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fineview.core.errors import RequestProblem
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, Laterality, Series
from fineview.imaging.enface import slab as project
from fineview.services.slab import Edge, Slab, between, rows_of, unit_of
from fineview.services.thickness import measure
from fineview.services.thickness_lines import VolumeLines
from fineview.services.thickness_sheet import en_face, sheet_of

SCANS, ROWS, COLS, ROW_MM = 11, 200, 61, 0.004
SPACING = Spacing(ROW_MM, 0.05, 0.25, ScaleSource.CALIBRATED)
ILM, BRIGHT, RPE = 50, (120, 125), 130  # rows; the layer lies 280 to 300 um below the ILM, 480 to 500 um deep


def series(spacing: Spacing = SPACING) -> Series:
    frames = tuple(FrameInfo("", n, rows=ROWS, cols=COLS, spacing=spacing, position_mm=n * 0.25) for n in range(SCANS))
    return Series("v", "s", "OPT", frames=frames, spacing=spacing, is_volume=True, laterality=Laterality("R", "header"))


def lines() -> VolumeLines:
    def flat(row: float) -> np.ndarray:
        return np.full((SCANS, COLS), row, np.float32)

    return VolumeLines("v", {"ILM": flat(ILM), "RPE": flat(RPE)}, "file", "maker")


def pictures() -> list[Raster]:
    """Grey 10 everywhere; the layer is 210 over the left half of every B-scan."""
    made = []
    for _ in range(SCANS):
        pixels = np.full((ROWS, COLS), 10, np.uint8)
        pixels[BRIGHT[0]:BRIGHT[1], :COLS // 2] = 210
        made.append(Raster(pixels))
    return made


def seen(slab: Slab, mode: str = "mean") -> np.ndarray:
    """(SCANS, COLS) of the slab, before it is stretched for the screen."""
    spacings = [frame.spacing for frame in series().frames]
    top, bottom = (rows_of(edge, lines(), spacings, COLS) for edge in (slab.upper, slab.lower))
    return np.stack([project(raster.pixels, top[n], bottom[n], mode) for n, raster in enumerate(pictures())])


# Rows of the slab, of which five are bright: mean = 10 + 200 * (bright rows in it) / rows.
@pytest.mark.parametrize(("slab", "share"), [
    (Slab(Edge("ILM", 280), Edge("ILM", 300)), 1.0),
    (Slab(Edge("ILM", 260), Edge("ILM", 300)), 5 / 10),
    (Slab(Edge("RPE", -40), Edge("RPE", -20)), 1.0),
    (Slab(Edge(away=480), Edge(away=500)), 1.0),
    (Slab(Edge(away=120, unit="px"), Edge(away=125, unit="px")), 1.0),
    (Slab(Edge(away=122, unit="px"), Edge("RPE")), 3 / 8),
    (Slab(Edge("ILM"), Edge("RPE")), 5 / 80)])
def test_the_slab_that_holds_it(slab: Slab, share: float) -> None:
    found = seen(slab)
    assert np.allclose(found[:, :COLS // 2], 10 + 200 * share) and np.allclose(found[:, COLS // 2:], 10)
    assert np.allclose(seen(slab, "max")[:, :COLS // 2], 210)


@pytest.mark.parametrize("slab", [
    Slab(Edge("ILM"), Edge("ILM", 276)), Slab(Edge("RPE", -20), Edge("RPE", 100)), Slab(Edge(), Edge(away=480)),
    Slab(Edge(away=125, unit="px"), Edge(away=200, unit="px"))])
def test_every_other_slab(slab: Slab) -> None:
    assert np.allclose(seen(slab, "max"), 10)


def test_an_empty_slab_knows_nothing() -> None:
    assert np.isnan(seen(Slab(Edge("RPE"), Edge("ILM")))).all()


def test_on_the_sheet_it_lies_where_it_lies_in_the_eye() -> None:
    """Stretched for the screen: bright in the left half, dark in the right, and nowhere in a slab beside it."""
    volume = series()
    made = measure(volume, None, lines(), ("ILM", "RPE"))
    sheet = sheet_of(made, None)

    def shown(slab: Slab | None) -> np.ndarray:
        return en_face(made, sheet, lines(), volume, iter(pictures()), "mean", slab).pixels

    found = shown(Slab(Edge("ILM", 280), Edge("ILM", 300)))
    width = found.shape[1]
    assert found[:, :width // 2 - 3].min() == 255 and found[:, width // 2 + 3:].max() == 0
    beside = shown(Slab(Edge("ILM"), Edge("ILM", 200)))
    assert np.ptp(beside) == 0
    assert np.array_equal(shown(None), shown(between(("ILM", "RPE"))))


def test_words_and_units() -> None:
    assert Slab(Edge("ILM", 10), Edge("RPE", -20)).words == "ILM + 10 \u00b5m to RPE \u2212 20 \u00b5m"
    assert Slab(Edge(), Edge(away=120, unit="px")).words == "top of the scan to 120 px deep"
    assert (unit_of(SPACING), unit_of(Spacing()), unit_of(replace(SPACING, source=ScaleSource.ASSUMED))) == (
        "um", "px", "um")


def test_micrometres_need_a_scale_and_a_line_must_be_there() -> None:
    none = [Spacing()] * SCANS
    with pytest.raises(RequestProblem) as told:
        rows_of(Edge("ILM", 10), lines(), none, COLS)
    assert told.value.code == "no-scale"
    assert np.allclose(rows_of(Edge("ILM", 10, "px"), lines(), none, COLS), ILM + 10)
    with pytest.raises(RequestProblem) as told:
        rows_of(Edge("BM"), lines(), none, COLS)
    assert told.value.code == "no-lines" and "ILM, RPE" in told.value.remedy
