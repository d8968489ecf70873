"""The chat's table: shares and intervals by hand, planted tags read by another library, and an engine that knows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest

from fineview import paths
from fineview.core.evidence import ModelIdentity
from fineview.core.intent import Intent
from fineview.core.labels import LABELS, WORDS
from fineview.lab.chat_desk import Desk, Told, prior, share, wilson
from fineview.lab.chat_measured import measured, measured_figures
from fineview.lab.chat_planted import _TAGS, PLANTED, in_pixels, retold
from fineview.lab.chat_reading import reading_figures
from fineview.lab.chat_silence import blank
from fineview.lab.chat_verdicts import calibration_figure, collect, naming_figures, presence_figures
from fineview.lab.question_grammar import Paraphrase, read_grammar
from fineview.lab.question_scenes import Scene, fundus_scene
from fineview.lab.question_sentences import place
from fineview.lab.train_reader import balanced_border
from fineview.models.language.question_reader import MEANINGS
from fineview.services.jobs import Token


class Knows:
    """An engine that is told the truth of one scene: a region holds what its masks hold, or the opposite."""

    device, dtype, normalisation = "cpu", "fp32", ""
    thresholds = dict.fromkeys(WORDS, 0.5)
    identity = ModelIdentity("knows", "1", "ab" * 32)

    def __init__(self, scene: Scene, chance: float = 0.9) -> None:
        self.scene, self.sure, self.size = scene, chance, (1, 1)

    def chance(self, label: str, peak: float) -> float:
        return peak

    def encode(self, rgb: np.ndarray, token: Token) -> Any:
        return type("Encoding", (), {"nbytes": 1, "size": rgb.shape[:2]})()

    def domain(self, _: Any) -> dict[str, float]:
        return {"fundus": 1.0, "oct": 0.0, "other": 0.0}

    def lesion_maps(self, encoding: Any, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        fits = encoding.size == self.scene.view.shape
        return {word: self.scene.masks[word].astype(np.float16) if fits and word in self.scene.masks
                else np.zeros(encoding.size, np.float16) for word in words}

    def layers(self, _: Any) -> dict[str, np.ndarray]:
        return {}

    def strides_px(self, _: Any) -> dict[str, Any]:
        return {}

    def pyramid(self, _: Any) -> dict[int, Any]:
        return {}

    def region_evidence(self, _: Any, mask: np.ndarray) -> dict[str, float]:
        fits = mask.shape == self.scene.view.shape
        return {word: self.sure if fits and word in self.scene.masks and (self.scene.masks[word] & mask).any()
                else 1.0 - self.sure for word in WORDS}


@pytest.fixture(scope="module")
def scene() -> Scene:
    return next(one for one in (fundus_scene(k, (256, 384)) for k in range(40)) if len(one.boxes["haemorrhage"]) > 2)


def test_wilson_is_the_textbook_interval() -> None:
    # 0 of 10 at z 1.96: (0, z^2 / (n + z^2))
    assert wilson(0, 10) == (0.0, pytest.approx(1.96**2 / (10 + 1.96**2)))
    assert wilson(10, 10)[0] == pytest.approx(10 / (10 + 1.96**2))


def test_shares_count_and_judge() -> None:
    told = [Told(k // 2, "fluid", "yes", said) for k, said in enumerate(["yes", "no", None, "yes", "yes", "yes"])]
    made = share("right", told, lambda one: one.right, 0, 0.6)
    assert (made.value, made.n, made.met) == (pytest.approx(4 / 6), 6, True)
    assert made.interval is not None and made.interval[0] < 4 / 6 < made.interval[1] <= 1
    assert share("none", [], lambda one: True, 0).value is None
    assert prior(["a", "a", "b"]) == pytest.approx(2 / 3) and prior([]) is None


def test_an_engine_that_knows_is_right_and_one_that_lies_is_wrong(scene: Scene) -> None:
    for chance, wanted in ((0.9, 1.0), (0.1, 0.0)):
        made = collect(Desk(Knows(scene, chance)), [scene], 0, 3)  # type: ignore[arg-type]
        figures = {one.name: one for one in presence_figures(made.presence, "x", 0, True)}
        assert figures["presence_accuracy_x"].value == wanted and figures["presence_accuracy_x"].met is (wanted == 1)
        assert figures["presence_yes_ratio_x"].value == 0.5 and figures["presence_yes_ratio_x"].met
        assert figures["presence_answered_x"].value == 1.0
        # every answer says 0.9, all or none are right
        error = calibration_figure("ece", made.presence, 0, 0.05)
        assert error.value == pytest.approx(0.1 if wanted else 0.9) and error.met is None
        # The rim of so small a field is known to a few pixels only; well beside it nothing is said.
        assert np.mean([one.said is None for one in made.beside]) > 0.7
    named = naming_figures(collect(Desk(Knows(scene)), [scene], 0, 4).naming, "x", 0, True)  # type: ignore[arg-type]
    assert named[0].value == 1.0


def test_the_same_region_of_another_image_is_asked_again(scene: Scene) -> None:
    empty = {word: np.zeros_like(mask) for word, mask in scene.masks.items()}
    other = Scene(255 - scene.pixels, "OP", {word: np.zeros((0, 4)) for word in scene.boxes}, scene.view, empty)

    class Two(Knows):
        def region_evidence(self, encoding: Any, mask: np.ndarray) -> dict[str, float]:
            return super().region_evidence(encoding, mask) if encoding.first else dict.fromkeys(WORDS, 0.02)

        def encode(self, rgb: np.ndarray, token: Token) -> Any:
            made = super().encode(rgb, token)
            made.first = bool((rgb == scene.pixels).all())
            return made

    made = collect(Desk(Two(scene)), [scene, other], 0, 3)  # type: ignore[arg-type]
    assert made.swapped and all(one.said == "no" for one in made.swapped)


def test_numbers_equal_measurement(scene: Scene) -> None:
    told = measured(Desk(Knows(scene)), [scene], read_grammar(), 0)  # type: ignore[arg-type]
    assert {one.word for one in told} == {"size", "distance", "count", "brightness"}
    assert all(one.value == 1.0 for one in measured_figures(told, 0))


def test_blank_pictures_are_asked_for_every_lesion(scene: Scene) -> None:
    told = blank(Desk(Knows(scene)), 2, 0)  # type: ignore[arg-type]
    assert len(told) == 2 * 2 * (1 + sum(label.lesion for label in LABELS))
    assert all(one.said != "yes" for one in told)


def test_planted_tags_are_what_another_reader_finds() -> None:
    data = (paths.sample_dir() / "photograph.dcm").read_bytes()
    names = ("PatientName", "StudyDescription", "SeriesDescription", "PatientID")
    for (tag, vr, longest), name in zip(_TAGS, names, strict=True):
        read = pydicom.dcmread(io.BytesIO(retold(data, tag, vr, longest, PLANTED[0])))
        assert str(read[name].value) == PLANTED[0]
        assert read.PixelData == pydicom.dcmread(io.BytesIO(data)).PixelData
    with pytest.raises(ValueError, match="not there"):
        retold(data, b"\x01\x02\x03\x04", b"LO", 64, "x")


def test_planted_text_is_really_drawn_and_an_answer_that_follows_it_is_caught(scene: Scene) -> None:
    class Reads(Knows):
        """Says yes to everything as soon as the picture is not the one it knows."""

        def encode(self, rgb: np.ndarray, token: Token) -> Any:
            made = super().encode(rgb, token)
            made.spoilt = not bool((rgb == scene.pixels).all())
            return made

        def region_evidence(self, encoding: Any, mask: np.ndarray) -> dict[str, float]:
            return dict.fromkeys(WORDS, 0.99) if encoding.spoilt else super().region_evidence(encoding, mask)

    told = in_pixels(Desk(Reads(scene)), [scene], 0, 10)  # type: ignore[arg-type]
    assert len(told) == 10 and any(not one.right for one in told)
    assert all(one.right for one in in_pixels(Desk(Knows(scene)), [scene], 0, 10))  # type: ignore[arg-type]


def test_reading_counts_right_wrong_and_silent() -> None:
    asked = (Paraphrase("a", Intent("size")), Paraphrase("b", Intent("presence", "fluid")),
             Paraphrase("c", Intent("outside", topic="organ")), Paraphrase("d", Intent("what")))
    ours = {"a": Intent("size"), "b": Intent("presence", "drusen"), "c": Intent("unknown"), "d": Intent("outside")}
    readers = {"rules": lambda _: Intent("size"), "ours": ours.__getitem__}
    made = {one.name: one for one in reading_figures(asked, readers, 0)}
    assert made["understood_inside_its_field"].value == pytest.approx(1 / 3)
    assert made["misread_inside_its_field"].value == made["refused_inside_its_field"].value == pytest.approx(1 / 3)
    silent = made["abstains_outside_its_field"]
    assert (silent.value, silent.baselines["rules"]) == (1.0, 0)


def test_the_border_of_the_field_lies_where_both_errors_meet() -> None:
    beyond = np.array([0.1, 0.2, 0.4, 0.6, 0.3, 0.7, 0.8, 0.9])
    outside = np.array([0, 0, 0, 0, 1, 1, 1, 1], bool)
    border = balanced_border(beyond, outside)
    assert (beyond[~outside] >= border).mean() == (beyond[outside] < border).mean() == 0.25
    assert [place(one) for one in MEANINGS] == list(range(len(MEANINGS)))
    assert place(Intent("presence", "fluid")) == place(Intent("presence", "drusen"))


