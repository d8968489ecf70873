"""Marks and corrected lines on an instrument's file find their B-scan again when others are added to the export."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import Analysis, ModelIdentity, Proposal
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.layer_copy import LayerCopy
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey, Study
from fineview.formats.archive import FileArchive
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.services.suggestions import merge_suggestions
from fineview.services.whereabouts import NOT_OPEN, place_of, relocated, relocated_answers
from fineview.store.cellar import Cellar
from tests.formats.made_heyex import COLS, description, series, write_pictures
from tests.formats.test_stamps import timed

AT = "2026-03-04T10:00:00+01:00"
FOUND = Proposal("drusen", 0.9, Box(3.0, 4.0, 5.0, 6.0), 30.0)
SPOT = Region(RegionKind.POINT, ((3.0, 4.0),))


def analysis(key: FrameKey) -> Analysis:
    return Analysis(key, "c", 20, 16, ModelIdentity("m", "1", "ab" * 32), "in", {}, "oct", {}, {}, (), (FOUND,), "cpu",
                    "bf16")


@pytest.fixture
def both(tmp_path: Path) -> tuple[Study, Study]:
    """The export without its third B-scan, and then whole."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "e.xml").write_text(timed(description(series())), encoding="utf-8")
    write_pictures(folder)
    held = (folder / "B2.tif").read_bytes()
    (folder / "B2.tif").unlink()
    archive = FileArchive()
    try:
        part = scan_all(archive, [folder], Token()).studies[0]
        (folder / "B2.tif").write_bytes(held)
        return part, scan_all(archive, [folder], Token()).studies[0]
    finally:
        archive.close()


def marked(study: Study, index: int, stamped: bool = True) -> tuple[Finding, LayerCopy, Answer]:
    """A mark, a corrected line and an answer on one frame, as they are made there."""
    one = next(one for one in study.series if one.modality == "OPT")
    key, frame = FrameKey(one.uid, index), one.frames[index]
    stamp = frame.stamp if stamped else ""
    return (Finding("p-1", study.uid, key, SPOT, "drusen", Origin.PERSON, State.ACCEPTED, stamp=stamp),
            LayerCopy("l-1", study.uid, key, "ILM", (5.0,) * COLS, "HEYEX", "Dr Reader", AT, AT, stamp=stamp),
            Answer(Question("what is this?", study.uid, key, id="q", stamp=stamp), "Cannot tell."))


def test_an_added_b_scan_takes_no_mark_of_another(both: tuple[Study, Study], tmp_path: Path) -> None:
    part, whole = both
    opt = next(one for one in whole.series if one.modality == "OPT")
    finding, line, answer = marked(part, 2)  # the fourth B-scan, as long as the third is missing
    store = Cellar(tmp_path / "store")
    store.record("add", None, finding, AT)
    store.record_line("move ILM", None, line, AT)
    store.keep_answer(part.uid, answer)
    store.close()
    again = Cellar(tmp_path / "store")
    assert whole.uid == part.uid
    (found,), (asked,) = relocated(again.findings(whole.uid), whole), relocated_answers(again.answers(whole.uid), whole)
    (copy,) = again.layer_copies(whole.uid)
    again.close()
    assert found.frame == asked.question.frame == place_of(answer.question, whole) == FrameKey(opt.uid, 3)
    assert [n for n, frame in enumerate(opt.frames) if copy.is_on(FrameKey(opt.uid, n), frame)] == [3]


def test_a_mark_on_a_b_scan_that_is_gone_is_shown_nowhere(both: tuple[Study, Study]) -> None:
    part, whole = both
    opt = next(one for one in part.series if one.modality == "OPT")
    finding, line, _ = marked(whole, 2)
    (found,) = relocated((finding,), part)
    assert found.frame.index == NOT_OPEN
    assert not any(line.is_on(FrameKey(opt.uid, n), frame) for n, frame in enumerate(opt.frames))


def test_rows_from_before_there_were_stamps_keep_their_number(both: tuple[Study, Study], tmp_path: Path) -> None:
    whole = both[1]
    opt = next(one for one in whole.series if one.modality == "OPT")
    finding, line, answer = marked(whole, 2, stamped=False)
    (found,), (asked,) = relocated((finding,), whole), relocated_answers((answer,), whole)
    assert found.frame == asked.question.frame == FrameKey(opt.uid, 2)
    assert [n for n, frame in enumerate(opt.frames) if line.is_on(FrameKey(opt.uid, n), frame)] == [2]


def test_a_rejected_suggestion_stays_rejected_on_its_own_b_scan(both: tuple[Study, Study]) -> None:
    """Also one that was decided before frames had stamps, by series and number."""
    part, whole = both
    before, after = (next(one for one in study.series if one.modality == "OPT") for study in both)
    frame = before.frames[2]  # the fourth B-scan; its number is another once the third is there
    made = merge_suggestions((), analysis(FrameKey(before.uid, 2)), frame, part.uid)
    rejected = tuple(replace(one, state=State.REJECTED) for one in made)
    assert merge_suggestions(rejected, analysis(FrameKey(after.uid, 3)), after.frames[3], whole.uid) == rejected
    assert len(merge_suggestions(rejected, analysis(FrameKey(after.uid, 2)), after.frames[2], whole.uid)) == 2
    words = f"{after.uid}|{after.frames[2].frame_in_file}|drusen|{FOUND.box}|{'ab' * 32}"
    old = replace(rejected[0], id="s-" + hashlib.sha256(words.encode()).hexdigest()[:16], stamp="")
    assert merge_suggestions((old,), analysis(FrameKey(after.uid, 2)), after.frames[2], whole.uid) == (old,)
