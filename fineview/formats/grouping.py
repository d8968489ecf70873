"""File records -> studies, series and frames in their order.  Pure: same records, same catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import PurePath

import numpy as np

from fineview.core.geometry import Spacing
from fineview.core.study import (
    Catalogue,
    FileVerdict,
    FrameInfo,
    Laterality,
    Problem,
    Series,
    Study,
    Verdict,
)
from fineview.formats.concatenations import in_order, missing_parts
from fineview.formats.localizers import linked
from fineview.formats.printable import printable
from fineview.formats.record import FileRecord
from fineview.imaging.stack import UNEVEN, spacing_faults, stack_of

_COMPANIONS = frozenset({"SEG", "RTDOSE", "PR", "KO", "SR", "REG", "DOC"})
_STACKED = frozenset({"CT", "MR", "PT"})
_VERDICTS: dict[str, Verdict] = {"image": "image", "object": "object", "directory": "object", "problem": "problem"}


def build(records: Sequence[FileRecord], problems: Sequence[Problem] = ()) -> Catalogue:
    """Catalogue of everything read so far.  ``problems``: those met outside single files (archives, links)."""
    verdicts, images, companions, found = [], [], [], list(problems)
    first: dict[str, FileRecord] = {}
    others: dict[str, list[str]] = {}
    parts = {part for record in records for part in record.parts}
    for path, of_file in groupby(records, key=lambda record: record.path):
        many = list(of_file)
        head = many[0]
        owner = _owner(head, first)
        verdict: Verdict = "duplicate" if owner else _VERDICTS[head.kind]
        verdicts.append(FileVerdict(path, verdict, head.sop_uid or None, head.rows, head.cols, head.frame_count,
                                    owner.path if owner else None))
        found += [record.problem for record in many if record.problem is not None]
        if owner is not None and _another(owner, head):
            others.setdefault(owner.path, []).append(printable(PurePath(path).name))
        if owner is not None or head.kind == "problem":
            continue
        if _instance(head):
            first[_instance(head)] = head
        companions += [record.companion for record in many if record.companion is not None]
        # A description may take pictures as its own; a DICOM image stays, whatever some file beside it says.
        images += [record for record in many if record.kind == "image" and (record.sop_uid or path not in parts)]
    images = [_warned(record, others[record.path]) if record.path in others else record for record in images]
    return Catalogue(_studies(images), tuple(verdicts), tuple(found), tuple(companions))


def _owner(head: FileRecord, first: dict[str, FileRecord]) -> FileRecord | None:
    """Whose copy a file is.  A header without pixels hides no image, nor does a file that is refused."""
    owner = first.get(_instance(head)) if head.kind != "problem" else None
    return None if owner is not None and head.kind == "image" and owner.kind != "image" else owner


def _another(one: FileRecord, copy: FileRecord) -> bool:
    """Whether what bears the same identification is plainly not the same image."""
    return one.kind == copy.kind == "image" and (
        (one.rows, one.cols, one.frame_count, one.patient.key)
        != (copy.rows, copy.cols, copy.frame_count, copy.patient.key))


def _warned(record: FileRecord, names: list[str]) -> FileRecord:
    shown = "the identification of an image shown here, but"
    words = f"{names[0]} has {shown} is another one; it is not shown." if len(names) == 1 else (
        f"{names[0]} and {len(names) - 1} more have {shown} are other ones; they are not shown.")
    return replace(record, warnings=(*record.warnings, words))


def _instance(record: FileRecord) -> str:
    """What makes two files copies of each other."""
    return record.sop_uid or record.content_uid


def _studies(images: Iterable[FileRecord]) -> tuple[Study, ...]:
    # Patient in the key: two people under one study UID must never share a banner or a report.
    grouped: dict[tuple[str, ...], dict[str, list[FileRecord]]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for record in images:
        key, uid = (study_uid(record), *record.patient.key), series_uid(record)
        if owners.setdefault(uid, record.patient.key) != record.patient.key:
            uid = _stand_in("series", uid, *record.patient.key)  # or the second person's could not be reached
        grouped.setdefault(key, {}).setdefault(uid, []).append(record)
    by_instance = {record.sop_uid: uid
                   for one in grouped.values() for uid, many in one.items() for record in many if record.sop_uid}
    studies = []
    for one in grouped.values():
        made = sorted((_series(uid, many, by_instance) for uid, many in one.items()), key=_series_order)
        series = linked(made, {uid: frozenset(sop for record in many for sop in record.source_sops)
                               for uid, many in one.items()})
        head = next(iter(one.values()))[0]
        studies.append(Study(study_uid(head), head.patient, head.study_date, head.study_time, head.accession,
                             head.study_description, tuple(series)))
    return tuple(studies)


def study_uid(record: FileRecord) -> str:
    return record.study_uid or _stand_in("study", _instance(record) or record.path)


def series_uid(record: FileRecord) -> str:
    return record.series_uid or _stand_in("series", record.study_uid, record.modality,
                                            _instance(record) or record.path)


def _stand_in(*words: str) -> str:
    """A UID for a file that names none, the same at every opening (PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(chr(0).join(words).encode()).digest()[:16], 'big')}"


def _series_order(series: Series) -> tuple[bool, bool, int, str]:
    """By number, those without last; segmentations, doses and the like behind what they were made from."""
    return series.modality in _COMPANIONS, series.number is None, series.number or 0, series.uid


def _series(uid: str, records: list[FileRecord], by_instance: dict[str, str]) -> Series:
    frames, spatial = _ordered(records)
    head = next(record for record in records if record.path == frames[0].path)
    laterality, both = _laterality(records)
    spacing, warnings = _stack_spacing(frames, spatial), list[str]()
    localizers = (by_instance.get(record.localizer_sop) for record in records if record.localizer_sop)
    if both:
        warnings.append("The series holds images of both sides.")
    warnings += missing_parts(in_order(records))
    warnings += _faults(head.modality, frames)
    warnings += dict.fromkeys(words for record in records for words in record.warnings)
    return Series(
        uid, study_uid(head), head.modality, head.series_description, head.series_number, head.sop_class_uid,
        frames[0].rows, frames[0].cols, head.bits, head.photometric, head.transfer_syntax,
        any(record.lossy for record in records), laterality, spacing, frames,
        is_volume=len(frames) > 1 and (spatial or head.modality == "OPT"),
        localizer_uid=next((found for found in localizers if found), head.localizer_series or None),
        frame_of_reference_uid=head.frame_of_reference_uid or None, warnings=tuple(warnings), device=head.device,
        frame_rate=head.frame_rate)


def _ordered(records: list[FileRecord]) -> tuple[tuple[FrameInfo, ...], bool]:
    """Frames in order, and whether that order is one of space."""
    frames = [frame for record in in_order(records) for frame in record.frames]
    normals = [np.array(record.normal) for record in records if record.normal is not None]
    one_stack = len(normals) == len(records) and all(float(n @ normals[0]) > 0.999 for n in normals)
    positions = {round(f.position_mm, 4) for f in frames if f.position_mm is not None}
    if one_stack and len(positions) > 1 and all(f.position_mm is not None for f in frames):
        # sorted() is stable: frames at one place stay in instance order.
        return tuple(sorted(frames, key=lambda f: round(f.position_mm or 0.0, 4))), True
    return tuple(frames), False


def _laterality(records: list[FileRecord]) -> tuple[Laterality, bool]:
    """The side all images agree on; none, and True, where they contradict each other."""
    said = {record.laterality.value: record.laterality for record in records}
    if len(said) == 1:
        return next(iter(said.values())), False
    return Laterality(organ=records[0].laterality.organ), len(said.keys() - {None}) > 1


def _faults(modality: str, frames: tuple[FrameInfo, ...]) -> list[str]:
    """What is wrong with the stack, where the frames are meant to be one."""
    if len(frames) < 2 or modality in _COMPANIONS:
        return []
    if modality == "OPT":
        # A B-scan alone, or a star of them, is a way of scanning and no fault.
        return [fault.words for fault in stack_of(modality, frames).faults if not fault.forbids]
    placed = modality in _STACKED or any(frame.place is not None for frame in frames)
    found = stack_of(modality, frames).faults if placed else spacing_faults(frames)
    return [fault.words for fault in found if placed or any(frame.spacing.known for frame in frames)]


def _stack_spacing(frames: tuple[FrameInfo, ...], spatial: bool) -> Spacing:
    """Spacing of the series; between slices from the positions, which beat what the header says about them."""
    spacing = frames[0].spacing
    if spatial:
        steps = np.diff(sorted({round(f.position_mm or 0.0, 4) for f in frames}))
        middle = float(np.median(steps))
        stated = spacing.slice_mm if frames[0].sop_uid is None else None
        # An instrument states the step it made, and rounds the places in its file.
        agrees = stated is not None and abs(stated - middle) <= UNEVEN * middle
        spacing = replace(spacing, slice_mm=stated if agrees else round(middle, 4))
    return spacing
