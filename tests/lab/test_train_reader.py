"""Training the reader: the same weights again, stopped or not, and the shipped arithmetic is what was trained."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from fineview import paths
from fineview.lab import train_reader as lab
from fineview.lab.question_grammar import plain, read_grammar, read_rehearsal, read_written
from fineview.lab.question_layers import Heads
from fineview.lab.question_seen import look
from fineview.lab.question_sentences import Sentences, by_hand, lesson, sentences
from fineview.models.language.question_reader import SENTENCES, QuestionReader, bent
from fineview.models.language.sentence_encoder import SentenceEncoder
from fineview.models.weights import read_manifest


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder.load(paths.resources_dir() / "chat" / SENTENCES)


@pytest.fixture(scope="module")
def few() -> Sentences:
    return sentences(read_grammar(), 40, 3)


class _Stopped(Exception):
    pass


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(
        encoder: SentenceEncoder, few: Sentences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "SAVE_EVERY", 2)
    monkeypatch.setattr(lab, "BATCH", 8)

    def stop(step: int) -> None:
        if step == 3:
            raise _Stopped

    whole = lab.fit(encoder, few, 5, 1, tmp_path / "whole").tensors()
    with pytest.raises(_Stopped):
        lab.fit(encoder, few, 5, 1, tmp_path / "stopped", after_step=stop)
    said: list[str] = []
    again = lab.fit(encoder, few, 5, 1, tmp_path / "stopped", said.append).tensors()
    assert said == ["resumed at step 2"]
    assert {name for name in whole if not torch.equal(whole[name], again[name])} == set()
    assert float(whole["5.narrowed.up"].abs().max()) > 0  # something was learnt


def test_the_shipped_arithmetic_is_what_was_trained(encoder: SentenceEncoder, few: Sentences,
                                                    tmp_path: Path) -> None:
    torch.manual_seed(0)
    heads = Heads(encoder).eval()
    with torch.no_grad():
        heads.middle += 0.05
        heads.spread *= 1.5
        for name, value in heads.named_parameters():
            if name.endswith(".up"):
                value.normal_(std=0.02)
    texts = few.texts[:6]
    batch = look(encoder, texts, tmp_path).batch(np.arange(6))
    with torch.no_grad():
        wanted = torch.softmax(heads(batch.state, batch.there, batch.flat, batch.starts)[0], 1).numpy()
    reader = lab.reader_of(heads, encoder)
    np.testing.assert_allclose(np.stack([reader.chances(text)[0] for text in texts]), wanted, atol=3e-3)


def test_a_mean_that_never_varies_gives_weights_that_half_precision_holds(encoder: SentenceEncoder) -> None:
    heads = Heads(encoder)
    with torch.no_grad():
        heads.lift.weight.fill_(1.0)
        means = torch.arange(8.0)[:, None] * torch.ones(heads.spread.shape)
        means[:, 5] = 0.25
        heads.level(means)
        lift = heads.tensors()["lift"].float()
    assert bool(torch.isfinite(lift).all()) and heads.middle[5] == 0.25
    # The others are divided by the spread of 0 to 7 over seven degrees of freedom: the root of six.
    np.testing.assert_allclose(lift[:, 4], 6 ** -0.5, rtol=1e-3)


def test_three_in_ten_sentences_are_written_by_hand_each_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fineview.lab.question_sentences.typed", lambda text, _: text)
    written = read_written()[::16]
    made = lesson(read_grammar(), written, 1000, 0)
    assert len(made.texts) == len(made.intents) == len(made.meaning) == len(made.name) == 1000
    drawn, known = made.texts[700:], {one.text: one.intent for one in written}
    often = Counter(drawn)
    assert set(often) == set(known) and max(often.values()) - min(often.values()) == 1
    assert [known[text] for text in drawn] == list(made.intents[700:])


def test_what_is_rehearsed_is_not_trained_on() -> None:
    written = {plain(one.text) for one in read_written()}
    assert len(written) == len(read_written()) > 1000
    assert not written & {plain(one.text) for one in read_rehearsal()}


def test_additions_are_added_to_their_matrix_alone(encoder: SentenceEncoder) -> None:
    torch.manual_seed(0)
    tensors = {name: value.float().numpy() for name, value in Heads(encoder).tensors().items()}
    tensors["4.mixed.up"][7] = 1.0
    made = bent(encoder, tensors).tensors
    wanted = encoder.tensors["4.mixed"].copy()
    wanted[7] += tensors["4.mixed.down"].sum(0)
    np.testing.assert_allclose(made["4.mixed"], wanted, atol=1e-5)
    changed = {name for name in made if not np.array_equal(made[name], encoder.tensors[name])}
    assert changed == {"4.mixed"}


def test_what_was_seen_is_read_from_disk(encoder: SentenceEncoder, few: Sentences, tmp_path: Path) -> None:
    said: list[str] = []
    first, second = (look(encoder, few.texts[:9], tmp_path, said.append) for _ in range(2))
    assert len(said) == 1
    for one, other, text in zip(first.states, second.states, few.texts, strict=False):
        np.testing.assert_array_equal(one, other)
        alone = encoder.states(np.array([encoder.ids(text)]), 3)[-1][0]
        np.testing.assert_allclose(one, alone, atol=6e-3, rtol=2e-3)  # float16 on disk


def test_a_round_meets_no_sentence_twice(encoder: SentenceEncoder, few: Sentences, tmp_path: Path) -> None:
    seen = look(encoder, few.texts, tmp_path)
    rounds = [np.concatenate(seen.batches(0, turn, 8)) for turn in (0, 1)]
    assert all(sorted(one.tolist()) == list(range(40)) for one in rounds) and not np.array_equal(*rounds)


def test_what_training_writes_is_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "BATCH", 8)
    monkeypatch.setattr(lab, "read_rehearsal", lambda: read_rehearsal()[::20])
    reached = lab.train_reader(tmp_path, 2)
    made = QuestionReader.load(tmp_path, paths.resources_dir() / "chat" / SENTENCES)
    facts = read_manifest(tmp_path).facts
    assert facts["rehearsal"] == reached and facts["sentences_sha256"] == made.sentences.sha256
    few = by_hand(read_rehearsal()[::20])
    assert lab.score(made, few) == reached  # the borders written are those that were scored


def test_labels_of_the_rehearsal_count_where_an_answer_hangs_on_them() -> None:
    made = by_hand(read_rehearsal())
    named = np.array([one.asked in ("presence", "count") for one in made.intents])
    assert (made.name[named] > 0).all() and (made.name[~named] == -1).all()
