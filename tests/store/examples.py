"""Findings and answers made by hand, and hypothesis strategies for any of them."""

from __future__ import annotations

from hypothesis import strategies as st

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey

MODEL = ModelIdentity("retina-s", "1", "3f9a21c8" + "0" * 56)
NOW = "2026-03-04T10:41:07+01:00"


def finding(number: int = 1, study: str = "1.2.3", **changes: object) -> Finding:
    values: dict[str, object] = {
        "id": f"f{number}", "study_uid": study, "frame": FrameKey("1.2.3.4", 31),
        "region": Region(RegionKind.ELLIPSE, ((10.5, 20.25), (30.0, 44.125 + number))), "label": "fluid",
        "origin": Origin.MODEL, "state": State.ACCEPTED, "author": "Dr Müller", "created": NOW, "decided": NOW,
        "score": 0.1 + 0.2, "model": MODEL}
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


texts = st.text(max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
points = st.tuples(finite, finite)
models = st.builds(ModelIdentity, texts, texts, texts, st.booleans(), st.booleans())
frames = st.builds(FrameKey, texts, st.integers(0, 10**6))
regions = st.one_of(
    st.builds(Region, st.sampled_from([RegionKind.BOX, RegionKind.ELLIPSE, RegionKind.LENGTH]),
              st.tuples(points, points)),
    st.builds(Region, st.just(RegionKind.POINT), st.tuples(points)),
    st.builds(Region, st.sampled_from([RegionKind.POLYGON, RegionKind.FREEHAND]),
              st.lists(points, min_size=3, max_size=9).map(tuple)))
findings = st.builds(
    Finding, texts, texts, frames, regions, texts, st.sampled_from(Origin), st.sampled_from(State), texts, texts, texts,
    texts, st.none() | finite, st.none() | models, st.none() | regions, st.none() | texts, st.integers(0, 999))
boxes = st.builds(Box, finite, finite, finite, finite)
citations = st.builds(Citation, st.sampled_from(["region", "proposal", "measurement", "map"]), st.none() | boxes,
                      st.none() | finite, st.none() | texts, texts)
questions = st.builds(Question, texts, texts, frames, st.none() | regions, st.none() | texts, st.none() | points, texts)
answers = st.builds(
    Answer, questions, texts, st.sampled_from(["yes", "no", "cannot tell", None]), st.none() | texts,
    st.none() | finite, st.none() | texts, st.booleans(), st.none() | texts, st.none() | finite,
    st.lists(citations, max_size=3).map(tuple),
    st.none() | models, finite, texts)

ANSWER = Answer(Question("is there fluid?", "1.2.3", FrameKey("1.2.3.4", 31)), "Yes.", "yes", confidence=0.86,
                citations=(Citation("map", Box(1, 2, 3, 4), 0.86),), model=MODEL)
