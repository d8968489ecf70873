"""A preset chosen in the window changes the picture to what the standard's formula gives for the file's own values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from PySide6.QtCore import Qt

from fineview.gui.theme import apply_theme
from tests.journeys.conftest import Clinician, leave, seat
from tests.shared_data import SHARED, needs_shared

# Key -> level and width.
WINDOWS = {Qt.Key.Key_1: (-600, 1500), Qt.Key.Key_3: (300, 2000), Qt.Key.Key_4: (40, 80), Qt.Key.Key_5: (40, 400)}


def golden(path: Path, centre: float, width: float) -> np.ndarray:
    """PS3.3 C.7.6.3.1.4 and C.11.2.1.2.1 on the stored values, as pydicom gives them."""
    dataset = pydicom.dcmread(path)
    x = dataset.pixel_array.astype(np.float64) * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    y = ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255
    y[x <= centre - 0.5 - (width - 1) / 2], y[x > centre - 0.5 + (width - 1) / 2] = 0, 255
    return np.rint(y).astype(np.uint8)


@needs_shared
def test_keys_show_lung_bone_brain_and_soft_tissue(qtbot, qapp, tmp_path: Path) -> None:
    apply_theme(qapp, "dark")
    person: Clinician = seat(qtbot, tmp_path / "store")
    person.bench.explain.enabled = False
    assert SHARED is not None
    folder = SHARED / "C_dicom" / "ct_3slice_with_seg"
    source = next(path for path in sorted(folder.rglob("*.dcm")) if pydicom.dcmread(path).Modality == "CT")
    person.opens(source)
    person.window.activateWindow()
    canvas = person.window.viewer.canvas
    canvas.setFocus()
    for key, (centre, width) in WINDOWS.items():
        qtbot.keyClick(canvas, key, Qt.KeyboardModifier.AltModifier)
        person.window.binder.update_now()
        assert np.array_equal(person.window.state.image, golden(source, centre, width))
    assert person.window.state.window_text == "Soft tissue  W 400  L 40 HU"
    qtbot.keyClick(canvas, Qt.Key.Key_0, Qt.KeyboardModifier.AltModifier)
    person.window.binder.update_now()
    assert person.session.view.window is None
    leave(person)
