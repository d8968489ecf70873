"""One row of the table of actions, and the conditions that rows share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fineview.gui.desk import Desk
from fineview.services.snapshot import ViewState

Run = Callable[[Desk], object]
When = Callable[[ViewState], bool]


def always(state: ViewState) -> bool:
    return True


def has_image(state: ViewState) -> bool:
    return state.frame_key is not None


def has_frames(state: ViewState) -> bool:
    return state.series is not None and len(state.series.frames) > 1


def has_b_scans(state: ViewState) -> bool:
    return has_frames(state) and state.series is not None and state.series.modality == "OPT"


def has_study(state: ViewState) -> bool:
    return state.study is not None


def has_anything(state: ViewState) -> bool:
    return state.study is not None or bool(state.companions.rows)


def has_selected(state: ViewState) -> bool:
    return state.selected is not None


def has_overlay(state: ViewState) -> bool:
    return state.overlay_wishes.kind != "none"


@dataclass(frozen=True, slots=True)
class Action:
    """One row.  ``icon`` "": the toolbar shows the short title.  ``words``: a title that follows the state.

    ``toolbar``: number of its group in the toolbar, 0 for none.
    """

    id: str
    title: str
    shortcut: str
    icon: str
    menu: str
    tip: str
    run: Run
    enabled: When = always
    checked: When | None = None
    toolbar: int = 0
    words: Callable[[ViewState], str] | None = None
