"""Places where an encoder errs, found only where the truth is known, and drawn more often afterwards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from fineview.core.errors import InputProblem, WrongWords
from fineview.core.labels import LABELS
from fineview.lab import mistakes
from fineview.lab.array_files import write_arrays
from fineview.lab.phantom_fundus import fundus
from fineview.lab.real_fundus import CachedPhotograph, Photograph, read_cached, write_cached
from fineview.lab.samples import MISTAKEN, SampleSource
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY
from fineview.models.weights import read_manifest

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights" / "retina-s"
PHOTO = Photograph("masks_one", "masks", Path("one.jpg"), 1)


def pictured(tmp_path: Path, hit: int, known: int) -> CachedPhotograph:
    """A phantom with lesions whose truth a test makes up, so that whatever is seen is right, wrong or unknown."""
    made = fundus(3, (400, 500), lesions=True)
    stem = tmp_path / f"{hit}-{known}"
    planes = (np.full(made.field.shape, value, np.uint8) for value in (hit, known))
    write_cached(stem, made.rgb, *planes, made.field)
    return read_cached(stem, 1.0)


def test_only_what_is_known_to_be_absent_is_a_mistake(tmp_path: Path) -> None:
    predictor = Predictor.load(WEIGHTS, "cpu")
    assert not len(mistakes._of_photograph(predictor, pictured(tmp_path, 255, 255)))
    assert not len(mistakes._of_photograph(predictor, pictured(tmp_path, 0, 0)))
    drawn = pictured(tmp_path, 0, 255)
    found = mistakes._of_photograph(predictor, drawn)
    assert 0 < len(found) <= mistakes.MOST * sum(label.lesion for label in LABELS)
    assert (found >= 0).all() and (found < drawn.hit.shape[::-1]).all()


def test_the_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, folder, asked = pictured(tmp_path, 0, 255), tmp_path / "mistakes", []

    def one_then_none(photo: Photograph, cache: Path) -> CachedPhotograph:
        asked.append(photo.name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return drawn

    photos = (PHOTO, Photograph("masks_two", "masks", Path("two.jpg"), 2), Photograph("held", "masks", Path("h"), 0))
    monkeypatch.setattr(mistakes, "photographs", lambda shared: photos)
    monkeypatch.setattr(mistakes, "open_cached", one_then_none)
    with pytest.raises(KeyboardInterrupt):
        mistakes.find_mistakes(WEIGHTS, folder, tmp_path, 0, tmp_path, lambda text: None)
    assert not folder.exists()
    mistakes.find_mistakes(WEIGHTS, folder, tmp_path, 0, tmp_path, lambda text: None)
    assert asked == ["masks_one", "masks_two", "masks_two"]
    assert sorted(one.name for one in folder.iterdir()) == ["masks_one.npz", "masks_two.npz", "of.json"]
    digest = hashlib.sha256((WEIGHTS / "model.safetensors").read_bytes()).hexdigest()
    assert json.loads((folder / "of.json").read_text("utf-8")) == {"sha256": digest, "fold": 0}
    opened = mistakes.open_with_mistakes(PHOTO, tmp_path, folder)
    assert len(opened.spots[MISTAKEN]) and MISTAKEN not in drawn.spots
    added = Photograph("masks_three", "masks", Path("three.jpg"), 3)
    assert MISTAKEN not in mistakes.open_with_mistakes(added, tmp_path, folder).spots


def test_only_a_damaged_file_is_looked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, of = tmp_path / "mistakes", {"sha256": read_manifest(WEIGHTS).sha256, "fold": 0}
    places = {f"masks_{name}": np.array([[number, 7]], np.int32) for number, name in enumerate(
        ("whole", "cut", "empty", "words", "other"))}
    for name, found in places.items():
        write_arrays(folder / f"{name}.npz", {"nothing" if name == "masks_other" else MISTAKEN: found})
    whole = (folder / "masks_cut.npz").read_bytes()
    (folder / "masks_cut.npz").write_bytes(whole[:len(whole) // 2])
    (folder / "masks_empty.npz").write_bytes(b"")
    (folder / "masks_words.npz").write_bytes(b"no archive")
    (folder / "of.json").write_text(json.dumps(of), "utf-8")
    broken = [f"masks_{name}" for name in ("cut", "empty", "other", "words")]
    assert [path.stem for path in mistakes.damaged(folder)] == broken
    photos = tuple(Photograph(name, "masks", Path(name), 1) for name in places)
    monkeypatch.setattr(mistakes, "photographs", lambda shared: photos)
    monkeypatch.setattr(mistakes, "open_cached", lambda photo, cache: drawn)
    drawn = pictured(tmp_path, 0, 0)
    for photo in photos[1:]:
        with pytest.raises(InputProblem, match=f"{photo.name}.npz.* damaged") as caught:
            mistakes.open_with_mistakes(photo, tmp_path, folder)
        assert caught.value.code == "truncated" and "--from" in caught.value.remedy
    looked: list[CachedPhotograph] = []
    monkeypatch.setattr(mistakes, "_of_photograph",
                        lambda _, seen: looked.append(seen) or np.array([[9, 9]], np.int32))
    mistakes.find_mistakes(WEIGHTS, folder, tmp_path, 0, tmp_path, lambda text: None)
    assert len(looked) == 4 and not folder.with_suffix(".part").exists() and not mistakes.damaged(folder)
    held = [mistakes.open_with_mistakes(photo, tmp_path, folder).spots[MISTAKEN].tolist() for photo in photos]
    assert held == [[[0, 7]], *[[[9, 9]]] * 4]
    monkeypatch.setattr(mistakes, "Predictor", None)  # nothing is left to look for
    mistakes.find_mistakes(WEIGHTS, folder, tmp_path, 0, tmp_path, lambda text: None)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("other", ["sha256", "fold", "unsaid"])
def test_mistakes_of_other_weights_are_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      other: str, finished: bool) -> None:
    drawn, looked, part = pictured(tmp_path, 255, 255), [], tmp_path / ("mistakes" if finished else "mistakes.part")

    def look(photo: Photograph, cache: Path) -> CachedPhotograph:
        looked.append(photo.name)
        return drawn

    for name in ("masks_one", "masks_gone"):
        write_arrays(part / f"{name}.npz", {MISTAKEN: np.array([[7, 7]], np.int32)})
    of = {"sha256": read_manifest(WEIGHTS).sha256, "fold": 0}
    if other != "unsaid":
        (part / "of.json").write_text(json.dumps({**of, other: "another"}), "utf-8")
    monkeypatch.setattr(mistakes, "photographs", lambda shared: (PHOTO,))
    monkeypatch.setattr(mistakes, "open_cached", look)
    mistakes.find_mistakes(WEIGHTS, tmp_path / "mistakes", tmp_path, 0, tmp_path, lambda text: None)
    assert looked == ["masks_one"] and not (tmp_path / "mistakes.part").exists()
    assert sorted(one.name for one in (tmp_path / "mistakes").iterdir()) == ["masks_one.npz", "of.json"]
    with np.load(tmp_path / "mistakes" / "masks_one.npz") as held:
        assert not len(held[MISTAKEN])


def test_weights_that_learned_from_what_is_to_be_kept_apart_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs the extra \"train\"")
    from fineview.lab.train_embedded import train_embedded
    from fineview.lab.train_state import TOGETHER
    from tests.small_stages import TABLE

    fold = json.loads((WEIGHTS / "model.json").read_text("utf-8"))["fold"]
    for wanted, match in ((fold + 1, f"photographs of fold {fold + 1}"), (fold, "structure")):
        with pytest.raises(WrongWords, match=match):  # of the same fold: only the tiny structure is wrong with it
            train_embedded(tmp_path, 0, fold=wanted, stage=TOGETHER, config=TINY, begin=WEIGHTS, table=TABLE,
                           say=lambda _: None)
    assert not list(tmp_path.iterdir())


def test_crops_are_drawn_where_the_encoder_erred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = pictured(tmp_path, 0, 255)
    marked = CachedPhotograph(np.zeros_like(drawn.rgb), drawn.hit, drawn.known, 1.0,
                              {**drawn.spots, MISTAKEN: np.array([[250, 200]], np.int32)})
    marked.rgb[195:206, 245:256] = 255
    monkeypatch.setattr("fineview.lab.samples.photographs", lambda shared: (PHOTO,))
    monkeypatch.setattr("fineview.lab.samples.oct_pictures", lambda shared: ())
    shares = []
    for photo in (marked, CachedPhotograph(marked.rgb, drawn.hit, drawn.known, 1.0, drawn.spots)):
        source = SampleSource(64, 0, 0, tmp_path, tmp_path, {"real": 1.0}, lambda *_, one=photo: one)  # type: ignore[misc]
        shares.append(np.mean([source.sample(k).rgb.max() > 120 for k in range(120)]))
    assert shares[0] > 0.25 > shares[1]
