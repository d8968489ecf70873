"""Retrieval: recall by hand, honest sets, equal runs, and above chance after a few dozen steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fineview.core.errors import WrongWords
from fineview.lab.evaluate import EVALUATIONS, Request, run_evaluation
from fineview.lab.evaluate_retrieval import Material, Plan, common_start, difference, material
from fineview.lab.marked_start import MARKED, cells, f1
from fineview.lab.matching import WORDING, Budget, train_matcher
from fineview.lab.naming import named, prompts
from fineview.lab.pair_stream import PairStream, vocabulary, word_pieces
from fineview.lab.retrieval_models import NAMES, build_matcher
from fineview.lab.retrieval_scores import hits, ranks, recalls, table

TINY = Plan(pairs=12, scored=6, start_steps=1, shared=Budget(2, 6), clip=Budget(2, 6))


@pytest.fixture(scope="module")
def made() -> Material:
    return material(TINY, 0, lambda done: None)


def test_recall_by_hand() -> None:
    scores = np.array([[3.0, 1, 2], [5, 4, 0], [1, 1, 1]])
    assert ranks(scores).tolist() == [0, 1, 2]  # a constant row finds nothing: ties count against it
    assert hits(scores, 2).tolist() == [1, 1, 0]
    assert ranks(scores.T).tolist() == [1, 0, 1]
    by_name = {one.name: one for one in recalls("x", scores, 0)}
    assert by_name["x.text-to-image.r@1"].value == pytest.approx(1 / 3)
    assert by_name["x.image-to-text.r@5"].value == 1.0
    assert by_name["x.text-to-image.r@1"].baselines["chance"] == pytest.approx(1 / 3)


def test_a_difference_counts_only_where_its_whole_interval_does() -> None:
    right, wrong = np.eye(8), np.zeros((8, 8))
    assert difference(right, wrong, 0).met is True
    assert difference(right, right, 0).met is False
    assert difference(wrong, right, 0).value == -1.0


def test_no_held_out_caption_was_ever_told_in_training_mirrored_or_not(made: Material) -> None:
    known = {pair.facts for pair in made.training} | {
        replace(pair.facts, side="L" if pair.laterality == "R" else "R") for pair in made.training}
    assert not known & {pair.facts for pair in made.held_out}
    assert len({pair.facts for pair in made.held_out}) == len(made.held_out) == TINY.scored
    assert len({pair.facts for pair in made.seen}) == len(made.seen) == TINY.scored
    for new, old in zip(made.seen[:1], made.training, strict=False):
        assert new.rgb.shape == old.rgb.shape
    shown = {pair.rgb.tobytes() for pair in made.training}
    assert not shown & {pair.rgb.tobytes() for pair in (*made.seen, *made.held_out, *made.single)}
    assert all(len(pair.facts.groups) == 1 for pair in made.single)


def test_every_word_of_every_caption_is_in_the_vocabulary(made: Material) -> None:
    pieces = word_pieces()
    assert len(set(vocabulary())) == len(vocabulary())
    stream = PairStream(made.training, 12, 3, replace(WORDING, insertion=1.0, synonyms=1.0))
    for pair in (*made.training, *stream.pairs(0)):
        words = pieces.words(pair.words)
        assert "[UNK]" not in words
        assert words[-1] == "[SEP]", "cut short"


def test_a_batch_depends_on_its_number_alone_and_has_no_fact_twice(made: Material) -> None:
    stream = PairStream(made.training, 10, 0, WORDING)
    (first, words), (again, same), (other, _) = stream.batch(4), stream.batch(4), stream.batch(5)
    assert torch.equal(first, again)
    assert words == same
    assert not torch.equal(first, other)
    assert len({pair.facts for pair in stream.pairs(4)}) == 10


def test_marked_cells_are_those_the_masks_touch(made: Material) -> None:
    pair = made.training[0]
    found = cells([pair])[0].numpy()
    for _, word, mask in pair.objects:
        rows, columns = np.nonzero(found[MARKED.index(word)])
        touched = mask.reshape(12, 8, 12, 8).any((1, 3))
        assert len(rows)
        assert touched[rows, columns].all()
    assert f1(torch.tensor([True, True, False]), torch.tensor([True, False, True])) == pytest.approx(0.5)


def test_equal_seeds_train_equal_matchers_and_the_start_is_the_one_given(made: Material) -> None:
    start, _ = common_start(made, TINY, 0, lambda step: None)
    runs = [train_matcher("decoupled", start, made.training, word_pieces(), Budget(2, 4), 5) for _ in range(2)]
    first, again = (table(one.model, word_pieces(), [p.words for p in made.held_out], made.held_out) for one in runs)
    assert (first == again).all()
    still = train_matcher("decoupled", start, made.training, word_pieces(), Budget(0, 4), 5)
    for name, value in still.model.image.backbone.state_dict().items():
        assert torch.equal(value, start[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_few_dozen_steps_tell_new_photographs_from_new_scans_by_their_words(name: str, made: Material) -> None:
    start = build_matcher(name, len(vocabulary()), 0).image.backbone.state_dict()
    trained = train_matcher(name, start, made.training, word_pieces(), Budget(30, 8), 0)
    shown = [*made.held_out, *made.seen]
    scores = table(trained.model, word_pieces(), [pair.words for pair in shown], shown)
    kinds = np.array([pair.facts.modality for pair in shown])
    same = kinds[:, None] == kinds[None, :]
    assert same.any() and not same.all()
    better = scores[same][:, None] > scores[~same][None, :]
    assert better.mean() > 0.85  # chance is a half


def test_prompts_name_their_kind_alone_and_the_best_is_chosen(made: Material) -> None:
    told = prompts("oct", "drusen")
    assert len(set(told)) == 2 * 3 * 2 * 3
    assert all("no cyst" in words and ("druse" in words or "drusen" in words) for words in told)

    class SeesCysts(torch.nn.Module):
        """Likes every text that does not deny them."""

        def scores(self, pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            denied = (ids[:, :-1] == vocabulary().index("no")) & (ids[:, 1:] == vocabulary().index("cyst"))
            return (~denied.any(1, keepdim=True)).float().expand(-1, len(pixels))

    oct_pairs = [replace(pair, facts=replace(pair.facts, modality="oct")) for pair in made.single]
    assert named(SeesCysts(), word_pieces(), oct_pairs) == ["fluid"] * len(oct_pairs)


def test_the_table_is_on_the_command_line_and_refuses_rows_it_has_not() -> None:
    assert "retrieval" in EVALUATIONS
    with pytest.raises(WrongWords, match="no row"):
        run_evaluation("retrieval", Request(None, 0, lambda done, total, words: None,  # type: ignore[arg-type]
                                            only=("bm25",)))
