"""Which frames an object beside images belongs to: by what it names, else by the patient's coordinates.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fineview.core.companion import DRAWN, Companion
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series, Study

# Kinds that may be placed by coordinates where they name no image that is open.
_BY_SPACE = frozenset({"segmentation", "structures"})
_AS_SERIES = frozenset({"parametric-map", "dose", "segmentation", "analysis"})


@dataclass(frozen=True, slots=True)
class CompanionWishes:
    """``off``: paths of objects switched off; ``hidden``: (path, part) of parts that are.

    ``presentation``: path of the state the picture is shown by, "" for none.  ``selected``: whose text is read.
    """

    off: frozenset[str] = frozenset()
    hidden: frozenset[tuple[str, int]] = frozenset()
    presentation: str = ""
    selected: str = ""
    all_off: bool = False


@dataclass(frozen=True, slots=True)
class Belonging:
    """``frames``: those the object may lie on or names; ``why``: the reason where there is none.

    ``own_series``: UID of the series its own pixels are shown as, or "".
    """

    companion: Companion
    frames: tuple[FrameKey, ...] = ()
    why: str = ""
    own_series: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CompanionIndex:
    """All objects of one catalogue, and those that belong to a frame."""

    belongings: tuple[Belonging, ...] = ()
    by_frame: Mapping[FrameKey, tuple[Companion, ...]] = field(default_factory=dict)


def index_of(catalogue: Catalogue) -> CompanionIndex:
    if not catalogue.companions:
        return CompanionIndex()  # most folders; a study of 100,000 frames need not be walked for nothing
    placed: dict[str, list[tuple[FrameKey, FrameInfo, Study]]] = {}
    for key, frame, study in _frames(catalogue):
        if frame.sop_uid:
            placed.setdefault(frame.sop_uid, []).append((key, frame, study))
    own = {frame.path: key.series_uid for key, frame, _ in _frames(catalogue)}
    made = tuple(_belonging(one, catalogue, placed, own.get(one.path, "")) for one in catalogue.companions)
    by_frame: dict[FrameKey, list[Companion]] = {}
    for one in made:
        for key in one.frames:
            by_frame.setdefault(key, []).append(one.companion)
    return CompanionIndex(made, {key: tuple(many) for key, many in by_frame.items()})


def _frames(catalogue: Catalogue) -> Iterator[tuple[FrameKey, FrameInfo, Study]]:
    for study in catalogue.studies:
        for series in study.series:
            for index, frame in enumerate(series.frames):
                yield FrameKey(series.uid, index), frame, study


def _belonging(companion: Companion, catalogue: Catalogue,
               placed: Mapping[str, list[tuple[FrameKey, FrameInfo, Study]]], own: str) -> Belonging:
    own_series = own if companion.kind in _AS_SERIES else ""
    found, strangers = [], False
    for reference in companion.refers_to:
        for key, frame, study in placed.get(reference.sop_uid, ()):
            if frame.path == companion.path and companion.kind != "overlay-planes":
                continue
            if not one_person(companion.patient_key, study.patient.key):
                strangers = True
            elif not reference.frames or frame.frame_in_file in reference.frames:
                found.append(key)
    if companion.kind == "structures" or (companion.kind in _BY_SPACE and not found):
        found += [key for key in _same_space(companion, catalogue) if key not in set(found)]
    return Belonging(companion, tuple(found), "" if found else _why(companion, strangers), own_series)


def _same_space(companion: Companion, catalogue: Catalogue) -> Iterator[FrameKey]:
    for study in catalogue.studies:
        for series in study.series if one_person(companion.patient_key, study.patient.key) else ():
            if _is_in(series, companion):
                yield from (FrameKey(series.uid, index) for index in range(len(series.frames)))


def _is_in(series: Series, companion: Companion) -> bool:
    uid = companion.frame_of_reference_uid
    # A segmentation is no picture to lay another one, or itself, on.
    return bool(uid) and series.frame_of_reference_uid == uid and series.modality not in ("SEG", "RTDOSE")


def one_person(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether nothing that both say of the patient differs; many objects leave out what their image says.

    Empty components at the end of a name mean nothing (PS3.5 6.2.1.1), and some writers add them.
    """
    pairs = ((a.rstrip("^= "), b.rstrip("^= ")) for a, b in zip(mine, theirs, strict=False))
    return all(not a or not b or a == b for a, b in pairs)


def _why(companion: Companion, strangers: bool) -> str:
    if companion.note:
        return companion.note
    if strangers:
        return "The image it names is another patient's."
    if companion.kind in _BY_SPACE and companion.frame_of_reference_uid and not companion.refers_to:
        return "No image in its frame of reference is open."
    if companion.kind in DRAWN | {"key-objects"}:
        return "Its image is not open." if companion.refers_to else "It does not say which image it belongs to."
    return ""
