"""Where, compare, cut off, basis, follow-ups and refusals: values worked by hand on small pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import ModelIdentity
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.intent import TOPICS, Intent
from fineview.core.labels import WORDS
from fineview.core.region import Region
from fineview.core.study import FrameKey, Laterality
from fineview.services.analyse import FrameRequest
from fineview.services.answer_outside import REASONS
from fineview.services.answering import HANDLERS, answer
from fineview.services.encodings import Encodings
from fineview.services.follow_up import points_back
from fineview.services.ground import Ground
from fineview.services.jobs import Token

SHAPE = (40, 60)
KEY = FrameKey("1.2.3", 5)
# Values rise by one a column: the mean of a box is that of its columns.
RAMP = np.broadcast_to(np.arange(60, dtype=np.uint8), SHAPE).copy()
MM = Spacing(0.01, 0.02, None, ScaleSource.CALIBRATED)


class Told:
    nbytes = 1


class Engine:
    """Chances by hand; the disc at row 8, column 50; lines of a B-scan at rows 10, 20 and 30."""

    device, dtype, normalisation = "cpu", "fp32", ""
    thresholds = dict.fromkeys(WORDS, 0.1)
    identity = ModelIdentity("certain", "1", "cd" * 32)

    def __init__(self, kind: str = "fundus", lines: tuple[float, ...] = (10.0, 20.0, 30.0), **chances: float) -> None:
        self.kind, self.lines, self.chances = kind, lines, chances

    def chance(self, label: str, peak: float) -> float:
        return peak

    def encode(self, rgb: np.ndarray, token: Token) -> Told:
        return Told()

    def domain(self, _: Told) -> dict[str, float]:
        return {"fundus": 0.0, "oct": 0.0, "other": 0.0, self.kind: 1.0}

    def lesion_maps(self, _: Told, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        maps = {word: np.zeros(SHAPE, np.float16) for word in words}
        if "optic_disc" in maps:
            maps["optic_disc"][8, 50] = 0.75
            maps["haemorrhage"][30:34, 10:14] = 0.9
        return maps

    def layers(self, _: Told) -> dict[str, np.ndarray]:
        return {name: np.full(SHAPE[1], row, np.float32)
                for name, row in zip(("ILM", "RPE", "BM"), self.lines, strict=True)}

    def strides_px(self, _: Told) -> dict[str, Any]:
        return {}

    def pyramid(self, _: Told) -> dict[int, Any]:
        return {}

    def region_evidence(self, _: Told, mask: np.ndarray) -> dict[str, float]:
        return {word: self.chances.get(word, 0.0) for word in WORDS}


def ground(text: str, box: Box | None = None, engine: Engine | None = None, modality: str = "OP", side: str = "R",
           fovea: tuple[float, float] | None = None, spacing: Spacing | None = None, **more: Any) -> Ground:
    region = Region.from_box(box) if box is not None else None
    made = engine or Engine("oct" if modality == "OPT" else "fundus")
    return Ground(Question(text, "1.2", KEY, region, fovea=fovea),
                  FrameRequest(KEY, Raster(RAMP.copy()), spacing or Spacing(), modality),
                  Laterality(side, "header"), lambda: made, Encodings(), Token(), **more)  # type: ignore[arg-type]


def test_every_kind_has_its_handler() -> None:
    from fineview.core.intent import KINDS

    assert set(HANDLERS) == set(KINDS) and set(REASONS) == set(TOPICS)


@pytest.mark.parametrize(("side", "centre", "word"), [
    ("R", (40, 10), "superonasal"), ("R", (10, 10), "superotemporal"), ("L", (40, 30), "inferotemporal"),
    ("L", (10, 30), "inferonasal")])
def test_the_quadrant_follows_the_fovea_and_the_eye(side: str, centre: tuple[int, int], word: str) -> None:
    made = answer(ground("which quadrant is it in?", Box(centre[0] - 1, centre[1] - 1, 2, 2), side=side,
                         fovea=(25.0, 20.0), spacing=MM))
    assert made.label == word and "marked by a person" in made.text and "scale calibrated" in made.text
    # by hand: 15 columns of 0.02 mm and 10 rows of 0.01 mm
    assert made.value == pytest.approx(np.hypot(15 * 0.02, 10 * 0.01)) and made.unit == "mm"
    assert {one.kind for one in made.citations} == {"region", "measurement"}


def test_without_a_marked_fovea_the_disc_of_the_model_serves_and_is_named() -> None:
    made = answer(ground("where is it?", Box(10, 30, 2, 2)))
    assert made.label == "inferotemporal" and "found by certain cdcdcdcd, 0.75, not reviewed" in made.text
    assert made.confidence == pytest.approx(0.75) and made.unit == "px"
    unsure = Engine()
    unsure.thresholds = dict.fromkeys(WORDS, 0.95)
    made = answer(ground("where is it?", Box(10, 30, 2, 2), unsure))
    assert made.label == "below left" and "No fovea is marked" in made.text and made.model is None


def test_where_are_the_lesions_of_the_frame() -> None:
    made = answer(ground("where are the haemorrhages?", fovea=(30.0, 10.0)))
    assert made.label == "inferotemporal" and [one.kind for one in made.citations] == ["proposal"]
    assert answer(ground("where are the soft exudates?")).abstained


@pytest.mark.parametrize(("box", "label", "share"), [
    (Box(5, 0, 4, 10), "vitreous", 1.0), (Box(5, 12, 4, 6), "retina", 1.0), (Box(5, 18, 4, 10), "sub-RPE", 0.7),
    (Box(5, 32, 4, 6), "choroid", 1.0)])
def test_the_layer_is_the_zone_with_most_of_the_region(box: Box, label: str, share: float) -> None:
    made = answer(ground("which layer is it in?", box, modality="OPT"))
    assert (made.label, made.value, made.unit) == (label, pytest.approx(share), "fraction")
    shares = [one.value for one in made.citations if one.kind == "measurement"]
    assert sum(v for v in shares if v is not None) == pytest.approx(1.0)


def test_no_layer_on_a_photograph_nor_where_lines_are_unknown() -> None:
    assert answer(ground("which layer is it in?", Box(5, 5, 4, 4))).abstained
    lost = Engine("oct", (10.0, float("nan"), 30.0))
    assert answer(ground("which layer is it in?", Box(5, 5, 4, 4), lost, "OPT")).abstained


def test_two_regions_side_by_side() -> None:
    first, other = Box(0, 0, 10, 10), Region.from_box(Box(20, 0, 10, 20))
    made = answer(ground("compare it with the other region", first, beside=(other,), spacing=MM))
    assert (made.value, made.unit) == (pytest.approx(100 / 200), "times")
    numbers = {one.text: one.value for one in made.citations if one.kind == "measurement"}
    assert numbers["Mean of this region"] == pytest.approx(4.5) and numbers["Mean of the other region"] == 24.5
    assert numbers["Area of this region"] == pytest.approx(100 * 0.0002)
    boxes = [one.box for one in made.citations if one.kind == "region"]
    assert boxes == [first, other.bounds]
    assert answer(ground("compare it with the other region", first)).abstained


def test_a_place_on_two_frames() -> None:
    asked: list[int] = []

    def frame_at(number: int) -> FrameRequest | None:
        asked.append(number)
        return FrameRequest(FrameKey("1.2.3", number), Raster((RAMP + 7).astype(np.uint8)), Spacing(), "OP")

    box = Box(10, 10, 5, 5)
    made = answer(ground("compare it with the previous frame", box, frame_at=frame_at))
    assert asked == [4] and made.value == pytest.approx(-7.0) and made.unit == "stored values"
    answer(ground("compare it with the next frame", box, frame_at=frame_at))
    assert asked == [4, 6]
    assert answer(ground("compare it with the next frame", box)).abstained


@pytest.mark.parametrize(("box", "verdict", "margin"), [
    (Box(0, 10, 5, 5), "yes", 0), (Box(10, 37, 5, 5), "yes", -2), (Box(3, 10, 5, 5), "no", 3),
    (Box(50, 10, 6, 5), "no", 4)])
def test_cut_off_by_the_edge(box: Box, verdict: str, margin: float) -> None:
    made = answer(ground("is it cut off?", box))
    assert (made.verdict, made.value, made.unit) == (verdict, margin, "px")


def test_cut_off_by_the_round_field_of_a_photograph() -> None:
    rows, cols = np.ogrid[:400, :400]
    photo = np.where(((rows - 200) ** 2 + (cols - 200) ** 2 <= 180 ** 2)[..., None], np.uint8(140), np.uint8(0))
    photo = np.repeat(photo, 3, axis=2)
    inside, rim = Box(180, 180, 40, 40), Box(30, 40, 90, 90)
    for box, verdict in ((inside, "no"), (rim, "yes")):
        asked = ground("is it cut off?", box)
        assert answer(replace(asked, request=replace(asked.request, raster=Raster(photo)))).verdict == verdict


def test_a_region_beside_the_retina_has_no_lesions_and_no_health() -> None:
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[100:300, 100:300] = 140
    asked = ground("is there a haemorrhage?", Box(5, 5, 40, 40), Engine(haemorrhage=0.99))
    made = answer(replace(asked, request=replace(asked.request, raster=Raster(photo))))
    assert made.abstained and "outside the retina" in (made.reason or "")


def _before() -> Answer:
    return answer(ground("is there a haemorrhage?", Box(40, 4, 8, 8), Engine(haemorrhage=0.9)))


def test_basis_takes_the_answer_before_apart() -> None:
    before = _before()
    made = answer(ground("what did you base this on?", before=before))
    assert (made.citations, made.confidence, made.model) == (before.citations, before.confidence, before.model)
    assert "the map of haemorrhage: 0.90 probability" in made.text and "given as 0.90." in made.text
    assert answer(ground("what did you base this on?")).abstained


def test_basis_says_what_calibrated_a_chance_on_a_scan() -> None:
    for chance, verdict in ((0.9, "yes"), (0.1, "no")):
        before = answer(ground("is there any drusen?", Box(40, 4, 8, 8), Engine("oct", drusen=chance), "OPT"))
        made = answer(ground("what did you base this on?", before=before, modality="OPT"))
        assert before.verdict == verdict and "given as 0.90, calibrated on phantoms alone." in made.text


def test_a_follow_up_keeps_the_region() -> None:
    before = _before()
    made = answer(ground("and how large is it?", before=before))
    assert made.question.region == before.question.region and made.value == 64
    elsewhere = answer(ground("how large is it?", Box(0, 0, 3, 3), before=before))
    assert elsewhere.value == 9  # a region that is selected goes before the one that was
    assert answer(ground("how bright is the whole image?", before=before)).question.region is None
    away = replace(before, question=replace(before.question, frame=FrameKey("1.2.3", 6)))
    assert answer(ground("and how large is it?", before=away)).abstained


def test_a_short_follow_up_keeps_the_kind_and_a_count_keeps_the_label() -> None:
    counted = answer(ground("how many haemorrhages are there?"))
    assert counted.value == 1
    made = answer(ground("and soft exudates?", before=counted))
    assert (made.value, made.label) == (0, "soft_exudate")
    assert answer(ground("how many?", before=replace(_before(), label="haemorrhage"))).label == "haemorrhage"


@pytest.mark.parametrize(("text", "back"), [
    ("how large is it?", True), ("and exudates?", True), ("is there bleeding?", False),
    ("is there bleeding here?", True), ("is this photo sharp?", False),
    ("what about the same place", True), ("how many haemorrhages?", False)])
def test_words_that_point_back(text: str, back: bool) -> None:
    assert points_back(text) is back


@pytest.mark.parametrize("topic", TOPICS)
def test_outside_its_field_it_says_why_and_asks_no_model(topic: str) -> None:
    def never() -> Engine:
        raise AssertionError("no model is needed to refuse")

    made = answer(replace(ground("?", Box(5, 5, 5, 5)), engine=never,
                          read=lambda _: Intent("outside", topic=topic)))
    assert made.abstained and made.reason == REASONS[topic] and made.value is None and made.label is None
