"""Every object beside images with whether it is shown, proved by drawing it: what ``fineview info`` tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineview.core.companion import DRAWN, Companion
from fineview.core.errors import FineViewError
from fineview.core.study import Catalogue, FrameInfo, FrameKey
from fineview.services.companion_index import Belonging, index_of
from fineview.services.ports import Archive, TokenPort

ShownAs = Literal["overlay", "presentation", "flag", "series"]
# A segmentation of 500 slices may be empty on most of them: enough are tried to tell empty from impossible.
_MOST_TRIED = 16


@dataclass(frozen=True, slots=True)
class KnownObject:
    """``shown_as`` None: known, not shown, and ``why``.  ``why`` beside something shown: what of it is not."""

    companion: Companion
    shown_as: ShownAs | None
    why: str = ""


def known_objects(catalogue: Catalogue, archive: Archive, token: TokenPort) -> tuple[KnownObject, ...]:
    """One a companion of the catalogue, in its order.  Raises ``Cancelled`` through the token."""
    found = []
    for one in index_of(catalogue).belongings:
        token.raise_if_cancelled()
        found.append(_known(one, catalogue, archive))
    return tuple(found)


def _known(one: Belonging, catalogue: Catalogue, archive: Archive) -> KnownObject:
    kind = one.companion.kind
    if kind == "key-objects" and one.frames:
        return KnownObject(one.companion, "flag")
    why = one.why
    if kind in DRAWN and one.frames:
        drawn, why = _tried(one, catalogue, archive)
        if drawn:
            return KnownObject(one.companion, "presentation" if kind == "presentation" else "overlay", why)
    if one.own_series:
        return KnownObject(one.companion, "series", why)
    return KnownObject(one.companion, None, why or _why(one.companion))


def _why(companion: Companion) -> str:
    return "It can be saved from the window." if companion.suffix else "This kind of object is listed with its text."


def _tried(one: Belonging, catalogue: Catalogue, archive: Archive) -> tuple[bool, str]:
    """Whether the object draws on a frame it belongs to, and the reason where it does not.

    A report without coordinates draws nothing and has no reason: it is read, not laid over the picture.
    """
    step = max(len(one.frames) // _MOST_TRIED, 1)
    reasons = []
    for key in one.frames[::step][:_MOST_TRIED]:
        try:
            made = archive.draw(one.companion, _frame(catalogue, key))
        except FineViewError as error:
            reasons.append(error.what)
            continue
        if not made.empty:
            return True, made.why
        reasons.append(made.why)
    told = next((why for why in reasons if why), "")
    read = one.companion.kind == "report"
    return False, told or ("It has nothing to draw." if read else "It is empty on the frames that were tried.")


def _frame(catalogue: Catalogue, key: FrameKey) -> FrameInfo:
    return catalogue.find_series(key.series_uid)[1].frames[key.index]
