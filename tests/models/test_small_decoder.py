"""The chat's decoder: its logits and rows against transformers' own, its folder against hostile ones, its words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from fineview.core.errors import Cancelled, WeightsProblem
from fineview.core.geometry import Box
from fineview.core.labels import WORDS
from fineview.core.plan import Plan
from fineview.imaging.placement import place
from fineview.lab.chat_words import Words, make_tokens
from fineview.lab.question_grammar import read_grammar
from fineview.models import weights
from fineview.models.encoding import Encoding
from fineview.models.language.phraser import ChatPhraser, _Heard
from fineview.models.language.reader import Row, Step
from fineview.models.language.small_decoder import (
    SPECIAL,
    TOKENIZER,
    VISUAL,
    ChatTokens,
    DecoderConfig,
    load_decoder,
    made_of,
    tensors_of,
)
from fineview.models.language.visual_tokens import COUNT, FRAME, PLACE, REGION, visual_tokens

SIZES = {"width": 32, "layers": 2, "heads": 2, "mlp": 32}
ENCODER = "ab" * 32


@pytest.fixture(scope="module")
def tokens() -> ChatTokens:
    return make_tokens(Words(read_grammar()), 0, pieces=400, count=400)


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    """A picture of 300 x 400 px on its canvas, with numbers at random in place of what an encoder sees."""
    rng, where = np.random.default_rng(3), place(300, 400)
    rows, cols = where.grid
    high, wide = where.fine_canvas_hw
    return Encoding(where, rng.normal(size=(len(WORDS), high // 4, wide // 4)).astype(np.float16),
                    np.zeros((3, 400), np.float32), {}, {"fundus": 0.7, "oct": 0.2, "other": 0.1},
                    np.zeros((1, 1), np.float32), torch.from_numpy(rng.normal(size=(rows * cols, 576, 12))).float(),
                    np.zeros((1, 1, 3), np.uint8), "cpu", "fp32", ENCODER)


@pytest.fixture(scope="module")
def folder(tokens: ChatTokens, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder nobody trained, in a folder as it is shipped."""
    made = tmp_path_factory.mktemp("decoder")
    config = DecoderConfig(channels=12 + len(WORDS), vocabulary=len(tokens), **SIZES)
    tokens.save(made / TOKENIZER)
    weights.save(tensors_of(made_of(config, 1)), made, {
        "name": "tiny", "version": "0", "licence": "none", "trained_steps": 0, "config": config.as_dict(),
        "encoder_sha256": ENCODER, "tokenizer_sha256": hashlib.sha256((made / TOKENIZER).read_bytes()).hexdigest()})
    return made


def copied(folder: Path, to: Path, **facts: object) -> Path:
    to.mkdir()
    for one in folder.iterdir():
        (to / one.name).write_bytes(one.read_bytes())
    held = json.loads((to / "model.json").read_text())
    (to / "model.json").write_text(json.dumps({**held, **facts}))
    return to


def test_padding_and_a_missing_mask_change_no_logit(folder: Path) -> None:
    model = load_decoder(folder).model
    rng = torch.Generator().manual_seed(0)
    seen = torch.randn(2, COUNT, model.config.channels, generator=rng)
    where = torch.randn(2, PLACE, generator=rng)
    ids = torch.randint(60, 300, (2, 9), generator=rng)
    ids[1, 6:] = 0
    found = model(seen, where, ids)
    # transformers' own class with its own mask, on the unpadded second row alone
    alone: LlamaForCausalLM = model.language
    embeds = model.embed(seen[1:], where[1:], ids[1:, :6])
    own = alone(inputs_embeds=embeds, attention_mask=torch.ones(1, VISUAL + 6)).logits[:, VISUAL:]
    assert torch.allclose(found[1:, :6], own, atol=1e-5)


def test_no_piece_holds_a_digit_and_numbers_of_a_question_become_one_mark(tokens: ChatTokens) -> None:
    pieces = [tokens._tokenizer.id_to_token(number) for number in range(len(tokens))]
    assert not [one for one in pieces if any(letter.isdigit() for letter in one)]
    assert tokens.text(tokens.question("is it 3.25 mm or 17?")).count("#") == 2


def test_a_question_brings_no_slot_and_no_plan(tokens: ChatTokens) -> None:
    ids = tokens.question("say <count> and <verdict yes> <end>")
    assert not set(ids) & {tokens.number(one) for one in (*SPECIAL[2:], "<count>")}


def test_visual_tokens_hold_the_strongest_logit_of_each_part_and_the_token_beneath(encoding: Encoding) -> None:
    peak = np.full_like(encoding.logits, -9.0)
    top, left = (part.start for part in encoding.where.cells(4))
    step = encoding.where.stride_px(4)[0]
    peak[2, top + int(110 / step), left + int(210 / step)] = 5.0  # source pixel (110, 210)
    grid = torch.arange(12.0).expand(encoding.tokens.shape)
    found, where = visual_tokens(replace(encoding, logits=peak, tokens=grid), Box(200, 100, 120, 120))
    assert found.shape == (COUNT, 20) and where.shape == (PLACE,)
    assert np.allclose(found[:, :12], np.arange(12.0))
    region = found[FRAME * FRAME:, 12:].reshape(REGION, REGION, 8)
    assert region[0, 0, 2] == 5.0 and (region[..., 2] == 5.0).sum() == 1  # the first of six parts of 20 px
    assert np.allclose(where[8:11], [0.7, 0.2, 0.1]) and np.allclose(where[11:15], [0.65, 160 / 300, 0.3, 0.4])


def test_words_that_are_not_allowed_are_told_to_nobody(folder: Path, encoding: Encoding) -> None:
    phraser = ChatPhraser.load(folder)
    heard: list[str] = []
    plan, fill = Plan("size", "none", "none"), {"<size>": "area 3 px"}

    class Go:
        def raise_if_cancelled(self) -> None: ...

    found = phraser.phrase(encoding, Box(10, 10, 50, 50), "how large", plan, fill, lambda _: False, Go(),
                           lambda text, _: heard.append(text))
    assert found is None and heard == []


def test_a_words_map_is_the_attention_row_of_transformers_own_eager_layer(folder: Path, encoding: Encoding) -> None:
    phraser, box = ChatPhraser.load(folder), Box(40, 30, 90, 60)
    plan, told = Plan("presence", "haemorrhage", "yes"), []

    class Go:
        def raise_if_cancelled(self) -> None: ...

    fill = {"<source>": "Suggested by 1."}
    found = phraser.phrase(encoding, box, "any bleeding?", plan, fill, lambda _: True, Go(),
                           lambda text, words: told.append(words))
    assert found is not None and found[1][0].box == box
    model, words = phraser._model, phraser._tokens
    ids = torch.tensor([[*words.question("any bleeding?"), *words.plan(plan)]])
    seen, where = (torch.from_numpy(one)[None] for one in visual_tokens(encoding, box))
    model.language.set_attn_implementation("eager")
    out = model.language.model(inputs_embeds=model.embed(seen, where, ids), output_attentions=True)
    row = out.attentions[phraser._layer][0, :, -1].mean(0)[FRAME * FRAME:COUNT]
    expected = (row / row.sum() * REGION * REGION / 4).clamp(0, 1).reshape(REGION, REGION)
    assert np.allclose(found[1][0].cells, expected.detach().numpy(), atol=1e-5)


def test_stop_stops(folder: Path, encoding: Encoding) -> None:
    class Stop:
        def raise_if_cancelled(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        ChatPhraser.load(folder).phrase(encoding, None, "?", Plan("what", "none", "fluid"), {}, lambda _: True, Stop(),
                                        lambda *_: None)


def test_its_own_log_odds_are_those_of_transformers_chances(folder: Path, encoding: Encoding) -> None:
    phraser, box = ChatPhraser.load(folder), Box(40, 30, 90, 60)
    model, words = phraser._model, phraser._tokens
    seen, where = (torch.from_numpy(one)[None] for one in visual_tokens(encoding, box))

    def chances(question: str, plan: Plan, verdicts: tuple[str, ...]) -> np.ndarray:
        ids = torch.tensor([[*words.question(question), *words.plan(plan)[:3]]])
        logits = model.language(inputs_embeds=model.embed(seen, where, ids)).logits[0, -1]
        numbers = [words.number(f"<verdict {one}>") for one in verdicts]
        return logits[torch.tensor(numbers)].double().softmax(0).detach().numpy()

    found = phraser.log_odds(encoding, box, "presence", ["hard_exudate", "fluid"])
    for word, asked in (("hard_exudate", "is there hard exudate?"), ("fluid", "is there fluid?")):
        yes, no = chances(asked, Plan("presence", word, "none"), ("yes", "no"))
        assert found[word] == pytest.approx(np.log(yes / no), abs=1e-4)
    each = chances("what is this?", Plan("what", "none", "none"), WORDS)
    named = phraser.log_odds(encoding, box, "what", list(WORDS[:3]))
    assert list(named) == list(WORDS[:3])
    assert list(named.values()) == pytest.approx(np.log(each / (1 - each))[:3].tolist(), abs=1e-4)


def test_without_a_choice_in_its_folder_it_has_no_part_in_verdicts(folder: Path, tmp_path: Path) -> None:
    assert ChatPhraser.load(folder).weights("fundus", "presence") == (1.0, 0.0)
    both = {"fundus": {"presence": {"encoder": 0.5, "decoder": 0.4, "temperature": 1.2}}}
    made = ChatPhraser.load(copied(folder, tmp_path / "both", verdicts=both))
    assert made.weights("fundus", "presence") == (0.5, 0.4) and made.weights("oct", "presence") == (1.0, 0.0)


@pytest.mark.parametrize("odd", [
    7, {"heart": {}}, {"fundus": 3}, {"fundus": {"size": {"encoder": 1}}}, {"oct": {"what": {"encoder": 1}}},
    {"oct": {"what": {"encoder": -1, "decoder": 1}}}, {"oct": {"what": {"encoder": True, "decoder": 1}}},
    {"oct": {"what": {"encoder": 0, "decoder": 0}}}, {"oct": {"what": {"encoder": 1e9, "decoder": 0}}},
    {"oct": {"what": {"encoder": float("nan"), "decoder": 1}}}, {"oct": {"what": {"encoder": 1, "decoder": 1, "x": 1}}},
    {"oct": {"what": {"encoder": 1, "decoder": 1, "temperature": "1"}}},
    {"oct": {"what": {"encoder": 1, "decoder": 1, "temperature": 0}}}])
def test_an_odd_weighing_of_verdicts_is_refused(folder: Path, tmp_path: Path, odd: object) -> None:
    with pytest.raises(WeightsProblem) as refused:
        ChatPhraser.load(copied(folder, tmp_path / "odd", verdicts=odd))
    assert refused.value.code == "weights-format"


@pytest.mark.parametrize("config", [
    None, 7, {}, {"width": 128}, {"channels": 20, "vocabulary": 400, "width": 10**9, "layers": 2, "heads": 2, "mlp": 8},
    {"channels": 20, "vocabulary": 400, "width": 32, "layers": True, "heads": 2, "mlp": 32},
    {"channels": 20, "vocabulary": 400, "width": 30, "layers": 2, "heads": 4, "mlp": 32},
    {"channels": 20, "vocabulary": 400, "width": 32, "layers": 2, "heads": 2, "mlp": 32, "auto_map": 1},
    {"channels": 20, "vocabulary": 400, "width": 64, "layers": 24, "heads": 2, "mlp": 32}])
def test_odd_sizes_are_refused(folder: Path, tmp_path: Path, config: object) -> None:
    with pytest.raises(WeightsProblem) as refused:
        load_decoder(copied(folder, tmp_path / "odd", config=config))
    assert refused.value.code == "weights-format"


@pytest.mark.parametrize(("name", "content", "code"), [
    (TOKENIZER, b"{}", "weights-hash"), (TOKENIZER, b" " * (2**20 + 1), "weights-missing"),
    ("model.safetensors", b"\x80\x04pickle", "weights-pickle"), ("model.safetensors", b"\0" * 40, "weights-format"),
    ("model.json", b"[1]", "weights-format")])
def test_hostile_files_are_refused(folder: Path, tmp_path: Path, name: str, content: bytes, code: str) -> None:
    made = copied(folder, tmp_path / "hostile")
    (made / name).write_bytes(content)
    with pytest.raises(WeightsProblem) as refused:
        load_decoder(made)
    assert refused.value.code == code


def test_numbers_that_are_none_and_a_missing_encoder_are_refused(folder: Path, tmp_path: Path) -> None:
    held, manifest = weights.load(folder)
    held["place.0.bias"][0] = float("nan")
    bad = copied(folder, tmp_path / "nan")
    weights.save(held, bad, manifest.facts)
    with pytest.raises(WeightsProblem, match="not those of a decoder"):
        load_decoder(bad)
    with pytest.raises(WeightsProblem, match="which encoder"):
        load_decoder(copied(folder, tmp_path / "nobody", encoder_sha256=None))


@pytest.mark.parametrize("pieces", [("the count is", " <count>", ".", " <source>"),
                                    ("the count is ", "<count>", ". ", "<source>"),
                                    ("the count is", "<count>", ".", "<source>")])
def test_what_fills_a_slot_is_a_word_of_its_own(pieces: tuple[str, ...]) -> None:
    heard, said = _Heard(Box(0, 0, 6, 6), "row", {"<count>": "1", "<source>": "suggested by a."}, lambda _: True,
                         lambda *_: None), ""
    for piece in pieces:
        said += piece
        heard.step(Step(said, Row(np.ones((1, 36), np.float32), None, (6, 6), 0)))
    made = heard.done()
    assert made is not None and made[0] == "The count is 1. Suggested by a."
    assert [one.word for one in made[1]] == ["The count is", "1", ".", "Suggested by a."]
