"""What of the open study can be sent, and what not and why: said before anything leaves.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from fineview.core.companion import Companion
from fineview.core.study import Catalogue, Series, Study
from fineview.services.companion_index import one_person
from fineview.services.companion_view import KIND_WORDS
from fineview.services.outbox import Object

_NO_DICOM = "It is no DICOM object."
_MARKS = "Marks, answers and corrected lines are in none of these files: export a structured report to send them."


@dataclass(frozen=True, slots=True)
class Load:
    """Objects that go or stay together: a series, an object beside images, or a report that was just written.

    ``kind``: the words they are counted by.  ``why``: the reason where they cannot be sent; ``objects`` is () then.
    """

    key: str
    kind: str
    title: str
    objects: tuple[Object, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """``stays``: sentences about what is open and is not offered."""

    study_uid: str = ""
    loads: tuple[Load, ...] = ()
    stays: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """All that can be sent."""
        return frozenset(one.key for one in self.loads if one.objects)

    def objects(self, keys: Collection[str]) -> tuple[Object, ...]:
        """The chosen ones, each once."""
        found = {made[0]: made for one in self.loads if one.key in keys for made in one.objects}
        return tuple(found.values())

    def kinds(self) -> dict[str, str]:
        """SOP instance UID -> what it is, for people."""
        return {made[0]: f"{one.kind}: {one.title}" for one in self.loads for made in one.objects}

    def counts(self, keys: Collection[str]) -> tuple[tuple[str, int], ...]:
        """(kind, objects) of the chosen ones, as they are listed."""
        counted: Counter[str] = Counter()
        for one in self.loads:
            if one.key in keys:
                counted[one.kind] += len(one.objects)
        return tuple((kind, number) for kind, number in counted.items() if number)


def shipment(study: Study, catalogue: Catalogue, written: Catalogue = Catalogue()) -> Shipment:  # noqa: B008
    """``catalogue``: all that is open; ``written``: reports of this study that were exported since it was opened."""
    series = tuple(_series(one, study.uid) for one in study.series if one.frames)
    sent = {made[0] for load in series for made in load.objects}
    beside = tuple(_beside(catalogue, study, sent))
    sent |= {made[0] for load in beside for made in load.objects}
    reports = tuple(_written(written, study, sent))
    stays = [*_stays(catalogue, study), *(() if reports else (_MARKS,))]
    return Shipment(study.uid, (*series, *beside, *reports), tuple(stays))


def _series(series: Series, study_uid: str) -> Load:
    objects = {frame.sop_uid: (frame.sop_uid, study_uid, Path(frame.path)) for frame in series.frames if frame.sop_uid}
    title = series.description or (f"series {series.number}" if series.number is not None else "series")
    return Load(series.uid, f"{series.modality or 'image'} objects", title, tuple(objects.values()),
                "" if objects else _NO_DICOM)


def _beside(catalogue: Catalogue, study: Study, sent: Collection[str]) -> Iterator[Load]:
    known = set(sent)
    shown = {frame.sop_uid for series in study.series for frame in series.frames if frame.sop_uid}
    for one in catalogue.companions:
        if one.kind == "overlay-planes" or one.sop_uid in known:
            continue  # part of an image, or one of the series above
        why = _why_not(one, study, shown)
        known.add(one.sop_uid)
        yield Load(one.path, KIND_WORDS[one.kind], one.title or PurePath(one.path).name,
                   () if why else ((one.sop_uid, one.study_uid, Path(one.path)),), why)


def _why_not(one: Companion, study: Study, shown: Collection[str]) -> str:
    if not one.sop_uid:
        return _NO_DICOM
    if not one_person(one.patient_key, study.patient.key):
        return "It names another patient."
    if one.study_uid != study.uid and not any(reference.sop_uid in shown for reference in one.refers_to):
        return "It belongs to another study."
    return ""


def _written(written: Catalogue, study: Study, sent: Collection[str]) -> Iterator[Load]:
    for one in written.companions:
        if one.sop_uid and one.sop_uid not in sent and one.study_uid == study.uid:
            yield Load(one.path, "report just written", PurePath(one.path).name,
                       ((one.sop_uid, one.study_uid, Path(one.path)),))
    for made in written.studies:
        for series in made.series if made.uid == study.uid else ():
            load = _series(series, made.uid)
            new = tuple(one for one in load.objects if one[0] not in sent)
            if new:
                yield Load(load.key, "picture just written", load.title, new)


def _stays(catalogue: Catalogue, study: Study) -> Iterator[str]:
    others = sum(one.uid != study.uid for one in catalogue.studies)
    if others:
        yield f"Other studies that are open stay here: {others}."
    copies = sum(one.verdict == "duplicate" for one in catalogue.files)
    if copies:
        yield f"Second copies of the same objects stay here: {copies}."
    if catalogue.problems:
        yield f"Files that could not be opened stay here: {len(catalogue.problems)}."
