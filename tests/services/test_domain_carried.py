"""A picture outside the model's domain: its answers and its report say so, whoever answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.app import App
from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import DomainVerdict, ModelIdentity
from fineview.core.geometry import Box
from fineview.core.study import FrameKey
from fineview.reports.json_writer import as_plain
from fineview.reports.sheet import sheet
from fineview.services.answering import answer
from fineview.services.compose_report import ReportRequest, compose
from fineview.services.frame_choice import choose_series
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.store.codec import dumps, loads
from tests.services.test_answer_kinds import Engine, ground

BOX = Box(10, 10, 20, 10)


@pytest.mark.parametrize(("modality", "kind", "verdict"), [("CT", "other", "out"), ("", "other", "out"),
                                                           ("OP", "other", "unknown"), ("OP", "fundus", "in")])
def test_an_answer_carries_what_the_encoder_made_of_the_picture(modality: str, kind: str, verdict: str) -> None:
    seen = ground("Is there a haemorrhage?", BOX, Engine(kind), modality)
    assert answer(seen).domain == verdict
    measured = replace(seen, question=replace(seen.question, text="How bright is it?"))
    # a measurement says the same whether or not something was asked before: the encoder has no part in it
    assert answer(measured).domain == ("out" if modality == "CT" else None)


def test_a_measurement_alone_wakes_no_encoder() -> None:
    alone = ground("How bright is it?", BOX, Engine("other"), "OP")
    assert answer(alone).domain is None
    assert answer(replace(alone, domain="unknown")).domain == "unknown"
    # the header names another part of the body: no encoder is needed to know
    assert answer(ground("How bright is it?", BOX, Engine("other"), "CT")).domain == "out"


def test_an_encoder_without_heads_knows_no_domain() -> None:
    engine = Engine("fundus")
    engine.identity = replace(engine.identity, heads_trained=False)
    assert answer(ground("Is there a haemorrhage?", BOX, engine, "OP")).domain is None


@pytest.mark.parametrize(("verdict", "words", "line"), [
    ("out", "Picture outside the model's domain", "outside what the model was trained on"),
    ("unknown", "not sure that the picture shows an eye", "the model was not sure that this is an eye"),
    ("in", "", ""), (None, "", "")])
def test_the_report_says_it_in_its_warnings_and_beside_the_answer(tmp_path: Path, verdict: DomainVerdict | None,
                                                                  words: str, line: str) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(tmp_path / "in" / "eye.png")
    app = App(data_dir=tmp_path / "store")
    try:
        study, series = choose_series(scan_all(app.archive, [tmp_path / "in"], Token()), None)
        said = Answer(Question("Bright?", study.uid, FrameKey(series.uid, 0)), "Level 90.", in_report=True,
                      model=ModelIdentity("retina-s", "1", "a" * 64), domain=verdict)
        assert loads(Answer, dumps(said)) == said
        request = ReportRequest(study, (), (said,), (), "Dr Reader", "2026-01-02T03:04:05+00:00", "FineView test")
        report = compose(request, app.archive, Token())
    finally:
        app.close()
    told = [one for one in report.warnings if "read its suggestions" in one]
    assert told == ([f"Frame 1: {line}; read its suggestions and answers with care."] if line else [])
    assert (words in sheet(report).exchanges[0].answer) and ("(" in sheet(report).exchanges[0].answer) == bool(words)
    assert as_plain(report)["dialogue"][0]["domain"] == verdict
