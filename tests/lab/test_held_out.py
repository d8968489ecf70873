"""What is laid out for evaluation was never in the training stream, and stands there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.errors import InputProblem
from fineview.lab.held_out import lay_out
from fineview.lab.lesion_truth import read_truth
from fineview.lab.real_fundus import photographs
from tests.shared_data import SHARED, needs_shared


@needs_shared
@pytest.mark.parametrize("labelled", ["boxes", "masks"])
def test_only_the_fold_and_its_labels(tmp_path: Path, labelled: str) -> None:
    folder = lay_out(SHARED, 0, labelled, tmp_path / "out")
    pictures = {path.resolve() for path in folder.glob("*.jpg")}
    assert pictures
    trained = {photo.path.resolve() for photo in photographs(SHARED) if photo.fold != 0}
    assert not pictures & trained
    for picture in folder.glob("*.jpg"):
        beside = list(folder.glob(f"{picture.stem}*"))
        assert any(path.suffix in (".txt", ".png") for path in beside)


@needs_shared
def test_a_healthy_eye_joins_with_nothing_drawn(tmp_path: Path) -> None:
    plain, more = (set(lay_out(SHARED, 0, "boxes", tmp_path / str(healthy), healthy).glob("*.jpg"))
                   for healthy in (False, True))
    (added,) = {path.name for path in more} - {path.name for path in plain}
    truth = read_truth(tmp_path / "True" / added, tmp_path / "True", (1168, 1752))
    assert added.endswith("_h.jpg") and set(truth.boxes) == {"microaneurysm", "haemorrhage", "hard_exudate",
                                                             "soft_exudate"}
    assert not any(len(boxes) for boxes in truth.boxes.values())


def test_a_folder_without_them_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="none of the photographs"):
        lay_out(tmp_path, 0, "boxes", tmp_path / "out")
