"""Rows of the table of actions that belong to panes, and to windows by name."""

from __future__ import annotations

from fineview.gui.action_row import Action, has_image
from fineview.gui.desk import Desk
from fineview.services.panes import MOST, Layout
from fineview.services.snapshot import ViewState

# More windows than a modality has names for are never offered.
MOST_PRESETS = 9


def has_panes(state: ViewState) -> bool:
    return state.panes.several


def _lay_out(desk: Desk, layout: Layout) -> None:
    """Three planes take the places of the panes: who wants panes wants them no longer."""
    if desk.bench.session.planes is not None:
        desk.bench.planes.close()
    desk.bench.panes.layout(layout)


def _layout(layout: Layout, title: str, key: str, icon: str, toolbar: int = 5) -> Action:
    return Action(f"layout-{layout}", title, key, icon, "Panes", "Pictures side by side; drag series into them",
                  lambda d: _lay_out(d, layout), has_image,
                  lambda s: s.panes.layout == layout and s.planes is None, toolbar)


def _pane(number: int) -> Action:
    return Action(f"pane-{number + 1}", f"Pane {number + 1}", f"Ctrl+{number + 1}", "", "Panes",
                  "Tools, marks, maps and chat go to it", lambda d: d.bench.panes.activate(number),
                  lambda s: number < len(s.panes.panes) and s.panes.panes[number].series is not None,
                  lambda s: s.panes.several and s.panes.active == number)


def _preset(number: int) -> Action:
    return Action(f"preset-{number}", f"Window preset {number}", f"Alt+{number}", "", "Presets",
                  "By the modality; the menu names it", lambda d: d.bench.look.preset(number), has_image)


PANES = (
    _layout("1x1", "One picture", "F3", "layout-1x1"),
    _layout("1x2", "Two side by side", "F4", "layout-1x2"),
    _layout("2x1", "One above the other", "Shift+F4", "layout-2x1", 0),
    _layout("2x2", "Two by two", "F5", "layout-2x2"),
    Action("link", "Scroll and zoom together", "Ctrl+L", "link", "Panes", "From where the pictures are now",
           lambda d: d.bench.panes.link(), has_panes, lambda s: s.panes.several and s.panes.linked, toolbar=5),
    Action("alone", "Active pane alone", "F12", "maximise", "Panes", "All the room for it, and back",
           lambda d: d.bench.panes.alone(), has_panes, lambda s: s.panes.several and s.panes.alone),
    Action("next-pane", "Next pane", "Ctrl+Tab", "", "Panes", "", lambda d: d.bench.panes.next(), has_panes),
    *(_pane(number) for number in range(MOST)),
    Action("hanging", "Hanging …", "", "layout-2x2", "Panes", "What stands side by side when a study is opened",
           lambda d: d.hanging()),
)
PRESETS = (
    Action("preset-0", "As the file says", "Alt+0", "", "Presets", "", lambda d: d.bench.look.window(None), has_image),
    *(_preset(number) for number in range(1, MOST_PRESETS + 1)),
    Action("windows", "Windows …", "", "window", "Presets", "The windows that the keys stand for, by modality",
           lambda d: d.windows()),
)
PANE_GESTURES: tuple[tuple[str, str], ...] = (
    ("Click a pane", "make it the active one; on a photograph with scan lines: go to the nearest B-scan"),
    ("Click the line above a pane", "make it the active one"),
    ("Drag a series", "show it in the pane it is dropped on"))
