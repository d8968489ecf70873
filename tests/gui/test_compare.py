"""The window over the real application with small encoders: switching, comparing, and the model's eye, by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from fineview.app import App
from fineview.core.dialogue import Answer, Question
from fineview.core.study import FrameKey
from fineview.gui.dialogs.advice import EncoderAdvice
from fineview.gui.dialogs.modalities import WhyTheyDiffer
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.theme import apply_theme
from tests.gui.scene import MODEL, ArrayArchive
from tests.gui.viewer.test_gestures import at
from tests.services.tiny_encoders import tiny_folder


class Seat:
    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.bench, self.session, self.panel = window._bench, window._bench.session, window.evidence
        self.pictures = window.viewer.pictures

    def wait(self, until: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(until, timeout=20_000)
        self.qtbot.wait(10)

    def press(self, key: Qt.Key) -> None:
        self.window.activateWindow()
        self.window.viewer.canvas.setFocus()
        self.qtbot.keyClick(self.window.viewer.canvas, key)
        self.window.binder.update_now()

    def pick(self, box: QComboBox, value: object) -> None:
        """What a hand does: choose the entry and let the box say so."""
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
        self.window.binder.update_now()

    def shows(self, words: str) -> bool:
        return words in self.window.viewer.legend.words()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a person who imported two encoders."""
    root = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(("aster", "birch")):
        tiny_folder(root / "encoders", name, seed)
    return root


@pytest.fixture
def seat(qtbot: QtBot, qapp: QApplication, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
         ) -> Iterator[Seat]:
    apply_theme(qapp, "dark")
    monkeypatch.setenv("FINEVIEW_DATA", str(data))
    app, mailbox = App(encoder="aster", device="cpu", data_dir=tmp_path), Mailbox()
    app._archive = ArrayArchive()
    bench = app.workbench(mailbox.post)
    window = MainWindow(bench, first_run=False, facts=app.facts)
    window.resize(1600, 1000)
    window.show()
    bench.open.sample()
    made = Seat(qtbot, window)
    made.wait(lambda: bench.session.raster is not None and not bench.session.progress and bool(bench.session.encoders))
    window.tabs.setCurrentWidget(window.evidence)
    yield made
    window.close()
    app.close()
    window.deleteLater()
    mailbox.deleteLater()


def entries(box: QComboBox) -> list[object]:
    return [box.itemData(i) for i in range(box.count())]


def test_encoders_at_hand_are_offered_and_chosen_live(seat: Seat) -> None:
    box = seat.panel.encoder.box
    assert set(entries(box)) == {"", "birch", "retina-s"} and box.currentText().startswith("aster")
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: seat.shows("aster"))
    # Loaded now, so everything it can do is offered, and the control.
    assert {"raw", "dar", "dar-inline", "rel-att", "grad-att", "pure-grad", "random"} <= set(entries(seat.panel.kind))
    seat.pick(box, "birch")
    assert seat.shows("aster") and box.currentData() == "birch"
    seat.wait(lambda: seat.shows("birch"))
    seat.press(Qt.Key.Key_3)
    seat.wait(lambda: seat.shows("aster"))
    assert box.currentData() == ""


def test_the_open_list_says_what_must_be_known_of_an_encoder(seat: Seat) -> None:
    box = seat.panel.encoder.box
    row = box.findData("birch")
    assert box.itemText(row) == "birch"
    option = QStyleOptionViewItem()
    box.itemDelegate().initStyleOption(option, box.model().index(row, 0))
    entry = next(one for one in seat.session.encoders if one.name == "birch")
    assert entry.words and option.text == f"birch: {entry.words}"


def test_the_pyramid_offers_scales_together_and_a_balance_with_words(seat: Seat) -> None:
    panel = seat.panel
    seat.press(Qt.Key.Key_M)
    seat.wait(lambda: seat.shows("MFP 1/4"))
    assert panel.balance.isVisible() and not panel.text.isVisible()
    panel.balance.setValue(40)
    seat.window.binder.update_now()
    assert seat.session.overlay.balance == pytest.approx(0.4) and panel.text.isVisible()
    seat.pick(panel.scale, "16+4")
    assert (seat.session.overlay.mfp_scale, seat.session.overlay.mfp_with) == (16, 4)
    assert not panel.balance.isVisible()
    seat.pick(panel.task, "inspection")
    assert panel.scale.currentData() == "8+0"


def test_flip_key_and_button_exchange_two_methods_in_place(seat: Seat) -> None:
    seat.press(Qt.Key.Key_A)
    seat.press(Qt.Key.Key_D)
    seat.wait(lambda: seat.shows("DAR"))
    placement = seat.window.viewer.canvas.placement
    seat.press(Qt.Key.Key_3)
    seat.wait(lambda: seat.shows("attention"))
    seat.panel.compare.flip.click()
    seat.wait(lambda: seat.shows("DAR"))
    assert seat.window.viewer.canvas.placement == placement


def test_the_control_is_one_click_away(seat: Seat) -> None:
    seat.press(Qt.Key.Key_D)
    seat.wait(lambda: seat.shows("DAR"))
    seat.panel.compare.chance.click()
    seat.wait(lambda: seat.shows("random map, no model"))
    assert seat.panel.compare.chance.isChecked() and seat.window.bar.actions["chance"].isChecked()
    seat.panel.compare.chance.click()
    seat.wait(lambda: seat.shows("DAR"))
    assert not seat.panel.compare.chance.isChecked()


def test_side_by_side_lies_and_moves_together(seat: Seat) -> None:
    canvas, twin, viewer = seat.pictures.canvas, seat.pictures.twin, seat.window.viewer
    seat.press(Qt.Key.Key_A)
    seat.press(Qt.Key.Key_2)
    seat.wait(lambda: viewer.second.isVisible() and seat.window.state.other is not None)
    assert twin.isVisible() and not seat.pictures.localizer.isVisible()
    assert seat.shows("First: attention") and viewer.second.words().startswith("Second: DAR")
    assert twin.base is canvas.base and not twin.overlay.empty

    def together() -> bool:
        return (canvas.placement.zoom, canvas.placement.centre) == (twin.placement.zoom, twin.placement.centre)

    assert together()
    canvas.zoom_by(2.0)
    assert together() and twin.placement.zoom == pytest.approx(canvas.placement.zoom)
    spot = QPointF(twin.rect().center()) + QPointF(30, -20)
    wheel = QWheelEvent(spot, QPointF(twin.mapToGlobal(spot)), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False)
    before, under = canvas.placement.zoom, twin.placement.to_source(spot)
    QApplication.sendEvent(twin, wheel)
    assert canvas.placement.zoom == pytest.approx(before * 1.44) and together()
    assert twin.placement.to_source(spot) == pytest.approx(under)
    canvas.pan_by(15, -8)
    assert together()
    twin.stepped.emit(1)
    assert seat.session.index == 3
    seat.qtbot.mouseMove(canvas, at(canvas, *canvas.placement.centre))
    assert twin.pointer == pytest.approx(canvas.placement.centre, abs=1.0)
    seat.window.resize(1300, 820)
    seat.qtbot.wait(20)
    assert together()
    seat.press(Qt.Key.Key_2)
    assert not twin.isVisible() and seat.pictures.localizer.isVisible() and not viewer.second.isVisible()


def test_nothing_is_drawn_on_the_twin(seat: Seat) -> None:
    seat.press(Qt.Key.Key_2)
    seat.window.bar.actions["tool-box"].trigger()
    seat.window.binder.update_now()
    twin = seat.pictures.twin
    seat.qtbot.mousePress(twin, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
    seat.qtbot.mouseMove(twin, QPoint(90, 90))
    seat.qtbot.mouseRelease(twin, Qt.MouseButton.LeftButton, pos=QPoint(90, 90))
    seat.qtbot.wait(20)
    assert seat.session.findings == () and not twin.hand.busy


def test_the_second_overlay_has_its_own_method_and_encoder(seat: Seat) -> None:
    compare, viewer = seat.panel.compare, seat.window.viewer
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: seat.shows("aster"))
    assert not compare.kind.isVisible()
    compare.beside.click()
    seat.window.binder.update_now()
    assert compare.kind.isVisible() and compare.encoder.isVisible()
    seat.pick(compare.kind, "raw")
    seat.pick(compare.encoder, "birch")
    seat.wait(lambda: "birch" in viewer.second.words())
    assert seat.shows("First: attention") and seat.shows("aster")


def test_the_eye_shows_the_encoders_own_pixels(seat: Seat) -> None:
    eye, canvas = seat.pictures.eye, seat.window.viewer.canvas
    seat.press(Qt.Key.Key_4)
    seat.wait(lambda: seat.window.state.eye is not None)
    view = seat.window.state.eye
    assert eye.isVisible() and eye.title.text().startswith("What aster ")
    assert view.eye.words in eye.words.text() and "1 model pixel = " in eye.words.text()
    shown = eye.canvas.base._halves[0]
    assert np.array_equal(shown, view.eye.canvas)
    # The cursor on the picture points at the same place of the input, and the other way round.
    seat.qtbot.mouseMove(canvas, at(canvas, 60, 30))
    assert eye.loupe.point == pytest.approx((60, 30), abs=0.8)
    assert eye.canvas.pointer == pytest.approx(view.on_canvas(eye.loupe.point))
    there = eye.canvas.placement.to_screen(view.on_canvas((90.0, 20.0))).toPoint()
    seat.qtbot.mouseMove(eye.canvas, there)
    assert canvas.pointer == pytest.approx((90, 20), abs=1.0) and eye.loupe.point == canvas.pointer


def test_the_loupe_paints_single_pixels(seat: Seat) -> None:
    seat.press(Qt.Key.Key_4)
    seat.wait(lambda: seat.window.state.eye is not None)
    pair = seat.pictures.eye.loupe
    pair.look_at((6.0, 6.0))
    native, model, _ = pair.squares()
    image = pair.grab().toImage()
    scale = image.width() / pair.width()

    def gray(square: object, x: float, y: float) -> int:
        point = QPointF(square.x() + square.width() * x, square.y() + square.height() * y) * scale
        return image.pixelColor(point.toPoint()).red()

    # The bright block of frame 2 ends at source pixel 6, the middle of the loupe; left of 0 there is no picture.
    for square in (native, model):
        assert gray(square, 0.35, 0.35) > 200 and gray(square, 0.8, 0.8) < 60
    assert gray(native, 0.1, 0.1) < 20


def test_words_the_encoder_knows_show_their_own_map(seat: Seat) -> None:
    question = Question("Is there fluid or a unicorn?", "study-1", FrameKey("scan", 2))
    seat.session.answers = (Answer(question, "Yes, <b>fluid</b>.", "yes", "fluid", confidence=0.8, model=MODEL),)
    seat.session.pulse()
    seat.window.binder.update_now()
    turn = seat.window.chat._turns[0]
    assert turn.words.textFormat() == Qt.TextFormat.PlainText and not turn.words.click("fluid")
    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: seat.shows("aster"))
    assert turn.words.textFormat() == Qt.TextFormat.RichText
    # Words of a model are never markup, also beside links of our own.
    assert "&lt;b&gt;" in turn.words.text() and "<b>" not in turn.words.text()
    assert not turn.asked.click("unicorn") and turn.asked.click("fluid")
    seat.wait(lambda: seat.shows('"fluid"'))
    heat = next(heat for key, heat in seat.session.heat.items() if key[3] == "fluid")
    plain = next(heat for key, heat in seat.session.heat.items() if key[3] is None)
    assert not np.array_equal(heat.values, plain.values)
    assert turn.words.click("fluid")
    seat.wait(lambda: seat.shows('"lesion"'))


def test_words_can_be_clicked_while_they_stream(seat: Seat) -> None:
    from fineview.services.session import Streaming

    seat.press(Qt.Key.Key_A)
    seat.wait(lambda: seat.shows("aster"))
    question = Question("what is this?", "study-1", FrameKey("scan", 2))
    seat.session.streaming = Streaming(question, "There is drusen and")
    seat.session.pulse()
    seat.window.binder.update_now()
    assert seat.window.chat._running.words.click("drusen")
    seat.wait(lambda: seat.shows('"drusen"'))


def test_every_new_control_has_a_name_and_a_place_in_the_tab_order(seat: Seat) -> None:
    seat.press(Qt.Key.Key_2)
    seat.window.binder.update_now()
    parts = (seat.panel.encoder.box, seat.panel.encoder.which, seat.panel.kind, seat.panel.compare.chance,
             seat.panel.compare.flip, seat.panel.compare.beside, seat.panel.compare.eye, seat.panel.compare.kind,
             seat.panel.compare.encoder)
    for one in parts:
        assert one.isVisible() and (one.accessibleName() or isinstance(one, QAbstractButton) and one.text())
        assert one.focusPolicy() & Qt.FocusPolicy.TabFocus
    seen, at_hand = [], seat.panel.encoder.box
    for _ in range(400):
        seen.append(at_hand)
        at_hand = at_hand.nextInFocusChain()
    order = [seen.index(one) for one in parts]
    assert order == sorted(order)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_in_a_small_window(seat: Seat, qapp: QApplication, theme: str) -> None:
    apply_theme(qapp, theme)
    seat.press(Qt.Key.Key_D)
    seat.press(Qt.Key.Key_2)
    seat.window.resize(1280, 800)
    seat.qtbot.wait(30)
    assert seat.window.width() == 1280
    shown = [one for kind in (QAbstractButton, QComboBox) for one in seat.panel.findChildren(kind) if one.isVisible()]
    for one in shown:
        least = one.minimumSizeHint() if isinstance(one, QComboBox) else one.sizeHint()
        left = one.mapTo(seat.panel, QPoint(0, 0)).x()
        assert one.width() >= least.width() and left >= 0
        assert left + one.width() <= seat.panel.viewport().width(), one.accessibleName() or one.text()
    apply_theme(qapp, "dark")


def _page(seat: Seat, kind: type[QWidget]) -> QWidget:
    page = seat.window.findChild(kind)
    assert page is not None and page.isVisible()
    return page


def test_the_advice_page_says_what_was_measured(seat: Seat) -> None:
    seat.panel.encoder.which.click()
    page = _page(seat, EncoderAdvice)
    seat.wait(lambda: "Encoder" in page.said.text())
    expected = seat.bench.shelf._advise(page.task.currentData())
    assert page.table.topLevelItemCount() == len(expected.rows)
    assert expected.encoder.words.split(":")[0].split('"')[0] in page.said.text()
    for caveat in expected.caveats:
        assert caveat in page.notes.text()
    page.close()


def test_the_modality_page_draws_the_differences(seat: Seat) -> None:
    seat.window.bar.actions["modalities"].trigger()
    page = _page(seat, WhyTheyDiffer)
    # By hand: five of six properties as far apart as can be, dimensions (2 and 1 of 1 to 3) half as far.
    assert page.bars.gap.gap == pytest.approx(5.5 / 6)
    assert page.sums.text() == "Gap 0.92, difficulty of aligning them 0.92 (0 to 1)"
    seat.pick(page.second, "image")
    assert page.sums.text().startswith("Gap 0.00")
    page.close()
