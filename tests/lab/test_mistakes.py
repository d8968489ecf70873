"""Places where an encoder errs, found only where the truth is known, and drawn more often afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview.core.labels import LABELS
from fineview.lab import mistakes
from fineview.lab.phantom_fundus import fundus
from fineview.lab.real_fundus import CachedPhotograph, Photograph, read_cached, write_cached
from fineview.lab.samples import MISTAKEN, SampleSource
from fineview.models.predictor import Predictor

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights" / "retina-s"
PHOTO = Photograph("masks_one", "masks", Path("one.jpg"), 1)


def pictured(tmp_path: Path, hit: int, known: int) -> CachedPhotograph:
    """A healthy phantom whose truth a test makes up, so that whatever is seen is right, wrong or unknown."""
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
    assert asked == ["masks_one", "masks_two", "masks_two"] and len(list(folder.iterdir())) == 2
    opened = mistakes.open_with_mistakes(PHOTO, tmp_path, folder)
    assert len(opened.spots[MISTAKEN]) and MISTAKEN not in drawn.spots


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
