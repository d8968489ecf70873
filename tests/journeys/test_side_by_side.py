"""Both eyes, two visits and two people side by side in the real window, from files on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from fineview.core.image import Window
from fineview.gui.panels.series_tree import SERIES_MIME
from fineview.gui.theme import apply_theme
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.neighbour import Neighbour
from tests.journeys.conftest import Clinician, leave, seat
from tests.journeys.two_eyes import write_eye

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eyes")
    write_eye(folder, "L")
    write_eye(folder, "R")
    return folder


@pytest.fixture
def person(qtbot, qapp, tmp_path: Path) -> Iterator[Clinician]:
    apply_theme(qapp, "dark")
    made = seat(qtbot, tmp_path / "store")
    made.bench.explain.enabled = False
    yield made
    leave(made)


def opens(person: Clinician, folder: Path) -> None:
    person.opens(folder)
    shown(person)


def shown(person: Clinician) -> None:
    """Wait until every pane shows what it is said to show."""
    def there() -> bool:
        person.window.binder.update_now()
        state = person.window.state
        return state.image is not None and all(
            one.series is None or one.loaded for one in state.panes.panes if one.number != state.panes.active)

    person.wait(there)


def wheel(canvas: Canvas, notches: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    middle = QPointF(canvas.rect().center())
    QApplication.sendEvent(canvas, QWheelEvent(
        middle, canvas.mapToGlobal(middle), QPoint(), QPoint(0, -120 * notches), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False))


def neighbour(person: Clinician, number: int) -> Neighbour:
    return person.window.viewer.grid.neighbours[number]


def level(canvas: Canvas) -> int:
    """Grey value of the middle of the picture, as it is painted."""
    return canvas.grab().toImage().pixelColor(canvas.rect().center()).red()


def lies(canvas: Canvas) -> tuple[float, float, float]:
    return canvas.placement.zoom, *canvas.placement.centre


def test_two_eyes_hang_and_scroll_together_until_unlinked(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    grid, canvas = person.window.viewer.grid, person.window.viewer.canvas
    # Opened with the left eye's file first; the right eye hangs on the left of the screen all the same.
    assert [title.parts[0] for title in grid.titles] == ["OD", "OS", "OD", "OS"]
    assert person.window.state.panes.layout == "2x2" and all(title.isVisible() for title in grid.titles)
    assert grid.titles[0].x() < grid.titles[1].x() and grid.titles[2].y() > grid.titles[0].y()
    active = person.window.state.panes.active
    lead, other = (canvas, neighbour(person, 1)) if active == 0 else (canvas, neighbour(person, 0))
    assert (level(lead), level(other)) == (50, 50)  # the middle one of seven
    wheel(lead, 2)  # two B-scans nearer to the head
    shown(person)
    assert (level(lead), level(other)) == (30, 30)
    person.window.bar.actions["link"].trigger()
    wheel(lead, 1)
    shown(person)
    assert (level(lead), level(other)) == (20, 30)
    wheel(other, -3)
    shown(person)
    assert (level(lead), level(other)) == (20, 60)
    person.window.bar.actions["link"].trigger()
    wheel(other, 1)  # the wheel over either leads; they stay as far apart as they were
    shown(person)
    assert (level(lead), level(other)) == (20, 50)  # the first was at its end
    wheel(other, -2)
    shown(person)
    assert (level(lead), level(other)) == (30, 70)


def test_the_other_pane_is_activated_marked_and_left_again(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    person.bench.panes.activate(0)
    person.bench.panes.link()
    shown(person)
    canvas, session = person.window.viewer.canvas, person.session
    wheel(canvas, 1)
    wheel(canvas, -3, Qt.KeyboardModifier.ControlModifier)
    canvas.pan_by(7, 5)
    person.bench.look.window(Window(60, 80, "linear_exact"))
    right = person.draws("box", (10, 10), (20, 20))
    before, lay = (session.index, session.view), lies(canvas)
    person.qtbot.mouseClick(neighbour(person, 1), LEFT, pos=neighbour(person, 1).rect().center())
    shown(person)
    assert session.series.laterality.value == "L" and session.panes.active == 1
    left_behind = neighbour(person, 0)
    assert lies(left_behind) == pytest.approx(lay)
    assert left_behind.state.view == before[1] and [f.id for _, f in left_behind.state.findings] == [right]
    assert left_behind.isVisible() and not neighbour(person, 1).isVisible()
    left = person.draws("box", (30, 20), (40, 30))
    person.window.bar.actions["pane-1"].trigger()
    shown(person)
    assert (session.index, session.view) == before and lies(canvas) == pytest.approx(lay)
    assert {f.id for f in session.findings} == {right, left}  # one study: its marks are listed together
    assert [f.id for f in person.window.state.frame_findings] == [right]
    assert [f.id for _, f in neighbour(person, 1).state.findings] == [left]


def test_a_click_on_a_photograph_goes_to_its_b_scan(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    person.bench.panes.activate(0)
    shown(person)
    photo = neighbour(person, 2)
    # The third line from the top lies at y = 40; frames are stored from the feet.
    spot = photo.placement.matrix().map(QPointF(50, 41)).toPoint()
    person.qtbot.mouseClick(photo, LEFT, pos=spot)
    shown(person)
    assert level(person.window.viewer.canvas) == 40 and person.session.panes.active == 0
    assert level(neighbour(person, 1)) == 40
    (x0, y0), (x1, y1) = photo.state.here
    assert {round(x0), round(x1)} == {20, 80} and round(y0) == round(y1) == 40
    person.qtbot.mouseClick(photo, LEFT, pos=QPoint(2, photo.height() // 2))  # beside the picture: choose the pane
    shown(person)
    assert person.session.panes.active == 2 and person.session.series.modality == "OP"


def test_a_double_click_gives_one_pane_all_the_room(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    canvas, grid = person.window.viewer.canvas, person.window.viewer.grid
    person.qtbot.mouseDClick(canvas, LEFT, pos=canvas.rect().center())
    person.window.binder.update_now()
    assert [one.isVisible() for one in grid.neighbours] == [False] * 4
    assert person.window.studies.isVisible() and person.window.viewer.localizer.isVisible()
    person.qtbot.mouseDClick(canvas, LEFT, pos=canvas.rect().center())
    person.window.binder.update_now()
    assert sum(one.isVisible() for one in grid.neighbours) == 3 and not person.window.viewer.localizer.isVisible()


def test_a_series_is_dropped_into_a_pane(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    person.bench.panes.layout("1x2")
    person.bench.panes.activate(0)
    shown(person)
    grid, window = person.window.viewer.grid, person.window
    photo = next(one for one in person.session.study.series if one.modality == "OP" and one.laterality.value == "L")
    data = QMimeData()
    data.setData(SERIES_MIME, photo.uid.encode())
    at = grid.neighbours[1].mapTo(window, grid.neighbours[1].rect().center())
    event = QDropEvent(QPointF(at), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier,
                       QEvent.Type.Drop)
    window.dropEvent(event)
    shown(person)
    assert event.isAccepted() and grid.neighbours[1].state.series.uid == photo.uid
    assert person.session.series.modality == "OPT"
    # The tree offers the same, and what it drags is the series.
    tree = window.studies.tree
    assert bytes(tree.mimeData([window.studies._rows[photo.uid]]).data(SERIES_MIME)).decode() == photo.uid
    menu = tree.menu_for(photo.uid)
    menu.actions()[0].trigger()
    menu.deleteLater()
    person.wait(lambda: person.session.series.uid == photo.uid and person.session.panes.active == 0)


def test_two_visits_hang_in_the_order_of_time(person: Clinician, tmp_path: Path) -> None:
    write_eye(tmp_path / "in", "R", study="2", date="20260304")
    write_eye(tmp_path / "in", "R", study="1", date="20250304")
    opens(person, tmp_path / "in")
    titles = person.window.viewer.grid.titles
    assert [title.parts[1] for title in titles[:2]] == ["2025-03-04", "2026-03-04"]
    assert not person.window.viewer.grid.people.isVisible()


def test_two_people_are_never_hung_together_and_a_warning_stands_over_them(person: Clinician, tmp_path: Path) -> None:
    write_eye(tmp_path / "in", "R", study="1", name="Muster^Anna")
    write_eye(tmp_path / "in", "L", study="2", name="Doe^John")
    opens(person, tmp_path / "in")
    window = person.window
    assert window.state.panes.layout == "1x1" and not window.viewer.grid.people.isVisible()
    other = next(study for study in person.session.catalogue.studies if study is not person.session.study)
    mine = person.draws("box", (10, 10), (20, 20))
    person.bench.panes.put(1, other.series[0].uid)
    shown(person)
    assert window.viewer.grid.people.isVisible()
    assert {title.parts[0] for title in window.viewer.grid.titles[:2]} == {"Muster, Anna", "Doe, John"}
    person.bench.panes.activate(1)
    shown(person)
    assert person.session.findings == () and [f.id for _, f in neighbour(person, 0).state.findings] == [mine]
    assert window.banner.person.text().startswith(window.viewer.grid.titles[1].parts[0])


def test_zoom_and_pan_are_shared_while_linked(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    person.bench.panes.activate(0)
    shown(person)
    canvas, other, photo = person.window.viewer.canvas, neighbour(person, 1), neighbour(person, 2)
    fitted, still = other.placement.zoom, photo.placement
    canvas.zoom_by(2.0)
    assert other.placement.zoom == pytest.approx(2 * fitted) and photo.placement == still
    other.pan_by(10, 0)
    assert canvas.placement.centre == pytest.approx(other.placement.centre)
    person.window.desk.fit()
    assert other.placement.zoom == pytest.approx(fitted)
    person.bench.panes.link()
    person.window.binder.update_now()
    canvas.zoom_by(2.0)
    assert other.placement.zoom == pytest.approx(fitted)


def test_nothing_is_clipped_on_a_small_screen(person: Clinician, eyes: Path) -> None:
    person.window.resize(1280, 800)
    opens(person, eyes)
    grid = person.window.viewer.grid
    for layout, count in (("1x1", 0), ("1x2", 1), ("2x1", 1), ("2x2", 3)):
        person.window.bar.actions[f"layout-{layout}"].trigger()
        shown(person)
        for part in (*grid.titles, *grid.neighbours, person.window.viewer.canvas):
            if part.isVisible():
                place = part.rect().translated(part.mapTo(grid, QPoint()))
                assert grid.rect().contains(place) and part.width() > 100 and part.height() >= 24
        shares = [one.geometry() for one in grid.neighbours if one.isVisible()]
        assert len(shares) == count
        assert not any(a.intersects(b) for a in shares for b in shares if a is not b)


def test_the_active_picture_goes_on_as_it_lies_when_the_layout_shrinks(person: Clinician, eyes: Path) -> None:
    opens(person, eyes)
    person.bench.panes.activate(1)
    shown(person)
    canvas = person.window.viewer.canvas
    canvas.zoom_by(3.0)
    canvas.pan_by(9, 4)
    lay, series = lies(canvas), person.session.series
    person.window.bar.actions["layout-1x1"].trigger()
    shown(person)
    assert person.session.series is series and lies(canvas) == pytest.approx(lay)
