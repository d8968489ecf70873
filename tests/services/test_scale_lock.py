"""A language model may not state millimetres where the file's scale is assumed or unknown, on screen or in a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.core.dialogue import Answer, Answered, Question
from fineview.core.evidence import ModelIdentity, WordMap
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.plan import Plan
from fineview.core.region import Region
from fineview.core.study import Study
from fineview.formats.archive import FileArchive
from fineview.reports.sheet import sheet
from fineview.services.analyse import FrameRequest
from fineview.services.answer_by_model import answer_by_model
from fineview.services.compose_report import ReportRequest, compose
from fineview.services.encodings import Encodings
from fineview.services.frame_choice import choose_frame, choose_series
from fineview.services.ground import Ground
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.services.phrasing import within
from fineview.services.scale_lock import NOT_MEASURED, locked, states_length, without_lengths
from tests.formats.made_opt import save, volume

WHO = ModelIdentity("talker", "1", "a" * 64, "talker")
SAID = "There is a lesion. It is 2.3 mm wide. Follow it up."


class Talker:
    """A peer at the border of the protocol: it streams what it was given, word by word."""

    identity = WHO

    def __init__(self, text: str) -> None:
        self._text = text

    def answer(self, question: Question, rgb: Any, region: Any, token: Any, on_words: Any, on_crop: Any = None
               ) -> Answered:
        maps: tuple[WordMap, ...] = ()
        for end in (n for n in range(1, len(self._text) + 1) if n == len(self._text) or self._text[n] == " "):
            begin = self._text.rfind(" ", 0, end) + 1
            word = self._text[begin:end]
            maps += (WordMap(word, begin, end, np.ones((2, 2), np.float32), Box(0, 0, 4, 4), "-", "-"),)
            on_words(self._text[:end], maps)
        return Answered(Answer(question, self._text, model=WHO), maps)


@pytest.fixture(scope="module")
def archive() -> Iterator[FileArchive]:
    made = FileArchive()
    yield made
    made.close()


def opt_file(folder: Path, scale: str) -> Path:
    """A volume whose file gives a true spacing, a nominal one, or none (PS3.3 10.7)."""
    made = volume(spacing=(0.004, 0.012) if scale == "calibrated" else None)
    if scale == "assumed":
        made.NominalScannedPixelSpacing = [0.004, 0.012]
    return save(made, folder / f"{scale}.dcm")


def asked(archive: FileArchive, path: Path, text: str) -> tuple[Study, Ground]:
    study, series = choose_series(scan_all(archive, [path], Token()), None)
    key = choose_frame(series, None)
    frame = series.frames[key.index]
    region = Region.from_box(Box(2, 2, 8, 6))
    question = Question(text, study.uid, key, region, id="q", sop_uid=frame.sop_uid, frame_in_file=frame.frame_in_file)
    request = FrameRequest(key, archive.read_frame(frame), frame.spacing, series.modality)

    def no_engine() -> Any:
        raise AssertionError("no encoder is needed")

    return study, Ground(question, request, series.laterality, no_engine, Encodings(), Token())


@pytest.mark.parametrize(("scale", "why"), [("assumed", "the spacing of this file is only assumed"),
                                            ("none", "this file has no scale")])
def test_a_length_is_withheld_with_the_reason(archive: FileArchive, tmp_path: Path, scale: str, why: str) -> None:
    _, ground = asked(archive, opt_file(tmp_path, scale), "what is this?")
    assert ground.request.spacing.source is ScaleSource(scale)
    heard: list[str] = []
    made = answer_by_model(ground, Talker(SAID), lambda text, _: heard.append(text))
    assert made.answer.text == f"There is a lesion. [A length was withheld: {why}.] Follow it up."
    assert made.answer.reason == why
    assert not any("mm" in text or "2.3" in text for text in heard) and heard[3] == "There is a lesion."


def test_maps_stay_with_the_words_that_stay(archive: FileArchive, tmp_path: Path) -> None:
    _, ground = asked(archive, opt_file(tmp_path, "none"), "what is this?")
    made = answer_by_model(ground, Talker(SAID))
    words = [made.answer.text[one.start:one.end] for one in made.words]
    assert words == [one.word for one in made.words] == ["There", "is", "a", "lesion.", "Follow", "it", "up."]


def test_where_the_scale_is_known_it_is_marked(archive: FileArchive, tmp_path: Path) -> None:
    _, ground = asked(archive, opt_file(tmp_path, "calibrated"), "what is this?")
    assert answer_by_model(ground, Talker(SAID)).answer.text == f"{SAID} {NOT_MEASURED}"
    assert answer_by_model(ground, Talker("A lesion.")).answer.text == "A lesion."


@pytest.mark.parametrize("said", [
    "It is 2.3mm.", "It is two millimetres wide.", "About 300 \u00b5m.", "300 \u03bcm thick", "1,5 Millimeter",
    "0.3 micrometers", "an area of 4 mm2", "4 mm\u00b2", "size in mm: 2.3", "half a centimeter", "250 microns",
    "mide dos mil\u00edmetros", "\u5927\u5c0f\u4e3a3\u6beb\u7c73"])
def test_every_way_to_say_it(said: str) -> None:
    assert states_length(said)
    text, _ = without_lengths(f"Yes. {said} No.", (), "why")
    assert "[A length was withheld: why.]" in text and text.startswith("Yes.") and "3" not in text


@pytest.mark.parametrize("said", ["The pressure was 14 mmHg.", "A common sign.", "In 3 of 4 columns.", "comma", "mmol"])
def test_other_words_stay(said: str) -> None:
    assert without_lengths(said, (), "why") == (said, ())


def test_our_own_numbers_follow_the_scale(archive: FileArchive, tmp_path: Path) -> None:
    """8 x 6 pixels of 0.012 x 0.004 mm: 0.002304 mm2 where calibrated, pixels with the reason elsewhere."""
    told = {scale: answer_by_model(asked(archive, opt_file(tmp_path, scale), "how large is it?")[1],
                                   Talker(SAID)).answer for scale in ("calibrated", "assumed", "none")}
    assert (told["calibrated"].unit, round(told["calibrated"].value or 0, 9)) == ("mm2", 0.002304)
    for scale, word in (("assumed", "only assumed"), ("none", "unknown")):
        assert (told[scale].value, told[scale].unit) == (48.0, "px2")
        assert word in (told[scale].reason or "") and "mm" not in told[scale].text


def test_an_older_answer_loses_its_length_in_the_report(archive: FileArchive, tmp_path: Path) -> None:
    study, ground = asked(archive, opt_file(tmp_path, "assumed"), "what is this?")
    kept = Answer(ground.question, SAID, model=WHO, in_report=True)
    report = compose(ReportRequest(study, (), (kept,), (), "Dr Reader", "2026-03-04T10:00:00+01:00", "test"), archive,
                     Token())
    (exchange,) = sheet(report).exchanges
    assert "mm" not in exchange.answer and "only assumed" in exchange.answer


def test_our_decoder_may_not_add_a_unit() -> None:
    plan = Plan("presence", "fluid", "yes")
    assert within(plan, "Yes, fluid is seen here.") and not within(plan, "Yes, fluid two millimetres wide.")


def test_incomplete_spacing_is_no_scale() -> None:
    made = Answered(Answer(Question("?", "1", None), "2 mm", model=WHO))  # type: ignore[arg-type]
    told = locked(made, replace(Spacing(), row_mm=0.1, source=ScaleSource.CALIBRATED))
    assert told.answer.text == "[A length was withheld: the spacing of this file is incomplete.]"
