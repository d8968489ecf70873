"""Folders of published models become readers or are refused with the reason; answers and their words from a reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fineview.core.dialogue import Question
from fineview.core.errors import Cancelled, DeviceProblem, WeightsProblem
from fineview.core.evidence import Method, ModelIdentity, WordMap
from fineview.core.geometry import Box
from fineview.core.study import FrameKey
from fineview.models.folder import open_folder
from fineview.models.language.answerer import NO_LENGTH, VisionAnswerer, printable, without_lengths
from fineview.models.language.at_hand import speaker, speakers
from fineview.models.language.families import speaks
from fineview.models.language.load import load_reader
from fineview.models.language.looking import crop_box, look
from fineview.models.language.reader import Reading, Row, Saying, Step
from fineview.models.language.sight import Sight
from fineview.services.jobs import Token
from tests.models import tiny_readers as tiny
from tests.models.test_readers import QUESTION, reader_of

MAKERS: dict[str, Callable[[], Any]] = {"llava": tiny.llava, "instructblip": tiny.instructblip, "blip2": tiny.blip2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("readers")
    made = {name: tiny.save(make(), root / name, name == "llava", name == "instructblip")
            for name, make in MAKERS.items()}
    made["clip"] = tiny.save(tiny.clip(), root / "clip")
    return made


@pytest.mark.parametrize("family", ["llava", "instructblip", "blip2"])
def test_a_folder_reads_as_the_model_it_was_saved_from(folders: dict[str, Path], family: str) -> None:
    loaded = load_reader(folders[family], "cpu")
    asked = Reading((tiny.picture(),), loaded.reader.prompt(QUESTION))
    assert np.array_equal(loaded.reader.row(asked).cells, reader_of(family).row(asked).cells)
    assert loaded.identity.name == family and len(loaded.identity.sha256) == 64 and speaks(folders[family])


def test_clip_reads_and_does_not_speak(folders: dict[str, Path]) -> None:
    reader = load_reader(folders["clip"], "cpu").reader
    assert reader.row(Reading((tiny.picture(),), "dark spot")).cells.shape == (4, 4) and not speaks(folders["clip"])


def test_the_hash_covers_the_q_former_s_tokenizer(folders: dict[str, Path], tmp_path: Path) -> None:
    copied = copy(folders["instructblip"], tmp_path)
    before = load_reader(copied, "cpu").identity.sha256
    path = copied / "qformer_tokenizer" / "tokenizer.json"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert load_reader(copied, "cpu").identity.sha256 != before


def copy(source: Path, target: Path) -> Path:
    import shutil

    return Path(shutil.copytree(source, target / source.name))


def edited(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    change(config)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.mark.parametrize(("change", "code"), [
    (lambda c: c.update(auto_map={"AutoModel": "theirs.Model"}), "weights-code"),
    (lambda c: c.update(model_type="qwen2_5_vl"), "reader-family"),
    (lambda c: c["text_config"].update(model_type="gpt2"), "reader-family"),
    (lambda c: c["vision_config"].update(model_type="siglip_vision_model"), "reader-family"),
    (lambda c: c.update(vision_feature_select_strategy="full"), "reader-family"),
    (lambda c: c["text_config"].update(hidden_size=10**9), "weights-config"),
    (lambda c: c["text_config"].update(num_hidden_layers=120, intermediate_size=60000), "weights-format"),
    (lambda c: c["text_config"].update(rope_parameters={"rope_type": "yarn"}), "weights-config"),
    (lambda c: c.update(quantization_config={"bits": 4}), "weights-config"),
    (lambda c: c.update(vision_config=[]), "weights-config"),
])
def test_what_a_config_may_not_say(folders: dict[str, Path], tmp_path: Path, change: Any, code: str) -> None:
    with pytest.raises(WeightsProblem) as caught:
        load_reader(edited(copy(folders["llava"], tmp_path), change), "cpu")
    assert caught.value.code == code


def test_other_families_that_speak_are_refused_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    def become(config: dict[str, Any]) -> None:
        config.update(model_type="qwen2_5_vl", architectures=["Qwen2_5_VLForConditionalGeneration"])

    with pytest.raises(WeightsProblem, match="qwen2_5_vl") as caught:
        speaks(edited(copy(folders["llava"], tmp_path), become))
    assert caught.value.code == "reader-family"


def test_an_encoder_decoder_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = edited(copy(folders["blip2"], tmp_path), lambda c: c["text_config"].update(model_type="t5"))
    with pytest.raises(WeightsProblem, match="t5"):
        load_reader(folder, "cpu")


@pytest.mark.parametrize(("change", "words"), [
    (lambda t: t.pop(max(t)), "missing|asks for"),
    (lambda t: t.update(more=next(iter(t.values())).clone()), "left over"),
    (lambda t: next(iter(t.values())).fill_(float("nan")), "no numbers")])
def test_tensors_must_fit_and_be_numbers(folders: dict[str, Path], tmp_path: Path, change: Any, words: str) -> None:
    folder = copy(folders["llava"], tmp_path)
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsProblem, match=words):
        load_reader(folder, "cpu")


@pytest.mark.parametrize("name", ["tokenizer.json", "qformer_tokenizer/tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    folder = copy(folders["instructblip"], tmp_path)
    (folder / name).unlink()
    with pytest.raises(WeightsProblem, match=Path(name).name) as caught:
        load_reader(folder, "cpu")
    assert caught.value.code == "weights-missing"


def test_a_broken_tokenizer_is_a_sentence(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copy(folders["llava"], tmp_path)
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(WeightsProblem, match="tokenizer.json cannot be read"):
        load_reader(folder, "cpu")


def test_the_published_names_of_llava_s_tensors_are_understood(folders: dict[str, Path], tmp_path: Path) -> None:
    """The released files put CLIP under vision_tower.vision_model and keep its position numbers."""
    folder = copy(folders["llava"], tmp_path)
    tensors = load_file(folder / "model.safetensors")
    older = {name.replace("vision_tower.", "vision_tower.vision_model."): value for name, value in tensors.items()}
    older["vision_tower.vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    assert set(older) != set(tensors)
    save_file(older, folder / "model.safetensors", metadata={"format": "pt"})
    asked = Reading((tiny.picture(),), "<image> What")
    assert np.array_equal(load_reader(folder, "cpu").reader.row(asked).cells,
                          load_reader(folders["llava"], "cpu").reader.row(asked).cells)


def test_a_sharded_folder_reads_the_same(folders: dict[str, Path], tmp_path: Path) -> None:
    tiny.llava().save_pretrained(tmp_path / "llava", max_shard_size="60KB")
    for name in ("tokenizer.json", "preprocessor_config.json"):
        (tmp_path / "llava" / name).write_bytes((folders["llava"] / name).read_bytes())
    assert len(open_folder(tmp_path / "llava").digests) > 4
    asked = Reading((tiny.picture(),), "<image> What")
    assert np.array_equal(load_reader(tmp_path / "llava", "cpu").reader.row(asked).cells,
                          load_reader(folders["llava"], "cpu").reader.row(asked).cells)


# -- answering -----------------------------------------------------------------------------------------------------
ASKED = Question(QUESTION, "1.2", FrameKey("1.2.3", 0))
WHO = ModelIdentity("tiny", "llava", "ab" * 32)


@pytest.fixture(scope="module")
def llava() -> Any:
    return reader_of("llava")


def test_an_answer_says_who_spoke_and_that_it_is_general(llava: Any) -> None:
    heard: list[tuple[str, tuple[WordMap, ...]]] = []
    rgb = tiny.picture(80, 120)
    made = VisionAnswerer(llava, WHO, 4).answer(ASKED, rgb, None, Token(), lambda *one: heard.append(one))
    crop = crop_box(look(llava, Method.REL_ATT, rgb, QUESTION, lambda: None), 80, 120, llava.base_px)
    left, top = int(crop.x), int(crop.y)
    pictures = (rgb, np.ascontiguousarray(rgb[top: top + int(crop.h), left: left + int(crop.w)]))
    said = llava.say(Reading(pictures, llava.prompt(QUESTION, 2)), Saying(4))
    answer = made.answer
    assert said and answer.text.startswith(said)
    for part in ("Suggested by tiny abababab, not reviewed.", "was not evaluated on pictures of the eye", "middle 67%"):
        assert part in answer.text
    assert (answer.verdict, answer.label, answer.value, answer.confidence) == (None, None, None, None)
    assert answer.model == WHO and not answer.abstained
    assert answer.citations[0].kind == "region" and answer.citations[0].box == crop
    assert {one.text for one in answer.citations if one.kind == "map"} == {one.word for one in made.words}
    assert heard[-1][0] == said and heard[-1][1] == made.words and len(heard) >= 2
    assert all(said[one.start: one.end] == one.word for one in made.words)
    assert all(one.box == Box(20, 0, 80, 80) and one.cells.shape == (4, 4) and one.layer == "language layer 3 of LLaVA"
               for one in made.words)


def test_word_maps_are_the_streamed_rows_on_a_fixed_scale(llava: Any) -> None:
    rgb = tiny.picture(56, 56)
    made = VisionAnswerer(llava, WHO, 3).answer(ASKED, rgb, Box(0, 0, 56, 56), Token(), lambda *_: None)
    steps: list[Step] = []
    llava.say(Reading((rgb,), llava.prompt(QUESTION)), Saying(3, on_step=steps.append))
    assert len(made.words) == len(steps)
    for word, step in zip(made.words, steps, strict=True):
        assert np.allclose(word.cells, np.clip(step.row.cells * 16 / 8, 0, 1))


class Scripted:
    """A reader that says what it is told, to test what an answer may hold; where it looks is the corner."""

    family, grid, layer, layers, base_px, sight = "scripted", (4, 4), 0, 1, 56, Sight(56)

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.readings = pieces, list[Reading]()

    def prompt(self, question: str, pictures: int = 1) -> str:
        return f"{pictures}: {question}"

    def row(self, _: Reading) -> Row:
        return Row(np.ones((1, 16), np.float32), None, (4, 4), 0)

    def say(self, reading: Reading, saying: Saying) -> str:
        self.readings.append(reading)
        text = ""
        for piece in self.pieces:
            if saying.stop():
                break
            text += piece
            saying.on_step(Step(text, self.row(reading)))
        return text


def answered(reader: Scripted, region: Box | None = None, token: Token | None = None, heard: list[str] | None = None
             ) -> Any:
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[30:40, 60:80] = 255
    return VisionAnswerer(reader, WHO).answer(ASKED, rgb, region, token or Token(),  # type: ignore[arg-type]
                                              lambda text, _: heard.append(text) if heard is not None else None)


def test_lengths_are_left_out_and_said_so() -> None:
    heard: list[str] = []
    made = answered(Scripted("A cyst of ", "3.5", " m", "m", " x 2,1 mm", " below."), heard=heard)
    assert made.answer.text.startswith(f"A cyst of [not measured] x [not measured] below. {NO_LENGTH} Suggested")
    # Not even while it streams.
    assert not any(letter.isdigit() for text in heard for letter in text) and heard[-1] in made.answer.text
    assert [made.answer.text[one.start: one.end] for one in made.words] == ["A cyst of", "below."]
    for text in ("2 mm²", "about 350 µm wide", "300 microns", "3x4 mm", "0.4 millimetres"):
        assert not any(letter.isdigit() for letter in without_lengths(text)[0]), text
    for text in ("3 spots", "20/40 vision", "3 minutes", "grade 2 microaneurysms"):
        assert without_lengths(text) == (text, ())


def test_the_region_is_cut_from_the_picture_itself() -> None:
    reader = Scripted("yes")
    made = answered(reader, Box(60.4, 29.7, 19, 10.1))
    full, crop = reader.readings[0].pictures
    assert full.shape == (100, 200, 3) and crop.shape == (11, 20, 3) and reader.readings[0].prompt.startswith("2: ")
    assert (crop[1:] == 255).all() and not crop[0].any()
    assert made.answer.citations[0].box == Box(60, 29, 20, 11) and made.answer.citations[0].text == "region"


def test_a_tiny_region_has_a_pixel_and_a_whole_one_is_asked_once() -> None:
    reader = Scripted("yes")
    assert answered(reader, Box(199.9, 99.9, 0.05, 0.05)).answer.citations[0].box == Box(199, 99, 1, 1)
    answered(reader, Box(0, 0, 200, 100))
    assert len(reader.readings[1].pictures) == 1


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert printable("a\x1b[31mb\nc") == "a [31mb c"
    assert "\x1b" not in answered(Scripted("red \x1b[31m spot")).answer.text


def test_silence_is_no_answer() -> None:
    made = answered(Scripted()).answer
    assert made.abstained and made.reason and "nothing" in made.text


def test_a_letter_that_changes_later_keeps_its_word() -> None:
    """A byte-wise tokenizer shows a mark until the second half of a letter is there."""

    class Halves(Scripted):
        def say(self, reading: Reading, saying: Saying) -> str:
            for text in ("a", "a \ufffd", "a ö"):
                saying.on_step(Step(text, self.row(reading)))
            return "a ö"

    words = answered(Halves()).words
    assert [(one.word, one.start, one.end) for one in words] == [("a", 0, 1), ("ö", 2, 3)]


@pytest.mark.parametrize("problem", [torch.OutOfMemoryError("no"), MemoryError(),
                                     RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")])
def test_too_little_memory_is_a_sentence(problem: Exception) -> None:
    class Large(Scripted):
        def say(self, reading: Reading, saying: Saying) -> str:
            raise problem

    with pytest.raises(DeviceProblem, match="not enough memory") as caught:
        answered(Large())
    assert caught.value.code == "device-memory"


def test_other_faults_stay_what_they_are() -> None:
    class Broken(Scripted):
        def say(self, reading: Reading, saying: Saying) -> str:
            raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        answered(Broken())


def test_a_cancel_stops_within_two_words() -> None:
    token, heard = Token(), list[str]()

    class Counting(Scripted):
        def say(self, reading: Reading, saying: Saying) -> str:
            def hear(step: Step) -> None:
                heard.append(step.text)
                token.cancel()
                saying.on_step(step)

            return super().say(reading, replace(saying, on_step=hear))

    with pytest.raises(Cancelled):
        answered(Counting(*"abcdefgh"), token=token)
    assert len(heard) <= 2


def test_a_cancel_stops_a_real_model_within_two_words(llava: Any) -> None:
    token, heard = Token(), list[str]()

    def hear(text: str, _: tuple[WordMap, ...]) -> None:
        heard.append(text)
        token.cancel()

    with pytest.raises(Cancelled):
        VisionAnswerer(llava, WHO, 60).answer(ASKED, tiny.picture(), None, token, hear)
    assert 1 <= len(heard) <= 2


# -- in a window: listed without torch, loaded with a way to stop ---------------------------------------------------
def test_folders_that_speak_are_listed_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, kind in (("zinnia", "llava"), ("aster", "blip2"), ("a-clip", "clip")):
        copy(folders[kind], tmp_path).rename(tmp_path / name)
    assert [(one.name, one.family, one.path) for one in speakers((tmp_path, tmp_path / "gone"))] == [
        ("aster", "blip-2", str(tmp_path / "aster")), ("zinnia", "llava", str(tmp_path / "zinnia"))]
    for name, code in (("a-clip", "no-answerer"), ("empty", "no-answerer"), ("gone", "weights-missing")):
        with pytest.raises(WeightsProblem) as caught:
            speaker(tmp_path / name)
        assert caught.value.code == code


def test_loading_tells_how_far_it_is_and_can_be_stopped(folders: dict[str, Path]) -> None:
    told: list[tuple[float, float]] = []
    load_reader(folders["llava"], "cpu", lambda *one: told.append(one))
    total = sum(one.numel() for one in load_file(folders["llava"] / "model.safetensors").values())
    assert told[0] == (0, 0) and told[-1] == (total, total) and told == sorted(told)

    def stop(done: float, _: float) -> None:
        if done > total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_reader(folders["llava"], "cpu", stop)
