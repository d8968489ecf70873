"""The boundaries of a whole volume: as its file holds them, as the model draws them, as a person has corrected them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerLine, LayerSource
from fineview.core.study import FrameInfo, FrameKey, Series
from fineview.imaging.window import to_rgb
from fineview.services.analyse import anatomy_of, judge_domain
from fineview.services.ports import Archive, Engine, TokenPort
from fineview.services.volume_encoding import encoded

Rows = NDArray[np.float32]
# From the vitreous outwards (Staurenghi et al. 2014); names not listed keep the file's order behind these.
_DEPTH = ("ILM", "RNFL", "GCL", "IPL", "INL", "OPL", "ONL", "ELM", "EZ", "PR1", "PR2", "RPE", "BM", "CHO")
_MOST_NAMES = 3
_WHOLE = (("ILM", "BM"), ("ILM", "RPE"))


@dataclass(frozen=True, slots=True, eq=False)
class VolumeLines:
    """``rows``: name -> float32 (F, C) source rows, NaN where unknown; ``edited``: frames a person changed."""

    series_uid: str
    rows: Mapping[str, Rows]
    source: LayerSource
    by: str
    edited: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """From the inner boundary to the outer."""
        return tuple(sorted(self.rows, key=lambda name: _DEPTH.index(name) if name in _DEPTH else len(_DEPTH)))

    @property
    def pair(self) -> tuple[str, str]:
        """The whole retina where both its boundaries are there, else the first and the last."""
        whole = next((pair for pair in _WHOLE if set(pair) <= set(self.rows)), None)
        return whole or (self.names[0], self.names[-1])


def file_lines(archive: Archive, frame: FrameInfo) -> tuple[LayerLine, ...]:
    read = getattr(archive, "read_layers", None)  # an archive of plain pictures knows of no boundaries
    return tuple(read(frame)) if read is not None else ()


def from_file(series: Series, archive: Archive, token: TokenPort) -> VolumeLines:
    """Raises ``RequestProblem`` ``no-lines`` where the file holds fewer than two boundaries, ``InputProblem``."""
    found: list[Mapping[str, LayerLine]] = []
    for number, frame in enumerate(series.frames):
        token.raise_if_cancelled()
        token.report(number, len(series.frames), "reading the layer lines")
        found.append({line.name: line for line in file_lines(archive, frame)})
    # All of them: a B-scan whose lines somebody corrected in the instrument must not pass for the instrument's own.
    drawn = list(dict.fromkeys(line.by for lines in found for line in lines.values() if line.by))
    by = " and ".join([*drawn[:_MOST_NAMES], *(["others"] if len(drawn) > _MOST_NAMES else [])]) or "the file"
    return _stacked(series, [{name: line.row_px for name, line in lines.items()} for lines in found], "file", by,
                    "The file holds no layer lines.", "Let the model draw them.")


def from_model(series: Series, archive: Archive, engine: Engine, token: TokenPort) -> VolumeLines:
    """Encode every B-scan for its lines, as many at a time as the engine takes.

    Raises ``RequestProblem`` ``no-lines`` where the encoder draws none, ``InputProblem``, ``DeviceProblem``.
    """
    found, doubtful, total = list[Mapping[str, Rows]](), 0, len(series.frames)
    token.report(0, total, "drawing the layer lines")
    for encoding in encoded(engine, (to_rgb(archive.read_frame(frame)) for frame in series.frames), token):
        token.raise_if_cancelled()
        scores = engine.domain(encoding)
        domain = judge_domain(series.modality, scores, engine.identity.trained and engine.identity.heads_trained)
        if domain == "in" and anatomy_of(series.modality, scores) == "oct":
            found.append(engine.layers(encoding))
        else:
            doubtful += 1
            found.append({})
        token.report(len(found), total, "drawing the layer lines")
    doubt = f"no lines on {doubtful} of {len(found)} B-scans: the model is not sure what they show"
    made = _stacked(series, found, "model", engine.identity.short, "This encoder draws no layer lines on this volume.",
                    "Choose an encoder with layer lines, or a volume whose file holds them.")
    return replace(made, notes=(doubt,) if doubtful else ())


def _stacked(series: Series, found: Sequence[Mapping[str, Rows]], source: LayerSource, by: str, what: str,
             remedy: str) -> VolumeLines:
    names = list(dict.fromkeys(name for lines in found for name in lines))
    if len(names) < 2:
        raise RequestProblem(what, remedy, "no-lines")
    cols = max(len(rows) for lines in found for rows in lines.values())
    held = {name: np.full((len(found), cols), np.nan, np.float32) for name in names}
    for number, lines in enumerate(found):
        for name, rows in lines.items():
            if len(rows) == cols:
                held[name][number] = rows
    return VolumeLines(series.uid, held, source, by)


def corrected(lines: VolumeLines, series: Series, copies: Sequence[LayerCopy]) -> VolumeLines:
    """The same volume with a person's own lines in the place of those they were copied from."""
    held = {name: rows.copy() for name, rows in lines.rows.items()}
    edited = set[int]()
    for index, frame in enumerate(series.frames):
        key = FrameKey(series.uid, index)
        for copy in copies:
            rows = held.get(copy.name)
            if rows is not None and len(copy.row_px) == rows.shape[1] and copy.is_on(key, frame):
                rows[index] = [np.nan if row is None else row for row in copy.row_px]
                edited.add(index)
    return replace(lines, rows=held, edited=frozenset(edited))
