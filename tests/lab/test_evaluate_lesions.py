"""The whole evaluation on photographs drawn here, whose lesions are known to the pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import InputProblem
from fineview.lab.evaluate_lesions import evaluate_lesions
from fineview.lab.lesion_truth import photo_paths, read_truth

HEIGHT, WIDTH = 120, 200
PLACES = [[(60, 40), (120, 70)], [(90, 60)], []]  # haemorrhages (x, y) on three photographs


def _photo(places: list[tuple[int, int]]) -> np.ndarray:
    rgb = np.full((HEIGHT, WIDTH, 3), (150, 70, 30), np.uint8)
    for x in range(24, 180, 22):
        rgb[16:25, x:x + 9] = (255, 230, 190)  # sharp, bright and no blood: what a plain edge detector falls for
    for x, y in places:
        rgb[y - 3:y + 4, x - 3:x + 4] = (60, 15, 10)
    return rgb


@pytest.fixture
def box_folder(tmp_path: Path) -> Path:
    for number, places in enumerate(PLACES):
        Image.fromarray(_photo(places)).save(tmp_path / f"eye{number}.png")
        lines = [f"2 {x / WIDTH} {y / HEIGHT} {10 / WIDTH} {10 / HEIGHT}" for x, y in places]
        (tmp_path / f"eye{number}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def dark_is_blood(rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Perfect on these photographs: dark pixels are blood."""
    return {"haemorrhage": (rgb[..., 0] < 100).astype(np.float32)}


def test_a_perfect_detector_reaches_one_and_meets_its_goal(box_folder: Path) -> None:
    found = evaluate_lesions(box_folder, box_folder, dark_is_blood, seed=3)
    figure = found.named("f1_haemorrhage")
    assert (figure.value, figure.n, figure.met) == (1.0, 3, True)
    assert found.named("pointing_haemorrhage").value == 1.0
    assert found.named("presence_auroc_haemorrhage").value == 1.0
    assert set(figure.baselines) == {"random", "centre prior", "laplacian", "classical"}
    assert figure.goal == max(v for k, v in figure.baselines.items() if k != "classical" and v is not None)


def test_the_object_is_the_contract(box_folder: Path) -> None:
    plain = json.loads(json.dumps(evaluate_lesions(box_folder, box_folder, dark_is_blood, 3).as_dict()))
    assert set(plain) == {"figures", "seed", "machine"}
    assert plain["seed"] == 3
    for figure in plain["figures"]:
        assert set(figure) - {"about"} == {"name", "value", "unit", "interval", "n", "goal", "met", "baselines"}
        assert figure["interval"] is None or figure["interval"][0] <= figure["interval"][1]


def test_equal_seeds_give_equal_figures(box_folder: Path) -> None:
    first, second = (evaluate_lesions(box_folder, box_folder, dark_is_blood, 5).as_dict() for _ in range(2))
    assert first == second


def test_masks_give_pixel_areas_and_unknown_classes_stay_out(tmp_path: Path) -> None:
    for number, places in enumerate(PLACES):
        rgb = _photo(places)
        Image.fromarray(rgb).save(tmp_path / f"eye{number}.png")
        Image.fromarray(((rgb[..., 0] < 100) * 255).astype(np.uint8)).save(tmp_path / f"eye{number}_HE.png")
    found = evaluate_lesions(tmp_path, tmp_path, dark_is_blood, 0)
    assert found.named("aupr_haemorrhage").value == 1.0
    assert {figure.name.split("_", 1)[1] for figure in found.figures if figure.name.startswith("f1")} == {"haemorrhage"}


def test_boxes_are_pixels_with_corners_at_whole_numbers(tmp_path: Path) -> None:
    Image.fromarray(_photo([])).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("1 0.5 0.25 0.1 0.5\n")
    truth = read_truth(tmp_path / "a.png", tmp_path, (HEIGHT, WIDTH))
    assert truth.boxes["hard_exudate"] == pytest.approx(np.array([[90, 0, 110, 60]]))
    assert len(truth.boxes["haemorrhage"]) == 0


def test_a_disc_cut_by_vessels_is_one_disc_and_two_bleeds_are_two(tmp_path: Path) -> None:
    cut = np.zeros((40, 60), np.uint8)
    cut[10:20, 5:15] = cut[10:20, 18:30] = 255
    for code in ("OD", "HE"):
        Image.fromarray(cut).save(tmp_path / f"eye_{code}.png")
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "eye.png")
    truth = read_truth(tmp_path / "eye.png", tmp_path, (40, 60))
    assert truth.boxes["optic_disc"].tolist() == [[5, 10, 30, 20]]
    assert sorted(truth.boxes["haemorrhage"].tolist()) == [[5, 10, 15, 20], [18, 10, 30, 20]]


def test_folders_without_labels_are_refused_with_a_remedy(tmp_path: Path) -> None:
    Image.fromarray(_photo([])).save(tmp_path / "a.png")
    with pytest.raises(InputProblem) as caught:
        photo_paths(tmp_path, tmp_path)
    assert caught.value.code == "empty"
    with pytest.raises(InputProblem) as caught:
        photo_paths(tmp_path / "nowhere", tmp_path)
    assert caught.value.code == "not-found"


def test_a_damaged_label_names_its_line(tmp_path: Path) -> None:
    Image.fromarray(_photo([])).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("2 0.5 0.5 0.1 0.1\n7 what\n")
    with pytest.raises(InputProblem, match=r"Line 2 of a\.txt"):
        read_truth(tmp_path / "a.png", tmp_path, (HEIGHT, WIDTH))
