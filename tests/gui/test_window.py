"""The whole window over the real services: a person's path through a small study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSlider, QSpinBox
from pytestqt.qtbot import QtBot

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.finding import State
from fineview.core.geometry import Box
from fineview.core.region import RegionKind
from fineview.core.study import FrameKey
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.welcome import recent_words
from fineview.services.session import Progress, Streaming
from fineview.services.suggestions import merge_suggestions
from tests.gui.scene import MODEL, analysis, suggestion
from tests.gui.viewer.test_gestures import at, drag

Settle = Callable[[Callable[[], bool]], None]


def test_the_middle_frame_of_the_volume_is_shown(window: MainWindow) -> None:
    state = window.state
    assert state is not None and state.index == 2
    assert window.viewer.canvas.markers == ("N", "H", "T", "F")
    assert window.banner.person.text() == "Muster, Anna   F   born 1957-03-12   ID 4711"
    assert window.banner.eye.text() == "right eye (OD)"
    assert window.studies.problems.text() == "broken.dcm\nThe file ends early. Copy it."
    assert window.pages.currentWidget() is window.split


def test_drawing_keeps_a_mark_and_offers_questions(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    bench, canvas = window._bench, window.viewer.canvas
    window.bar.actions["tool-ellipse"].trigger()
    window.binder.update_now()
    drag(qtbot, canvas, (30, 15), (50, 30), (70, 45))
    settle(lambda: len(bench.session.findings) == 1)
    finding = bench.session.findings[0]
    assert finding.region.kind is RegionKind.ELLIPSE and finding.state is State.ACCEPTED
    bounds = finding.region.bounds
    assert [bounds.x, bounds.y, bounds.w, bounds.h] == pytest.approx([30, 15, 40, 30], abs=0.8)
    assert bench.session.selected == finding.id
    assert window.tabs.currentWidget() is window.chat and window.chat.question.hasFocus()
    assert window.chat._flow.count() == 3
    # What is shown was on disk before: the journal knows it.
    assert bench.annotate._journal.findings("study-1") == (finding,)
    window.bar.actions["undo"].trigger()
    settle(lambda: bench.session.findings == ())


def test_after_a_measured_line_the_keys_still_choose_tools(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    bench, canvas = window._bench, window.viewer.canvas
    window.activateWindow()
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_T)
    window.binder.update_now()
    drag(qtbot, canvas, (30, 15), (50, 30), (70, 45))
    settle(lambda: [one.region.kind for one in bench.session.findings] == [RegionKind.LENGTH])
    assert canvas.hasFocus() and not window.chat.question.text()
    qtbot.keyClick(canvas, Qt.Key.Key_6)
    assert bench.session.tool == "angle"


def test_recent_studies_are_told_in_plain_words() -> None:
    assert recent_words("Doe^John  20010101", "2026-03-04T10:15:30+01:00") == \
        "Doe, John    2001-01-01    opened 2026-03-04 10:15"
    assert recent_words("scan.vol", "2026-03-04T10:15:30+01:00") == "scan.vol    opened 2026-03-04 10:15"
    assert recent_words("R&D  20010101", "2026-03-04T10:15:30+01:00").startswith("R&&D    2001")


def test_keys_work_on_the_picture_and_not_in_a_text_field(qtbot: QtBot, window: MainWindow) -> None:
    session = window._bench.session
    window.activateWindow()
    window.viewer.canvas.setFocus()
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_D)
    assert session.overlay.kind == "dar"
    qtbot.keyClick(window.viewer.canvas, Qt.Key.Key_PageDown)
    assert session.index == 3
    window.desk.ask()
    qtbot.keyClicks(window.chat.question, "a l[]?")
    assert window.chat.question.text() == "a l[]?" and session.overlay.kind == "dar"


def test_hold_key_hides_overlays_and_marks(qtbot: QtBot, window: MainWindow) -> None:
    session, canvas = window._bench.session, window.viewer.canvas
    session.findings = (suggestion(session.frame_key),)
    session.pulse()
    window.binder.update_now()
    assert canvas.visible_marks()
    qtbot.keyPress(canvas, Qt.Key.Key_Space)
    assert session.overlays_hidden and not canvas.visible_marks()
    qtbot.keyRelease(canvas, Qt.Key.Key_Space)
    assert not session.overlays_hidden and canvas.visible_marks()


def test_overlay_of_the_pyramid_reaches_the_canvas(window: MainWindow) -> None:
    session, layer = window._bench.session, window.viewer.canvas.overlay
    session.analyses[(session.frame_key, "")] = analysis(session.frame_key)
    window._bench.explain.overlay("mfp")
    window.binder.update_now()
    assert [layer.rect.x(), layer.rect.y(), layer.rect.width(), layer.rect.height()] == pytest.approx([0, 0, 120, 60])
    assert "MFP 1/4" in window.viewer.legend._words.text() and "3f9a21c8" in window.viewer.legend._words.text()
    window._bench.explain.next_scale()
    window.binder.update_now()
    assert "MFP 1/8" in window.viewer.legend._words.text()


def test_the_localizer_jumps_to_the_nearest_scan(qtbot: QtBot, window: MainWindow) -> None:
    localizer = window.viewer.localizer
    assert localizer.isVisible() and not localizer.base.empty
    # Lines lie at 20, 30, 40, 50 and 60; 48 is nearest to 50.
    qtbot.mouseClick(localizer, Qt.MouseButton.LeftButton, pos=at(localizer, 40, 48))
    assert window._bench.session.index == 3


def test_another_patient_is_a_visible_change(window: MainWindow, settle: Settle) -> None:
    strip = window.banner._strip.property("colour")
    window._bench.open.show_series("other")
    settle(lambda: window._bench.session.raster is not None)
    assert window.banner.person.text() == "Doe, John   ID 99"
    assert window.banner.eye.text() == "side unknown"
    assert window.banner.changed_words.text() == "Another patient"
    assert window.banner._strip.property("colour") != strip
    assert "Lossy compressed" in window.viewer.canvas.top_lines
    assert "Lossy compressed" in window.banner.study.text()
    assert not window.viewer.localizer.isVisible()


def test_an_answer_streams_and_its_citation_is_a_button(window: MainWindow) -> None:
    session = window._bench.session
    question = Question("Is there fluid?", "study-1", FrameKey("scan", 2))
    session.streaming = Streaming(question, "Yes, flu")
    session.pulse()
    window.binder.update_now()
    assert window.chat._running.words.text() == "Yes, flu"
    answer = Answer(question, "Yes, fluid.", "yes", "fluid", confidence=0.86, model=MODEL,
                    citations=(Citation("region", Box(10, 10, 20, 20)), Citation("map", text="fluid")))
    session.streaming, session.answers = None, (answer,)
    session.pulse()
    window.binder.update_now()
    turn = window.chat._turns[0]
    assert window.chat._running is None and turn.words.text() == "Yes, fluid."
    assert turn.verdict.text() == "Yes, 0.86"
    assert turn.source.text() == "suggested by retina-s 3f9a21c8, not reviewed"
    buttons = [one for one in turn.findChildren(QAbstractButton) if one.text() == "map of fluid"]
    buttons[0].click()
    assert session.overlay.kind != "none"


def test_words_of_a_model_are_never_markup(window: MainWindow) -> None:
    session = window._bench.session
    question = Question("<b>x</b>", "study-1", FrameKey("scan", 2))
    session.answers = (Answer(question, "<img src='http://x'>"),)
    session.pulse()
    window.binder.update_now()
    assert window.chat._turns[0].words.textFormat() == Qt.TextFormat.PlainText


def test_suggestions_are_accepted_in_the_panel(window: MainWindow, settle: Settle) -> None:
    bench, panel = window._bench, window.findings
    session = bench.session
    session.findings = merge_suggestions((suggestion(session.frame_key),), analysis(session.frame_key), session.frame,
                                         "study-1")
    session.pulse()
    window.tabs.setCurrentWidget(panel)
    window.binder.update_now()
    assert panel.list.topLevelItem(0).text(2) == "suggested 0.86"
    panel.list.itemClicked.emit(panel.list.topLevelItem(0), 0)
    window.binder.update_now()
    panel.accept.click()
    settle(lambda: session.findings[0].state is State.ACCEPTED)
    assert panel.list.topLevelItem(0).text(2) == "accepted 0.86" and not panel.accept.isEnabled()
    assert panel.undo.text() == "Undo: accept drusen on frame 3"


def test_a_label_is_read_as_words_and_kept_as_its_word(window: MainWindow, settle: Settle) -> None:
    bench, panel = window._bench, window.findings
    drawn = bench.annotate.add(RegionKind.BOX, ((5.0, 5.0), (20.0, 15.0)))
    settle(lambda: bool(bench.session.findings))
    bench.annotate.select(drawn)
    window.binder.update_now()
    assert not any("_" in panel.label.itemText(row) for row in range(panel.label.count()))
    for typed, kept in (("hard exudate", "hard_exudate"), ("an old scar", "an old scar")):
        panel.label.setCurrentText(typed)
        panel.label.lineEdit().returnPressed.emit()
        settle(lambda kept=kept: bench.session.findings[-1].label == kept)
        window.binder.update_now()
        assert panel.label.currentText() == typed and bench.session.selected == drawn


def test_what_is_measured_of_the_selected_mark_is_told(window: MainWindow, settle: Settle) -> None:
    bench, panel = window._bench, window.findings
    window.tabs.setCurrentWidget(panel)
    bench.annotate.add(RegionKind.BOX, ((0.0, 0.0), (12.0, 6.0)))
    settle(lambda: bench.session.selected is not None)
    window.binder.update_now()
    # 12 columns of 12 um, 6 rows of 4 um; half of the pixels are the block of 250, half are 22.
    assert panel.facts.text() == (
        "Area 0.003456 mm\u00b2, width 144 \u00b5m, height 24 \u00b5m, perimeter 336 \u00b5m (scale calibrated)\n"
        "Mean 136 stored values, SD 114, range 22 to 250, 72 pixels")
    bench.annotate.select(None)
    window.binder.update_now()
    assert not panel.facts.isVisible()


def test_nobody_is_offered_to_ask_which_eye_a_ct_shows(window: MainWindow) -> None:
    session, ask = window._bench.session, window._bench.ask
    assert "Which eye is this?" in ask.suggestions()
    assert session.series is not None
    session.series = replace(session.series, modality="CT")
    assert ask.suggestions() and not any("eye" in one or "lesion" in one for one in ask.suggestions())


def test_escape_gives_the_keys_back_to_the_picture(window: MainWindow, qtbot: QtBot) -> None:
    window.bar.actions["ask"].trigger()
    assert not window.viewer.canvas.hasFocus()
    window.bar.actions["step-back"].trigger()
    qtbot.waitUntil(window.viewer.canvas.hasFocus)


def test_evidence_controls_become_wishes_and_follow_them(window: MainWindow) -> None:
    bench, panel = window._bench, window.evidence
    panel.opacity.setValue(35)
    assert bench.session.overlay.opacity == pytest.approx(0.35)
    bench.explain.set(opacity=0.8, threshold=0.4, kind="dar")
    window.binder.update_now()
    assert (panel.opacity.value(), panel.threshold.value(), panel.kind.currentData()) == (80, 40, "dar")
    panel.dar.gain.setValue(3.5)
    assert bench.session.overlay.dar.gain == 3.5


def test_the_header_is_read_when_looked_at(window: MainWindow, settle: Settle) -> None:
    assert window.header.rows.topLevelItemCount() == 0
    window.tabs.setCurrentWidget(window.header)
    settle(lambda: window.header.rows.topLevelItemCount() == 3)
    window.header.filter.setText("spacing")
    visible = [i for i in range(3) if not window.header.rows.topLevelItem(i).isHidden()]
    assert [window.header.rows.topLevelItem(i).text(0) for i in visible] == ["PixelSpacing"]


def test_notices_are_told_in_place_and_dismissed(window: MainWindow) -> None:
    session = window._bench.session
    session.notices = ()
    session.tell("error", "Not saved: the disk is full.", "Free some space.", "disk-full")
    session.pulse()
    window.binder.update_now()
    strip = next(iter(window.notices._strips.values()))
    strip.findChildren(QAbstractButton)[0].click()
    assert QApplication.clipboard().text() == "[disk-full] Not saved: the disk is full. Free some space."
    strip._dismiss()
    window.binder.update_now()
    assert not window.notices.isVisible()


def test_progress_can_be_cancelled(window: MainWindow) -> None:
    session = window._bench.session
    session.progress["model"] = Progress("model", "encoding frame 3", 1, 4, started=0.0)
    session.pulse()
    window.binder.update_now()
    running = window.status._lanes["model"]
    assert running.words.text().startswith("encoding frame 3  25 %  about")
    running.findChildren(QAbstractButton)[0].click()
    window.binder.update_now()
    assert "model" not in window.status._lanes


def test_playing_stops_when_the_bar_is_hidden(qtbot: QtBot, window: MainWindow) -> None:
    frames = window.viewer.frames
    frames.play(True)
    qtbot.waitUntil(lambda: window._bench.session.index != 2)
    window._bench.open.close_study()
    window.binder.update_now()
    assert not frames.playing and window.pages.currentWidget() is window.welcome


def test_files_can_be_dropped(qtbot: QtBot, window: MainWindow, tmp_path: Path, settle: Settle) -> None:
    window._bench.open.close_study()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    window.dropEvent(QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                                Qt.KeyboardModifier.NoModifier))
    settle(lambda: window._bench.session.raster is not None and not window._bench.session.progress)
    assert window.pages.currentWidget() is window.split


def test_small_screens_fold_and_nothing_is_cut(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.studies.folded
    window.resize(1280, 800)
    qtbot.wait(20)
    assert window.studies.folded and window.width() == 1280
    assert window.banner.person.width() >= window.banner.person.sizeHint().width()


def test_who_it_is_is_never_cut(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(860, 560)
    qtbot.wait(20)
    person = window.banner.person
    assert person.text().split() == ["Muster,", "Anna", "F", "born", "1957-03-12", "ID", "4711"]
    assert "\n" in person.text() and person.width() >= person.sizeHint().width()
    assert person.mapTo(window, QPoint(person.width(), 0)).x() <= window.viewer.mapTo(
        window, QPoint(window.viewer.width(), 0)).x()
    window.resize(1600, 1000)
    qtbot.wait(20)
    assert "\n" not in person.text()


def test_controls_have_names(window: MainWindow) -> None:
    nameless = [one for kind in (QAbstractButton, QComboBox, QSpinBox, QSlider, QLineEdit)
                for one in window.findChildren(kind)
                if not (one.accessibleName() or (one.text() if isinstance(one, QAbstractButton) else "")
                        or one.objectName().startswith("qt_") or isinstance(one.parent(), QComboBox | QSpinBox))]
    assert [f"{type(one).__name__} in {type(one.parent()).__name__}" for one in nameless] == []


def test_pixel_under_the_cursor(qtbot: QtBot, window: MainWindow) -> None:
    canvas = window.viewer.canvas
    qtbot.mouseMove(canvas, pos=at(canvas, 3.5, 2.5) + QPoint(0, 0))
    qtbot.waitUntil(lambda: window.viewer._pixel.text() != "")
    assert window.viewer._pixel.text() == "250 at (3, 2)"
