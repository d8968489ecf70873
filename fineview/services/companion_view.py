"""Objects beside images, as the window shows them: rows of a list, and what lies over the shown frame.  Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from fineview.core.companion import DRAWN, Companion, Drawing, Part, Presentation
from fineview.core.image import Raster
from fineview.services.companion_index import Belonging, CompanionIndex, CompanionWishes
from fineview.services.remembered import remembered
from fineview.services.session import Session

KIND_WORDS = {
    "segmentation": "segmentation", "presentation": "presentation", "structures": "structure set",
    "key-objects": "key objects", "report": "report", "parametric-map": "parametric map", "document": "document",
    "overlay-planes": "overlay", "dose": "dose", "plan": "plan", "analysis": "analysis", "other": "object"}


_MOST_TITLES = 3


@dataclass(frozen=True, slots=True)
class CompanionRow:
    """One line of the list.  ``words``: where it is shown, or "known, not shown" and why.

    ``can_show``: it can be switched; ``on``: it is; ``here``: it belongs to the shown frame.
    """

    companion: Companion
    words: str
    can_show: bool
    on: bool
    here: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """What one object lays over the shown frame, parts that are hidden left out by the painter."""

    companion: Companion
    drawing: Drawing
    hidden: frozenset[int] = frozenset()

    def part(self, number: int) -> Part:
        found = next((one for one in self.companion.parts if one.number == number), None)
        return found or Part(number, "")


@dataclass(frozen=True, slots=True)
class CompanionView:
    """``key_words``: titles of the key object selections that name the shown frame; ``whys``: (path, reason) of what
    is not drawn here although it should be; ``key_frames``: indices of flagged frames of the shown series."""

    rows: tuple[CompanionRow, ...] = ()
    laid: tuple[Laid, ...] = ()
    presentation: Presentation | None = None
    presented_by: str = ""
    key_words: str = ""
    key_frames: tuple[int, ...] = ()
    selected: str = ""
    hidden: frozenset[tuple[str, int]] = frozenset()
    whys: tuple[tuple[str, str], ...] = ()
    all_off: bool = False

    @property
    def sources(self) -> str:
        """Titles of what lies over the frame, for the picture itself: whose it is must not be lost."""
        titles = list(dict.fromkeys(one.companion.title for one in self.laid))
        more = f" and {len(titles) - _MOST_TITLES} more" if len(titles) > _MOST_TITLES else ""
        return ", ".join(titles[:_MOST_TITLES]) + more

    def row(self, path: str) -> CompanionRow | None:
        return next((one for one in self.rows if one.companion.path == path), None)


def companion_view(session: Session) -> CompanionView:
    """What the session says of objects: all of them, and those on the shown frame."""
    index, wishes, key = session.companion_index, session.companions, session.frame_key
    if not index.belongings:
        return CompanionView()
    here = index.by_frame.get(key, ()) if key is not None else ()
    titles = Counter((one.companion.kind, one.companion.title) for one in index.belongings)
    rows = tuple(_row(one, wishes, one.companion in here, titles[one.companion.kind, one.companion.title] > 1)
                 for one in index.belongings)
    drawn = [(one, session.drawings.get((one.path, key))) for one in here] if key is not None else []
    shown = [(one, made) for one, made in drawn if made is not None and is_on(one, wishes)]
    hide = session.overlays_hidden or wishes.all_off
    laid = tuple(Laid(one, made, frozenset(part for path, part in wishes.hidden if path == one.path))
                 for one, made in shown if made.shapes or made.masks)
    state = next(((one, made) for one, made in shown if made.presentation is not None), None)
    series = session.series.uid if session.series else ""
    return CompanionView(
        rows, () if hide else laid, state[1].presentation if state else None, state[0].title if state else "",
        ", ".join(one.title for one in here if one.kind == "key-objects"), _flagged(index, series), wishes.selected,
        wishes.hidden, tuple((one.path, made.why) for one, made in shown if made.why), wishes.all_off)


def _flagged(index: CompanionIndex, series: str) -> tuple[int, ...]:
    return tuple(sorted({key.index for one in index.belongings if one.companion.kind == "key-objects"
                         for key in one.frames if key.series_uid == series}))


def is_on(companion: Companion, wishes: CompanionWishes) -> bool:
    """A presentation is chosen, everything else is shown until it is switched off."""
    if companion.kind == "presentation":
        return companion.path == wishes.presentation
    return companion.kind in DRAWN and companion.path not in wishes.off


def _row(one: Belonging, wishes: CompanionWishes, here: bool, namesake: bool) -> CompanionRow:
    """``namesake``: another object has the same title, so that only the file's name tells them apart."""
    words = f"{state_words(one)}, {PurePath(one.companion.path).name}" if namesake else state_words(one)
    can_show = bool(one.frames) and one.companion.kind in DRAWN
    return CompanionRow(one.companion, words, can_show, can_show and is_on(one.companion, wishes), here)


def state_words(one: Belonging) -> str:
    """Where an object is shown, or that it is not, and why."""
    count = len(one.frames)
    frames = f"{count} frame{'s' if count != 1 else ''}"
    if one.companion.kind == "key-objects" and count:
        return f"flags {frames}"
    if one.companion.kind in DRAWN and count:
        return f"on {frames}"
    if one.companion.suffix:
        return "known, not shown; can be saved"
    if one.own_series:
        return "shown as a series of its own" + (f"; {_lower(one.why)}" if one.why else "")
    return f"known, not shown{f': {_lower(one.why)}' if one.why else ''}"


def _lower(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


@remembered
def presented(raster: Raster, state: Presentation | None) -> Raster:
    """The raster with the windows of a presentation in place of its own; the same pixels."""
    if state is None or raster.is_colour or (state.window is None and state.lut is None):
        return raster
    inverse = raster.inverted if state.inverse is None else state.inverse
    if state.window is not None:
        return replace(raster, windows=(state.window,), voi_lut=None, inverted=inverse, _key=[])
    assert state.lut is not None
    first, table, bits = state.lut
    return replace(raster, windows=(), voi_lut=(first, np.array(table, np.uint16), bits), inverted=inverse, _key=[])
