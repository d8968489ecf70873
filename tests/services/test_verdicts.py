"""Verdicts about lesions: given only where the calibrated chance carries them, and said with that chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from fineview.core.dialogue import Answer, Question
from fineview.core.evidence import ModelIdentity
from fineview.core.geometry import Box, Spacing
from fineview.core.image import Raster
from fineview.core.labels import WORDS
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey, Laterality
from fineview.services.analyse import FrameRequest
from fineview.services.answering import answer
from fineview.services.encodings import Encodings
from fineview.services.ground import SURE, Ground
from fineview.services.jobs import Token

SHAPE = (40, 40)
KEY = FrameKey("1.2.3", 0)
# Not blank: of a picture of one colour nothing is said.
PICTURE = np.indices(SHAPE).sum(0).astype(np.uint8)[..., None].repeat(3, axis=2)


@dataclass
class Told:
    nbytes: int = 1


class Certain:
    """An engine whose chances a test sets by hand; one haemorrhage at rows and columns 30 to 33."""

    device, dtype, normalisation = "cpu", "fp32", ""
    thresholds = dict.fromkeys(WORDS, 0.1)

    def __init__(self, trained: bool = True, **chances: float) -> None:
        self.identity = ModelIdentity("certain", "1", "cd" * 32, trained)
        self.chances = chances

    def chance(self, label: str, peak: float) -> float:
        return peak

    def encode(self, rgb: np.ndarray, token: Token) -> Told:
        return Told()

    def domain(self, _: Told) -> dict[str, float]:
        return {"fundus": 1.0, "oct": 0.0, "other": 0.0}

    def lesion_maps(self, _: Told, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        maps = {word: np.zeros(SHAPE, np.float16) for word in words}
        maps["haemorrhage"][30:34, 30:34] = 0.9
        return maps

    def strides_px(self, _: Told) -> dict[str, Any]:
        return {}

    def pyramid(self, _: Told) -> dict[int, Any]:
        return {}

    def region_evidence(self, _: Told, mask: np.ndarray) -> dict[str, float]:
        return {word: self.chances.get(word, 0.0) for word in WORDS}


def asked(engine: Certain, text: str, region: Region | None = None, modality: str = "OP") -> Answer:
    request = FrameRequest(KEY, Raster(PICTURE.copy()), Spacing(), modality)
    return answer(Ground(Question(text, "1.2", KEY, region), request, Laterality(), lambda: engine, Encodings(),
                         Token()))


@pytest.mark.parametrize(("chance", "verdict", "confidence"), [
    (0.9, "yes", 0.9), (SURE, "yes", SURE), (0.5, "cannot tell", None), (0.3, "no", 0.7), (0.02, "no", 0.98)])
def test_the_confidence_is_the_chance_that_the_verdict_is_right(chance: float, verdict: str,
                                                                confidence: float | None) -> None:
    made = asked(Certain(haemorrhage=chance), "is there a haemorrhage?")
    assert (made.verdict, made.abstained) == (verdict, confidence is None)
    assert made.confidence == (None if confidence is None else pytest.approx(confidence))
    assert made.label == ("haemorrhage" if verdict == "yes" else None)


def test_no_lesion_needs_all_of_them_absent() -> None:
    every = {"microaneurysm": 0.2, "haemorrhage": 0.2, "hard_exudate": 0.2, "soft_exudate": 0.2}
    assert asked(Certain(**every), "is there a lesion?").verdict == "cannot tell"
    few = asked(Certain(haemorrhage=0.1, hard_exudate=0.1, optic_disc=0.99), "is there a lesion?")
    assert (few.verdict, few.confidence) == ("no", pytest.approx(0.81))


@pytest.mark.parametrize(("text", "sick", "well"), [
    ("is there a lesion?", "yes", "no"), ("is this lesion area normal?", "no", "yes"),
    ("is it free of lesions?", "no", "yes"), ("is it abnormal, a lesion?", "yes", "no")])
def test_asked_for_health_yes_and_no_change_places(text: str, sick: str, well: str) -> None:
    assert asked(Certain(haemorrhage=0.9), text).verdict == sick
    made = asked(Certain(haemorrhage=0.01), text)
    assert made.verdict == well and made.label is None and made.text.startswith(well.capitalize())


def test_what_is_this_names_the_most_probable_or_nothing() -> None:
    made = asked(Certain(hard_exudate=0.8, haemorrhage=0.7), "what is this?")
    assert (made.label, made.confidence) == ("hard_exudate", pytest.approx(0.8)) and "haemorrhage" in made.text
    assert asked(Certain(hard_exudate=0.4), "what is this?").abstained


@pytest.mark.parametrize("text", ["is there a haemorrhage?", "what is this?", "how many lesions?"])
def test_untrained_weights_and_other_parts_of_the_body_cannot_tell(text: str) -> None:
    assert asked(Certain(trained=False, haemorrhage=0.99), text).verdict == "cannot tell"
    assert asked(Certain(haemorrhage=0.99), text, modality="CT").verdict == "cannot tell"


def test_lesions_are_counted_in_the_region_not_in_its_bounds() -> None:
    box = Region.from_box(Box(20, 20, 20, 20))
    corner = Region(RegionKind.POLYGON, ((20, 20), (40, 20), (20, 40)))
    assert asked(Certain(), "how many lesions?", box).value == 1
    assert asked(Certain(), "how many lesions?", corner).value == 0
    assert asked(Certain(), "how many optic discs?").abstained


def test_the_disc_does_not_hide_that_a_region_is_missing() -> None:
    class Disc(Certain):
        def lesion_maps(self, encoding: Told, words: tuple[str, ...]) -> dict[str, np.ndarray]:
            return super().lesion_maps(encoding, words) | {"optic_disc": np.full(SHAPE, 0.9, np.float16)}

    made = asked(Disc(), "how far is it from the optic disc?")
    assert made.abstained and made.confidence is None and "found" not in made.text
    near = asked(Disc(), "how far is it from the optic disc?", Region.from_box(Box(0, 0, 7, 7)))
    assert near.value == pytest.approx(np.hypot(3, 3)) and near.unit == "px" and near.confidence == pytest.approx(0.9)


def test_a_second_question_waits_for_the_first_and_does_not_encode_again() -> None:
    import threading

    class Slow(Certain):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.go, self.count = threading.Event(), threading.Event(), 0

        def encode(self, rgb: np.ndarray, token: Token) -> Told:
            self.begun.set()
            assert self.go.wait(5)
            self.count += 1
            return Told()

    engine, kept, raster, made = Slow(), Encodings(), Raster(np.zeros(SHAPE, np.uint8)), []
    both = [threading.Thread(target=lambda: made.append(kept.encode(engine, raster, Token()))) for _ in range(2)]
    for one in both:
        one.start()
    assert engine.begun.wait(5)
    engine.go.set()
    for one in both:
        one.join(5)
    assert engine.count == 1 and made[0] is made[1]
