"""What other sources lay over a frame, painted on a QImage whose pixels are then counted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter, QTransform
from pytestqt.qtbot import QtBot

from fineview.core.companion import Companion, Drawing, Mask, Part, Presentation, Shape
from fineview.core.geometry import Box
from fineview.core.orientation import ViewTransform
from fineview.gui.viewer.guest_layer import GuestLayer, mask_rgba, source_path
from fineview.services.companion_view import Laid

ZOOM = 8
RED = (255, 0, 0)


def painted(*laid: Laid, state: Presentation | None = None, side: int = 20) -> np.ndarray:
    """(side * ZOOM, side * ZOOM, 3) uint8 of a white ground under the layer, ``ZOOM`` screen pixels a source pixel."""
    image = QImage(side * ZOOM, side * ZOOM, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    layer = GuestLayer()
    layer.set(laid, state)
    painter = QPainter(image)
    layer.paint(painter, QTransform.fromScale(ZOOM, ZOOM), ZOOM, ZOOM)
    painter.end()
    seen = np.frombuffer(image.constBits(), np.uint8).reshape(side * ZOOM, side * ZOOM, 4)
    return seen[..., 2::-1].copy()


def laid(drawing: Drawing, *hidden: int) -> Laid:
    one = Companion("a.dcm", "segmentation", "A", parts=(Part(1, "one", colour=RED), Part(2, "two", colour=RED)))
    return Laid(one, drawing, frozenset(hidden))


def mask(part: int, x: float, y: float, values: np.ndarray) -> Drawing:
    return Drawing(masks=(Mask(part, Box(x, y, values.shape[1], values.shape[0]), values),))


def test_a_mask_covers_its_pixels_and_no_other(qtbot: QtBot) -> None:
    values = np.array([[255, 0, 255], [255, 255, 255]], np.uint8)
    seen = painted(laid(mask(1, 4, 5, values)))
    changed = (seen != 255).any(axis=2)
    expected = np.kron(np.pad(values > 0, ((5, 13), (4, 13))), np.ones((ZOOM, ZOOM), bool))
    assert np.array_equal(changed, expected)
    assert not (painted(laid(mask(1, 4, 5, values), 1)) != 255).any()  # its part is hidden


def test_a_mask_has_a_faint_inside_a_strong_border_and_keeps_shares() -> None:
    alpha = mask_rgba(Mask(1, Box(0, 0, 5, 5), np.full((5, 5), 255, np.uint8)), RED)[..., 3]
    assert (alpha[1:-1, 1:-1] < 100).all() and (alpha[0] > 200).all() and (alpha[:, -1] > 200).all()
    halved = mask_rgba(Mask(1, Box(0, 0, 5, 5), np.full((5, 5), 128, np.uint8)), RED)[..., 3]
    assert np.abs(halved.astype(int) - alpha.astype(int) * 128 // 255).max() == 0


def test_a_turned_ellipse_passes_through_its_axes() -> None:
    """Points of x = c + a cos t + b sin t, the ellipse's own equation."""
    centre, a, b = np.array([10.0, 8.0]), np.array([4.0, 2.0]), np.array([-1.0, 2.0])
    path = source_path(Shape("ellipse", tuple(map(tuple, (centre, centre + a, centre + b))), 1))  # type: ignore[arg-type]
    for t in np.linspace(0, 2 * np.pi, 17):
        direction = a * np.cos(t) + b * np.sin(t)
        assert path.contains(QPointF(*(centre + 0.98 * direction)))
        assert not path.contains(QPointF(*(centre + 1.02 * direction)))


@pytest.mark.parametrize("outlines, visible", [
    ((Shape("polygon", ((2, 3), (12, 3), (12, 9), (2, 9)), 0),), lambda x, y: (x > 2) & (x < 12) & (y > 3) & (y < 9)),
    ((Shape("ellipse", ((10, 10), (16, 10), (10, 16)), 0),), lambda x, y: (x - 10) ** 2 + (y - 10) ** 2 < 36),
    ((Shape("polygon", ((0, 0), (10, 0), (10, 20), (0, 20)), 0),
      Shape("ellipse", ((10, 10), (16, 10), (10, 16)), 0)),
     lambda x, y: (x < 10) & ((x - 10) ** 2 + (y - 10) ** 2 < 36)),
])
def test_a_shutter_covers_what_is_outside_any_outline(qtbot: QtBot, outlines: tuple[Shape, ...], visible) -> None:
    state = Presentation(None, None, None, ViewTransform(), None, outlines, 64)
    seen = painted(state=state)
    y, x = (np.mgrid[:20 * ZOOM, :20 * ZOOM] + 0.5) / ZOOM
    inside = visible(x, y)
    # A pixel on the outline may fall to either side; a millesimal of the picture is its length.
    assert np.mean((seen[..., 0] == 255) != inside) < 0.02
    assert set(np.unique(seen)) <= set(range(64, 256)) and (seen[~inside] == 64).mean() > 0.95


def test_words_and_crosses_leave_the_rest_alone(qtbot: QtBot) -> None:
    seen = painted(laid(Drawing((Shape("point", ((5.0, 6.0),), 1, "tip"),))))
    changed = (seen != 255).any(axis=2)
    assert changed[6 * ZOOM, 5 * ZOOM] and not changed[15 * ZOOM:, :].any()


def test_nothing_paints_nothing(qtbot: QtBot) -> None:
    assert GuestLayer().empty and (painted() == 255).all()


def test_an_amount_has_no_border() -> None:
    """Flow at half its strength is half as strong, also beside nothing; a segment's rim is stronger than its inside."""
    values = np.zeros((5, 5), np.uint8)
    values[1:4, 1:4] = 128
    box = Box(0, 0, 5, 5)
    flow = mask_rgba(Mask(1, box, values.copy(), graded=True), (255, 140, 40))[..., 3]
    assert set(flow[1:4, 1:4].ravel().tolist()) == {128 * 190 // 255} and not flow[0].any()
    segment = mask_rgba(Mask(1, box, values.copy()), (255, 140, 40))[..., 3]
    assert segment[1, 1] > segment[2, 2] > 0
