"""Objects beside images in the window: listed, read, switched part by part, flagged, and never a person's marks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fineview.core.companion import Companion, Drawing, Mask, Part, Presentation, Reference, Shape
from fineview.core.geometry import Box
from fineview.core.orientation import ViewTransform
from fineview.core.study import FrameKey
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.object_rows import OBJECT_PATH

HERE = (Reference("1.2.1", (2,)),)
SEG = Companion("seg.dcm", "segmentation", "LESION", study_uid="study-1", text="binary segmentation, 2 segments",
                refers_to=HERE, parts=(Part(1, "drusen", "manual"), Part(2, "fluid")))
LETTER = Companion("letter.dcm", "document", "Letter", study_uid="study-1", text="application/pdf", suffix=".pdf")
KEY = Companion("key.dcm", "key-objects", "For Teaching", study_uid="study-1", refers_to=HERE)
STATE = Companion("state.dcm", "presentation", "TURNED", study_uid="study-1", refers_to=HERE)
ELSEWHERE = Companion("plan.dcm", "plan", "Plan", study_uid="other")


@pytest.fixture
def filled(window: MainWindow) -> MainWindow:
    session = window._bench.session
    key = session.frame_key
    assert key == FrameKey("scan", 2)
    mask = Mask(1, Box(4, 5, 6, 7), np.full((7, 6), 255, np.uint8))
    session.drawings[SEG.path, key] = Drawing((Shape("point", ((30.0, 20.0),), 2, "tip"),), (mask,), why="half of it")
    session.drawings[STATE.path, key] = Drawing(
        presentation=Presentation(None, None, None, ViewTransform(True), Box(10, 10, 40, 20)))
    session.catalogue = replace(session.catalogue, companions=(SEG, LETTER, KEY, STATE, ELSEWHERE))
    session.pulse()
    window.binder.update_now()
    return window


def rows(window: MainWindow) -> dict[str, str]:
    """Texts of the studies tree's object rows, by path."""
    found, waiting = {}, [window.studies.tree.invisibleRootItem()]
    while waiting:
        item = waiting.pop()
        waiting += [item.child(i) for i in range(item.childCount())]
        if item.data(0, OBJECT_PATH):
            found[item.data(0, OBJECT_PATH)] = item.text(0)
    return found


def test_without_objects_there_is_no_tab(window: MainWindow) -> None:
    assert not window.tabs.isTabVisible(window.tabs.indexOf(window.objects)) and rows(window) == {}


def test_every_object_is_listed_with_where_it_is(filled: MainWindow) -> None:
    assert filled.tabs.isTabVisible(filled.tabs.indexOf(filled.objects))
    assert rows(filled) == {
        "seg.dcm": "Segmentation: LESION\non 1 frame", "letter.dcm": "Document: Letter\nknown, not shown; can be saved",
        "key.dcm": "Key objects: For Teaching\nflags 1 frame", "state.dcm": "Presentation: TURNED\non 1 frame",
        "plan.dcm": "Plan: Plan\nknown, not shown"}
    assert filled.studies.problems.text() == "broken.dcm\nThe file ends early. Copy it."  # an object is no problem


def test_reading_one(filled: MainWindow) -> None:
    filled.desk.read_object("seg.dcm")
    filled.binder.update_now()
    panel = filled.objects
    assert filled.tabs.currentWidget() is panel
    assert panel.text.toPlainText() == SEG.text and panel.why.text() == "half of it"
    assert [panel.parts.item(i).text() for i in range(panel.parts.count())] == ["drusen, manual", "fluid"]
    assert panel.save.isHidden()
    filled.desk.read_object("letter.dcm")
    filled.binder.update_now()
    assert not panel.save.isHidden() and panel.parts.isHidden()


def test_switching_parts_and_the_whole(filled: MainWindow) -> None:
    panel, guests = filled.objects, filled.viewer.canvas.guests
    filled.desk.read_object("seg.dcm")
    filled.binder.update_now()
    panel.parts.item(0).setCheckState(Qt.CheckState.Unchecked)
    filled.binder.update_now()
    assert filled.state is not None and filled.state.companions.laid[0].hidden == {1}
    panel.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    filled.binder.update_now()
    assert guests.empty
    panel.list.item(0).setCheckState(Qt.CheckState.Checked)
    filled.binder.update_now()
    assert not guests.empty
    filled.bar.actions["objects"].trigger()
    filled.binder.update_now()
    assert guests.empty and not filled.bar.actions["objects"].isChecked()


def test_they_are_no_marks_and_cannot_be_taken_hold_of(qtbot: QtBot, filled: MainWindow) -> None:
    assert filled.state is not None and filled.state.findings == ()
    assert filled.viewer.canvas.visible_marks() == ()


def test_the_hold_key_hides_them(filled: MainWindow) -> None:
    filled.viewer.hold(True)
    filled.binder.update_now()
    assert filled.viewer.canvas.guests.empty
    filled.viewer.hold(False)
    filled.binder.update_now()
    assert not filled.viewer.canvas.guests.empty


def test_key_images_are_flagged_under_and_on_the_picture(filled: MainWindow) -> None:
    assert filled.viewer.frames._words.text() == "3 / 5 \u2691"
    assert "Key image: For Teaching" in filled.viewer.canvas.top_lines


def test_a_presentation_turns_and_frames_the_picture(filled: MainWindow) -> None:
    filled._bench.companions.switch("state.dcm")
    filled.binder.update_now()
    canvas = filled.viewer.canvas
    assert canvas.placement.transform == ViewTransform(True) and canvas.placement.centre == (30.0, 20.0)
    assert "Shown as in TURNED" in canvas.top_lines
    filled._bench.companions.switch("state.dcm")
    filled.binder.update_now()
    assert canvas.placement.transform == ViewTransform() and canvas.placement.centre == (60.0, 30.0)


def test_whose_it_is_stands_on_the_picture(filled: MainWindow) -> None:
    assert "From other sources: LESION" in filled.viewer.canvas.top_lines
