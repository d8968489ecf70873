"""Training the chat's decoder: truths against masks counted pixel by pixel, and a killed run that ends the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fineview.core.labels import WORDS, label_for
from fineview.core.plan import VERDICTS
from fineview.lab import chat_sightings
from fineview.lab import train_chat as training
from fineview.lab.chat_batches import IGNORED, Lessons, any_lesion
from fineview.lab.chat_sightings import (
    FIRST,
    NO,
    UNSEEN,
    YES,
    Sightings,
    _boxes,
    _truth,
    folder_name,
    phantoms,
    sightings,
)
from fineview.lab.chat_words import Words, make_tokens, read_answers, sequence
from fineview.lab.question_grammar import read_grammar
from fineview.lab.question_scenes import Scene, fundus_scene
from fineview.lab.real_fundus import FOLDS, Photograph
from fineview.models import weights
from fineview.models.language.phraser import ChatPhraser
from fineview.models.language.small_decoder import ChatTokens
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY
from fineview.services.phrasing import within

SIZES = {"width": 16, "layers": 1, "heads": 2, "mlp": 16}
AMOUNTS = training.Amounts(fundus=1, oct=1, other=1, photographs=0, apart=1, sentences=300)


@pytest.fixture(scope="module")
def encoder() -> Predictor:
    return Predictor.untrained(TINY)


@pytest.fixture(scope="module")
def cache(encoder: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("seen")
    sightings(training.pictures_of(AMOUNTS, None, 0), encoder, made, lambda _: None)
    return made


@pytest.fixture(scope="module")
def seen(encoder: Predictor, cache: Path) -> dict[str, Sightings]:
    return sightings(training.pictures_of(AMOUNTS, None, 0), encoder, cache, pytest.fail)  # nothing is made twice


@pytest.fixture(scope="module")
def tokens() -> ChatTokens:
    return make_tokens(Words(read_grammar()), 0, pieces=400, count=300)


@pytest.mark.parametrize("seed", [1, 4])
def test_truth_of_a_region_is_that_of_its_mask(seed: int) -> None:
    scene: Scene = fundus_scene(FIRST + seed)
    checked = 0
    for box, _ in _boxes(scene, np.random.default_rng(1)):
        truth, _ = _truth(scene, box, None)
        for number, word in enumerate(WORDS):
            if label_for(word).domain != "fundus":
                assert truth[number] == UNSEEN
                continue
            mask = scene.masks[word]
            part = mask if box is None else mask[int(np.ceil(box.y)):int(box.y + box.h),
                                                 int(np.ceil(box.x)):int(box.x + box.w)]
            # Whole pixels inside the box: a box that says no holds none of them, one that says yes holds some.
            if truth[number] == NO:
                assert not part.any(), (word, box)
                checked += 1
            elif truth[number] == YES:
                assert part.any(), (word, box)
                checked += 1
    assert checked > 40


def test_any_lesion_is_unknown_where_a_label_is() -> None:
    found = np.full(len(WORDS), UNSEEN, np.int8)
    found[[WORDS.index(one) for one in ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")]] = NO
    assert any_lesion(found) == NO
    found[WORDS.index("haemorrhage")] = -1
    assert any_lesion(found) == -1
    found[WORDS.index("hard_exudate")] = YES
    assert any_lesion(found) == YES


def test_a_batch_is_a_function_of_its_step_and_its_verdicts_are_true(seen: dict[str, Sightings],
                                                                     tokens: ChatTokens) -> None:
    lessons = Lessons(seen, Words(read_grammar()), tokens, 0)
    one, again = lessons.batch(5, 12), Lessons(seen, Words(read_grammar()), tokens, 0).batch(5, 12)
    assert torch.equal(one.ids, again.ids) and torch.equal(one.tokens, again.tokens)
    assert not torch.equal(one.ids, lessons.batch(6, 12).ids[:, : one.ids.shape[1]])
    rng = np.random.default_rng(2)
    for _ in range(200):
        (name, region), spoken, _ = lessons.verdict_lesson(rng)
        plan, truth = spoken.plan, seen[name].truth[region]
        if plan.asked == "presence" and plan.slot in WORDS and plan.verdict != "unsure":
            assert truth[WORDS.index(plan.slot)] == (YES if plan.verdict == "yes" else NO)
        if plan.asked == "what" and plan.verdict != "unsure":
            assert WORDS[seen[name].names[region]] == plan.verdict
        assert within(plan, spoken.answer), spoken


def test_what_is_learnt_of_a_lesson(seen: dict[str, Sightings], tokens: ChatTokens) -> None:
    """Plan, words and end follow each other; the question itself is not learnt, nor a verdict that is measured."""
    lessons, words = Lessons(seen, Words(read_grammar()), tokens, 0), Words(read_grammar())
    at, rng = (next(iter(seen)), 0), np.random.default_rng(0)
    spoken = words.draw(rng, "brighter", None, None, "yes", False)
    batch = lessons.made([(at, spoken, False)])
    ids, plan = sequence(tokens, spoken)
    assert batch.ids[0].tolist() == ids[:-1]
    told = batch.target[0].tolist()
    assert told[:plan] == [IGNORED] * plan and told[plan:plan + 2] == ids[plan + 1:plan + 3]
    assert told[plan + 2] == IGNORED and told[plan + 3:] == ids[plan + 4:]
    assert batch.verdict.tolist() == [-1]
    assert lessons.made([(at, spoken, True)]).verdict.tolist() == [plan + 2]
    assert ids[plan + 3] == tokens.number("<verdict yes>")


def test_answers_hold_no_digit(tmp_path: Path) -> None:
    assert {verdict for _, verdict in read_answers()} <= {*VERDICTS, "label"}
    (tmp_path / "answers.txt").write_text("[count none]\nthere are 3 of them\n")
    with pytest.raises(ValueError, match="digit"):
        read_answers(tmp_path / "answers.txt")


class Killed(Exception):
    pass


def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(encoder: Predictor, cache: Path, tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SAVE_EVERY", 2)

    def kill(step: int) -> None:
        if step == 5:
            raise Killed

    def train(name: str, **more: object) -> Path:
        return training.train_chat(tmp_path / name, 6, encoder, amounts=AMOUNTS, sizes=SIZES, cache=cache, pieces=400,
                                   say=lambda _: None, **more)  # type: ignore[arg-type]

    whole = train("whole")
    with pytest.raises(Killed):
        train("killed", after_step=kill)
    resumed = train("killed", resume=True)
    first, second = (weights.load(folder) for folder in (whole, resumed))
    assert first[1].sha256 == second[1].sha256
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])
    held = json.loads((whole / "model.json").read_text())
    assert held["encoder_sha256"] == encoder.sha256 and held["verdicts"] == {}  # chosen on one picture: never
    assert ChatPhraser.load(whole).encoder_sha256 == encoder.sha256


def test_pictures_come_in_a_mixture_and_another_encoder_sees_anew(cache: Path) -> None:
    names = [one.name.split("-")[0] for one in phantoms(FIRST, 4, 4, 2)]
    assert set(names[:3]) == {"fundus", "oct", "other"} and len(names) == 10
    encoder = Predictor.untrained(TINY)
    assert [one.name for one in cache.iterdir()] == [folder_name(encoder)]
    encoder.calibration = replace(encoder.calibration, regions={**encoder.calibration.regions, "fluid": (2.0, 0, 0)})
    assert not (cache / folder_name(encoder)).exists()


def test_evidence_beside_a_sighting_is_that_of_the_product(encoder: Predictor, seen: dict[str, Sightings]) -> None:
    name = next(one for one in seen if one.startswith("fundus"))
    scene = fundus_scene(int(name.split("-")[1]))
    whole = int(np.flatnonzero(seen[name].whole)[0])
    found = encoder.region_evidence(encoder.encode(scene.pixels), np.ones(scene.view.shape, bool))
    assert seen[name].evidence[whole].tolist() == pytest.approx([found[word] for word in WORDS], abs=1e-6)


def test_photographs_of_the_fold_that_measures_are_never_looked_at(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    made = tuple(Photograph(f"boxes_{number:04}", "boxes", tmp_path / f"{number:04}.jpg", number % FOLDS)
                 for number in range(40))
    monkeypatch.setattr(chat_sightings, "photographs", lambda _: made)
    fold = {one.name: one.fold for one in made}
    chosen = list(chat_sightings.real(tmp_path, 4, 10))
    assert {fold[one.name] for one in chosen if one.held_out} == {0}
    assert {fold[one.name] for one in chosen if not one.held_out} == {1, 2, 3}
    assert [sum(one.held_out is kept for one in chosen) for kept in (False, True)] == [10, 8]


def test_an_answer_of_every_kind_can_be_drawn(tokens: ChatTokens) -> None:
    words, rng = Words(read_grammar()), np.random.default_rng(3)
    for asked, slot in words.meanings:
        verdicts = {"what": "drusen", "presence": "yes", "cut": "yes", "brighter": "yes", "darker": "yes"}
        verdict = verdicts.get(asked, "none")
        made = words.draw(rng, asked, slot, None, verdict, False)
        ids, plan = sequence(tokens, made)
        assert plan <= 48 < 256 - len(ids) and made.plan.asked == asked
