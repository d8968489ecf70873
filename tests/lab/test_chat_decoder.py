"""The decoder's rows: a decoder that knows nothing is scored as one, and never speaks where the product is silent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fineview.app import App
from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.lab import chat_decoder
from fineview.lab.chat_desk import Desk, Told
from fineview.lab.chat_verdicts import gain
from fineview.lab.chat_words import Words, make_tokens
from fineview.lab.question_grammar import Paraphrase, read_grammar
from fineview.lab.question_scenes import Scene, fundus_scene
from fineview.models import weights
from fineview.models.language.phraser import ChatPhraser
from fineview.models.language.small_decoder import TOKENIZER, DecoderConfig, made_of, tensors_of
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(Predictor.untrained(TINY))


@pytest.fixture(scope="module")
def phraser(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> ChatPhraser:
    """Nobody trained it."""
    folder = tmp_path_factory.mktemp("decoder")
    tokens = make_tokens(Words(read_grammar()), 0, pieces=400, count=300)
    config = DecoderConfig(channels=TINY.encoder.vit_width + 8, vocabulary=len(tokens), width=16, layers=1, heads=2,
                           mlp=16)
    tokens.save(folder / TOKENIZER)
    weights.save(tensors_of(made_of(config, 1)), folder, {
        "name": "tiny", "version": "0", "licence": "none", "trained_steps": 0, "config": config.as_dict(),
        "encoder_sha256": desk.engine.identity.sha256,
        "tokenizer_sha256": hashlib.sha256((folder / TOKENIZER).read_bytes()).hexdigest()})
    return ChatPhraser.load(folder)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return fundus_scene(8_000_001, (384, 576))


def test_words_of_an_untrained_decoder_are_never_used(desk: Desk, phraser: ChatPhraser, scene: Scene) -> None:
    used, numbers, _ = chat_decoder.wording(desk, phraser, [scene], read_grammar(), 0)
    assert used.n > 5 and used.value == 0.0 and numbers.n == 0


def test_alone_it_is_silent_where_the_product_is_and_ungated_it_says_what_it_holds_for_true(
        desk: Desk, phraser: ChatPhraser, scene: Scene) -> None:
    box, intent = Box(100, 100, 80, 60), Intent("presence", "haemorrhage")
    alone = chat_decoder.Alone(phraser)
    gated = Desk(desk.engine, desk.encodings, lambda: alone).ask(scene, intent, box)
    assert gated.abstained and gated.reason == "these weights were never trained."
    told = chat_decoder.Ungated(desk.engine, desk.encodings, lambda: alone).ask(scene, intent, box)
    ground = desk.ground(scene, intent, box)
    encoding = desk.encodings.encode(desk.engine, ground.request.raster, ground.token)
    odds = phraser.log_odds(encoding, box, "presence", ["haemorrhage"])["haemorrhage"]
    chance = 1 / (1 + np.exp(-odds))
    assert told.verdict == ("yes" if chance >= 0.6 else "no" if chance <= 0.4 else "cannot tell")


def test_a_gain_counts_each_question_that_both_answered() -> None:
    def told(*said: str | None) -> list[Told]:
        return [Told(number // 2, "fluid", "yes", one) for number, one in enumerate(said)]

    made = gain("gain", told("yes", "no", None, "no", "yes"), told("no", "yes", "yes", "yes", None), 0)
    assert made.n == 3 and made.value == pytest.approx((-1 + 1 + 1) / 3)
    assert gain("gain", told(None), told("yes"), 0).value is None


def test_its_reading_is_scored_by_meaning(desk: Desk, phraser: ChatPhraser, scene: Scene) -> None:
    asked = (Paraphrase("is there blood", Intent("presence", "haemorrhage")), Paraphrase("hi", Intent("unknown")))
    figures = chat_decoder.reading(phraser, desk, scene, asked, 0)
    assert [one.n for one in figures] == [1, 1, 1, 1] and all(one.name.startswith("decoder_") for one in figures)
    assert chat_decoder.meant("count", "drusen") == Intent("count", "drusen")
    assert chat_decoder.meant("distance", "fovea") == Intent("distance", target="fovea")
    assert chat_decoder.meant("outside", "organ") == Intent("outside", topic="organ")


def test_parts_tile_the_region() -> None:
    parts = np.array([(one.x, one.y, one.w, one.h) for one in chat_decoder._parts(Box(12, 30, 60, 24))])
    assert parts.shape == (36, 4) and parts[:, 2].sum() * 4 == pytest.approx(36 * 10 * 4)
    assert tuple(parts[0]) == (12, 30, 10, 4) and tuple(parts[-1]) == (62, 50, 10, 4)
    assert tuple(parts[1][:2]) == (22, 30)


def test_the_shipped_decoder_loads_and_is_small(tmp_path: Path) -> None:
    app = App(data_dir=tmp_path)
    found = app.phraser()
    assert isinstance(found, ChatPhraser) and app.phraser() is found and len(found.encoder_sha256) == 64
    assert sum(one.numel() for one in found._model.parameters()) < 3_000_000
