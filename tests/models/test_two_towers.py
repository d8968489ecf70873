"""CLIP's two towers: unit vectors, a temperature with a ceiling, and the loss of the paper's figure 3."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, ConvNextConfig, ConvNextModel, ResNetConfig, ResNetModel

from fineview.core.errors import WeightsProblem
from fineview.models.language.text_tokens import SPECIAL, TextTokens, WordPieces
from fineview.models.vision.image_tokens import ImageTokens, places
from fineview.models.vision.two_towers import Temperature, TwoTowers, contrastive_loss

WORDS = (*SPECIAL, "a", "red", "dot", "and", "no", "drusen", ";", "##s")
TEXTS = ["a red dot", "no drusen; a dot and a red dot", "red"]


def image_tokens(kind: str = "resnet") -> ImageTokens:
    made = (ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic"))
            if kind == "resnet" else ConvNextModel(ConvNextConfig(hidden_sizes=[8, 12], depths=[1, 1], num_stages=2)))
    return ImageTokens(made, 12, 16)


def text_tokens() -> TextTokens:
    config = BertConfig(vocab_size=len(WORDS), hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=24, max_position_embeddings=32)
    return TextTokens(BertModel(config, add_pooling_layer=False), 12, 16)


@pytest.fixture(scope="module")
def towers() -> TwoTowers:
    torch.manual_seed(0)
    return TwoTowers(image_tokens(), text_tokens(), 10, 2).eval()


def test_the_loss_is_the_mean_of_both_cross_entropies_written_by_hand() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (7, 7))
    by_rows = [-row[k] + math.log(sum(math.exp(v) for v in row)) for k, row in enumerate(logits.tolist())]
    by_columns = [-row[k] + math.log(sum(math.exp(v) for v in row)) for k, row in enumerate(logits.T.tolist())]
    expected = (sum(by_rows) / 7 + sum(by_columns) / 7) / 2
    assert float(contrastive_loss(torch.tensor(logits))) == pytest.approx(expected, rel=1e-12)
    one_way = torch.tensor(logits)
    one_way[:, 0] += 5.0  # changes the rows' part and not the first column's softmax: the two ways differ
    assert float(contrastive_loss(one_way)) != pytest.approx(expected)


def test_scores_are_scaled_cosines_of_unit_vectors(towers: TwoTowers) -> None:
    pixels, (ids, mask) = torch.rand(4, 3, 40, 56), WordPieces(WORDS)(TEXTS)
    with torch.inference_mode():
        images, texts = towers.image_vector(pixels).numpy(), towers.text_vector(ids, mask).numpy()
        scores = towers.scores(pixels, ids, mask).numpy()
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(scores, texts @ images.T / 0.07, rtol=1e-4, atol=1e-5)


def test_the_temperature_starts_at_0_07_and_never_scales_by_more_than_100() -> None:
    temperature = Temperature()
    assert temperature().item() == pytest.approx(1 / 0.07)
    with torch.no_grad():
        temperature.log_scale.fill_(9.0)
    assert temperature().item() == 100.0
    temperature().backward()
    assert float(temperature.log_scale.grad) == 0.0


@pytest.mark.parametrize("kind", ["resnet", "convnext"])
def test_no_picture_and_no_text_hears_of_its_neighbours(kind: str) -> None:
    torch.manual_seed(1)
    model = TwoTowers(image_tokens(kind), text_tokens(), 10, 2).eval()
    pixels, pieces = torch.rand(3, 3, 40, 56), WordPieces(WORDS)
    with torch.inference_mode():
        together, alone = model.image_vector(pixels), model.image_vector(pixels[1:2])
        texts = model.text_vector(*pieces(TEXTS))
        padded_less = model.text_vector(*pieces(TEXTS[2:]))
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(texts[2:], padded_less, atol=1e-5, rtol=1e-4)


def test_both_towers_learn_from_the_loss(towers: TwoTowers) -> None:
    loss = contrastive_loss(towers.scores(torch.rand(3, 3, 40, 56), *WordPieces(WORDS)(TEXTS)))
    loss.backward()
    for part in (towers.image.backbone, towers.text.bert, towers.pool, towers.temperature):
        assert any(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in part.parameters())
    towers.zero_grad()


def test_places_are_told_apart_and_do_not_depend_on_the_size_of_the_picture() -> None:
    fine, coarse = places((6, 9), 16), places((2, 3), 16)
    assert fine.shape == (54, 16)
    assert len({tuple(row.tolist()) for row in fine}) == 54
    # the middle of a coarse cell is the middle of its middle fine cell: (row 1, column 4) of 6 x 9 in thirds
    torch.testing.assert_close(coarse[1], (fine[0 * 9 + 4] * 0 + places((2, 9), 16)[4]))
    assert float(fine.abs().max()) <= 1.0


def test_word_pieces_are_those_of_the_vocabulary() -> None:
    pieces = WordPieces(WORDS, longest=6)
    assert pieces.words("No Dots") == ("[CLS]", "no", "dot", "##s", "[SEP]")
    assert pieces.words("unheard") == ("[CLS]", "[UNK]", "[SEP]")
    ids, mask = pieces(["red", "a red dot and a red dot"])
    assert ids.shape == mask.shape == (2, 6)
    assert mask.sum(1).tolist() == [3, 6]


def test_a_vocabulary_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsProblem) as missing:
        WordPieces.read(tmp_path)
    assert missing.value.code == "weights-missing"
    for data in (b"\x80\x04pickle", b"a\nb\nc\n", "\n".join((*SPECIAL, "a", "a")).encode()):
        (tmp_path / "vocab.txt").write_bytes(data)
        with pytest.raises(WeightsProblem) as wrong:
            WordPieces.read(tmp_path)
        assert wrong.value.code == "weights-format"
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    assert WordPieces.read(tmp_path).vocabulary == WORDS
