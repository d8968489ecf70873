"""The slab below the thickness map is chosen by hand: lines, depths, and back to what was measured."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox

from fineview.gui.panels.thickness import Thickness
from fineview.services.slab import TOP, Edge, Slab
from fineview.services.workbench import Workbench
from tests.gui.panels.test_thickness import bench, panel, window

__all__ = ["bench", "panel", "window"]
Settle = Callable[[Callable[[], bool]], None]


def pick(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def shown_slab(bench: Workbench) -> Slab | None:
    now = bench.session.thickness
    return now.en_face.slab if now is not None and now.en_face is not None else None


def test_depths_in_micrometres(panel: Thickness, bench: Workbench, settle: Settle) -> None:  # noqa: F811
    row = panel.slab
    assert row.isHidden()
    pick(panel.ground, "mean")
    settle(lambda: shown_slab(bench) == Slab(Edge("ILM"), Edge("BM")))
    assert not row.isHidden() and [box.currentData() for box in row.lines] == ["ILM", "BM"]
    assert [row.lines[0].itemText(n) for n in range(4)] == ["top of the scan", "ILM", "RPE", "BM"]
    pick(row.lines[1], "ILM")
    row.away[1].setValue(150)
    settle(lambda: shown_slab(bench) == Slab(Edge("ILM"), Edge("ILM", 150)))
    pick(row.lines[0], TOP)
    pick(row.lines[1], TOP)
    row.away[1].setValue(60)
    settle(lambda: shown_slab(bench) == Slab(Edge(), Edge(away=60)))
    assert row.away[1].suffix() == " \u00b5m"
    front = bench.session.thickness.en_face.pixels  # type: ignore[union-attr]
    # Six columns of 0.054 mm of the block, rows 0 to 6, on every B-scan: a bright stripe at the left edge alone.
    stripe = round(6 * 0.054 / 0.02)
    assert front[:, :stripe - 2].min() > 200 and front[:, stripe + 3:].max() < 60


def test_back_to_what_was_measured(panel: Thickness, bench: Workbench, settle: Settle) -> None:  # noqa: F811
    pick(panel.ground, "max")
    panel.slab.away[0].setValue(40)
    settle(lambda: shown_slab(bench) == Slab(Edge("ILM", 40), Edge("BM")))
    panel.slab.away[0].setValue(0)
    settle(lambda: shown_slab(bench) == Slab(Edge("ILM"), Edge("BM")))
    assert bench.session.thickness is not None and bench.session.thickness.slab is None
    pick(panel.inner, "RPE")
    settle(lambda: shown_slab(bench) == Slab(Edge("RPE"), Edge("BM")))


def test_the_map_can_be_taken_off_the_picture(panel: Thickness, bench: Workbench, settle: Settle) -> None:  # noqa: F811
    pick(panel.picture.colours, "")
    assert panel.map.overlay.empty
    pick(panel.picture.colours, "viridis")
    assert not panel.map.overlay.empty
