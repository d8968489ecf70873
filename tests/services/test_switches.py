"""Results that arrive after the study, its files or the wishes have changed: nothing lands on another picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.errors import StorageProblem
from fineview.core.evidence import Method, ModelIdentity
from fineview.core.finding import Origin
from fineview.core.image import Raster
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Patient, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.answerer_shelf import AnswererShelf
from fineview.services.ask import Ask
from fineview.services.encodings import Encodings
from fineview.services.explain import Explain
from fineview.services.jobs import Jobs, Token
from fineview.services.look import Look
from fineview.services.open_study import OpenStudy
from fineview.services.session import ByteCache, Session, Streaming
from fineview.services.workbench import Workbench
from fineview.store.cellar import Cellar

SHAPE = (24, 30)


def frame(number: int) -> FrameInfo:
    return FrameInfo(f"{number}.dcm", 0, f"1.9.{number}", rows=SHAPE[0], cols=SHAPE[1])


def study(*numbers: int, patient: str = "A", uid: str = "1.2") -> Study:
    one = Series(f"{uid}.3", uid, "OP", frames=tuple(frame(n) for n in numbers))
    other = Series(f"{uid}.4", uid, "OP", frames=(frame(99),))
    return Study(uid, Patient(patient), series=(one, other))


class Files:
    """An archive of arrays: a picture is a ramp that starts at the number in its file's name."""

    def read_frame(self, wanted: FrameInfo) -> Raster:
        return Raster(np.indices(SHAPE).sum(0).astype(np.uint8) + np.uint8(int(wanted.path.removesuffix(".dcm"))))

    def scan(self, paths: list[Path], token: Token) -> Iterator[Catalogue]:
        yield Catalogue((study(5),))


@dataclass
class Encoding:
    nbytes: int = 1


class OneSpot:
    """An engine that finds one haemorrhage in every picture, and encodes only when it is let."""

    identity = ModelIdentity("spot", "1", "ab" * 32)
    device, dtype, normalisation, methods = "cpu", "fp32", "", (Method.RAW, Method.DAR)
    thresholds: Mapping[str, float] = dict.fromkeys(
        ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate", "optic_disc"), 0.5)

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.encoded = 0

    def chance(self, label: str, peak: float) -> float:
        return peak

    def encode(self, rgb: np.ndarray, token: Token) -> Encoding:
        self.begun.set()
        while not self.go.wait(0.01):
            token.raise_if_cancelled()
        self.encoded += 1
        return Encoding()

    def domain(self, _: Encoding) -> dict[str, float]:
        return {"fundus": 1.0, "oct": 0.0, "other": 0.0}

    def lesion_maps(self, _: Encoding, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        maps = {word: np.zeros(SHAPE, np.float16) for word in words}
        maps["haemorrhage"][3:6, 4:9] = 0.9
        return maps

    def strides_px(self, _: Encoding) -> dict[str, tuple[float, float]]:
        return {"raw": (1.0, 1.0)}

    def pyramid(self, _: Encoding) -> dict[int, Any]:
        return {}

    def raw_map(self, _: Encoding, text: str | None) -> np.ndarray:
        return np.zeros(SHAPE, np.float32)


class Room:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.mailbox, self.journal, self.engine = mailbox, Cellar(folder), OneSpot()
        self.session, encodings = Session(author="Dr Reader"), Encodings()
        self.open = OpenStudy(self.session, jobs, Files(), self.journal, folder)
        explain = Explain(self.session, jobs, lambda name: self.engine, encodings)
        self.open.frames.on_frame = explain.refresh
        answerers = AnswererShelf(self.session, jobs, None, self.journal)  # type: ignore[arg-type]
        self.asked: list[str | None] = []
        ask = Ask(self.session, jobs, self.named, encodings, self.journal, self.open.show, answerers)
        self.bench = Workbench(self.session, jobs, self.open, Look(self.session), explain, ask,
                               Annotate(self.session, jobs, self.journal), None, None,  # type: ignore[arg-type]
                               answerers, *[None] * 8)  # type: ignore[arg-type]

    def named(self, name: str | None) -> OneSpot:
        self.asked.append(name)
        if name:
            other = OneSpot()
            other.identity = replace(other.identity, name=name, sha256="ef" * 32)
            other.go.set()
            return other
        return self.engine

    def show(self, *studies: Study) -> None:
        self.session.catalogue = Catalogue(studies)
        self.open.show_series(studies[0].series[0].uid)
        self.mailbox.pump(lambda: self.session.raster is not None)


@pytest.fixture
def room(tmp_path: Path, jobs: Jobs, mailbox) -> Iterator[Room]:
    made = Room(tmp_path, jobs, mailbox)
    yield made
    made.engine.go.set()
    jobs.close()
    made.journal.close()


def idle(room: Room) -> bool:
    return not any(room.bench.jobs.busy(lane) for lane in ("model", "frame", "journal", "preload"))


def test_a_result_for_a_series_looked_at_before_keeps_its_suggestions(room) -> None:
    room.show(study(5))
    room.bench.explain.analyse()
    assert room.engine.begun.wait(5)
    room.open.show_series("1.2.4")
    room.engine.go.set()
    room.mailbox.pump(lambda: bool(room.session.findings))
    assert room.session.findings[0].origin is Origin.MODEL
    assert room.session.findings[0].frame == FrameKey("1.2.3", 0)


def test_a_result_for_a_number_that_means_another_picture_by_now_is_dropped(room) -> None:
    room.show(study(5))
    room.bench.explain.analyse()
    assert room.engine.begun.wait(5)
    room.session.study = study(1, 5)
    room.session.series = room.session.study.series[0]
    room.engine.go.set()
    room.mailbox.pump(lambda: "model" not in room.session.progress)
    assert (FrameKey("1.2.3", 0), "") not in room.session.analyses and room.session.findings == ()


def test_cancel_gives_up_an_overlay_that_is_not_there(room) -> None:
    room.show(study(5))
    room.bench.explain.overlay("dar")
    assert room.engine.begun.wait(5)
    room.bench.cancel("model")
    assert room.session.overlay.kind == "none" and "model" not in room.session.progress


def test_cancel_of_an_answer_is_stop(room) -> None:
    room.show(study(5))
    room.bench.ask.ask("is there a haemorrhage?")
    assert room.engine.begun.wait(5)
    room.bench.cancel("ask")
    assert room.session.streaming is None
    room.mailbox.pump(lambda: idle(room))
    assert room.session.answers == () and room.journal.answers("1.2") == ()


def test_the_encoder_whose_maps_are_shown_answers(room) -> None:
    """Evidence and answer are of the same weights: two encoders that see the same are told apart by their names."""
    room.show(study(5))
    room.engine.go.set()
    for name, sha256 in (("", "ab" * 32), ("other", "ef" * 32)):
        room.session.overlay = replace(room.session.overlay, encoder=name)
        before = len(room.session.answers)
        room.bench.ask.ask("how many haemorrhages?")
        room.mailbox.pump(lambda before=before: len(room.session.answers) > before)
        assert room.session.answers[-1].model.sha256 == sha256
    assert room.asked[-1] == "other"


def test_a_citation_leads_to_another_series_and_selects_the_suggestion(room) -> None:
    room.engine.go.set()
    room.show(study(5))
    room.bench.explain.analyse()
    room.mailbox.pump(lambda: bool(room.session.findings))
    spot = room.session.findings[0]
    room.open.show_series("1.2.4")
    asked = Question("how many?", "1.2", FrameKey("1.2.3", 0))
    cited = Citation("proposal", room.session.analysis_at(spot.frame).proposals[0].box, 0.9, text="haemorrhage")
    room.bench.ask.cite(Answer(asked, "1", model=room.engine.identity), cited)
    assert room.session.frame_key == FrameKey("1.2.3", 0) and room.session.selected == spot.id


def test_a_citation_of_an_image_that_is_not_open_says_so(room) -> None:
    room.show(study(5))
    asked = Question("how many?", "1.2", FrameKey("1.2.3", 7))
    room.bench.ask.cite(Answer(asked, "1"), Citation("region"))
    assert room.session.notices[-1].code == "image-not-open" and room.session.index == 0


def test_an_answer_that_cannot_be_kept_is_shown_all_the_same(room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageProblem("Not saved: the disk is full.", "Free some space.", "disk-full")

    room.show(study(5))
    monkeypatch.setattr(room.journal, "keep_answer", full)
    room.bench.ask.ask("which eye is this?")
    room.mailbox.pump(lambda: bool(room.session.answers))
    assert room.session.notices[-1].code == "disk-full" and room.session.saved_at == ""


def test_an_old_answer_that_cannot_be_kept_leaves_the_running_one_alone(room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageProblem("Not saved: the disk is full.", "Free some space.", "disk-full")

    room.show(study(5))
    room.bench.ask.ask("which eye is this?")
    room.mailbox.pump(lambda: bool(room.session.answers))
    old = room.session.answers[0]
    monkeypatch.setattr(room.journal, "keep_answer", full)
    running = room.session.streaming = Streaming(Question("how large?", "1.2", FrameKey("1.2.3", 0)), "It is")
    room.bench.ask.keep(old.question.id, not old.in_report)
    room.mailbox.pump(lambda: bool(room.session.notices))
    assert room.session.notices[-1].code == "disk-full" and room.session.answers == (old,)
    assert room.session.streaming is running


def test_a_question_before_the_image_is_there_says_so(room) -> None:
    room.session.catalogue = Catalogue((study(5),))
    room.open.show_series("1.2.3")
    room.bench.ask.ask("what is this?")
    assert room.session.notices[-1].code == "no-image"


def test_marks_and_answers_come_back_on_their_own_image(room) -> None:
    room.engine.go.set()
    room.show(study(5))
    room.bench.annotate.add("box", ((1, 1), (9, 9)), "naevus")
    room.mailbox.pump(lambda: bool(room.session.findings))
    room.bench.ask.ask("how large is it?")
    room.mailbox.pump(lambda: bool(room.session.answers))
    room.show(study(8, uid="7.7"))
    assert room.session.findings == () and room.session.answers == ()
    room.show(study(1, 2, 5))
    room.mailbox.pump(lambda: bool(room.session.findings))
    assert room.session.findings[0].frame == FrameKey("1.2.3", 2)
    assert room.session.answers[0].question.frame == FrameKey("1.2.3", 2)


def test_two_people_under_one_study_uid_share_nothing(room) -> None:
    room.show(study(5))
    room.bench.annotate.add("box", ((1, 1), (9, 9)), "naevus")
    room.mailbox.pump(lambda: bool(room.session.findings))
    other = replace(study(6, patient="B"), series=(replace(study(6).series[0], uid="other"),))
    room.show(other)
    room.mailbox.pump(lambda: idle(room))
    room.mailbox.drain()
    assert not any(f.frame == room.session.frame_key for f in room.session.findings)


def test_thumbnails_outlive_a_change_of_study_within_what_is_open(room) -> None:
    room.open.paths([Path("anywhere")])
    room.mailbox.pump(lambda: set(room.session.thumbnails) == {"1.2.3", "1.2.4"})
    room.show(study(8, uid="7.7"), *room.session.catalogue.studies)
    assert set(room.session.thumbnails) == {"1.2.3", "1.2.4"}
    room.open.close_study()
    assert not room.session.thumbnails


def test_a_byte_cache_keeps_its_budget_and_what_was_used_last() -> None:
    cache: ByteCache[str, bytes] = ByteCache(len, 10)
    for name in "abc":
        cache[name] = b"1234"
        cache.get("a")
    assert [name for name, _ in cache.items()] == ["c", "a"]
    cache["a"] = b"12345678901"
    assert [name for name, _ in cache.items()] == ["a"]
