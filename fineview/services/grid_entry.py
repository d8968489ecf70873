"""What a report holds of a measured volume.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fineview.core.kept_grid import KeptGrid
from fineview.core.packed_map import pack
from fineview.core.report import GridEntry
from fineview.core.study import Series, Study
from fineview.services.thickness_state import ThicknessState


def entry(state: ThicknessState, series: Series, author: str) -> GridEntry | None:
    """The grid, its map and the comparison that is shown with it; the B-scan nearest to the centre stands for all.

    None where nothing is measured.
    """
    made, found = state.made, state.change
    if made is None:
        return None
    index, _ = made.plane.nearest(made.grid.centre_mm)
    held = found.map if found is not None else None
    return GridEntry(made.grid, made.provenance, series.uid, series.frames[index], index + 1, series.laterality,
                     series.description or series.modality, author, series.device, pack(made.map),
                     found.told if found is not None else None, pack(held) if held is not None else None)


def measured_anew(old: GridEntry, new: GridEntry) -> GridEntry:
    """``new``, with the comparison that ``old`` had where the volume measured as it did before.

    After a restart nothing is compared until somebody asks again; what was signed with the same numbers stays.
    """
    same = (old.grid, old.provenance) == (new.grid, new.provenance)
    return replace(new, change=old.change, change_map=old.change_map) if same and new.change is None else new


def entries_of(kept: Iterable[KeptGrid], study: Study | None = None) -> tuple[GridEntry, ...]:
    """Those that a person put into the report; of ``study``, only volumes that are open in it."""
    open_now = None if study is None else {series.uid for series in study.series}
    return tuple(one.entry for one in kept if one.in_report and one.entry is not None
                 and (open_now is None or one.series_uid in open_now))
