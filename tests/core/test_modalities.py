"""The modality arithmetic of the handbook, worked by hand from its table."""

from __future__ import annotations

import pytest

from fineview import paths
from fineview.core.errors import WrongWords
from fineview.core.modalities import MODALITIES, PROPERTIES, explain_gap, modality

# continuity, dimensions, structure, density, redundancy, level; then the gap and the difficulty
BY_HAND = [
    ("image", "text", (1, 1 / 2, 1, 1, 1, 1), 5.5 / 6, 5.5 / 6),  # the image is redundant: (1 + 1) / 2 = 1
    ("image", "video", (0, 1 / 2, 1, 0, 0, 1 / 2), 2 / 6, 2 / 6),
    ("image", "oct-volume", (0, 1 / 2, 1, 0, 0, 0), 1.5 / 6, 1.5 / 6),
    ("text", "audio", (1, 0, 0, 1, 1, 1 / 2), 3.5 / 6, 3.5 / 6),
    ("text", "oct-volume", (1, 1, 1, 1, 1, 1), 1, 1),
    ("text", "text", (0, 0, 0, 0, 0, 0), 0, 0),
]


@pytest.mark.parametrize(("first", "second", "differences", "gap", "difficulty"), BY_HAND)
def test_worked_by_hand(first: str, second: str, differences: tuple[float, ...], gap: float, difficulty: float) -> None:
    for a, b in ((first, second), (second, first)):
        found = explain_gap(modality(a), modality(b))
        assert tuple(found.differences.values()) == pytest.approx(differences)
        assert found.gap == pytest.approx(gap) and found.difficulty == pytest.approx(difficulty)


def test_a_less_redundant_pair_is_easier_than_its_gap() -> None:
    """No pair of the table has redundancy below high except text with itself, so the formula is worked on its own."""
    from dataclasses import replace

    speech = replace(modality("audio"), name="image", values=("continuous", "1", "sequence", "low", "middle", "event"))
    # against text: continuity 1, dimensions 0, structure 0, density 1, redundancy 1/2, level 1/2 -> gap 3/6
    found = explain_gap(speech, modality("text"))
    assert found.gap == pytest.approx(0.5) and found.difficulty == pytest.approx(0.5 * (1 + 0.5) / 2)


def test_every_modality_fits_the_table_and_every_pair_has_a_meaning() -> None:
    for first in MODALITIES:
        for prop in PROPERTIES:
            assert first.properties[prop.name] in prop.values
        for second in MODALITIES:
            found = explain_gap(first, second)
            assert 0 <= found.difficulty <= found.gap <= 1 and found.meaning.endswith(".")


@pytest.mark.parametrize("word", ["oct-volume", "OCT volume", "oct_volume", " Oct  Volume "])
def test_names_are_found_however_they_are_written(word: str) -> None:
    assert modality(word).name == "oct-volume"


def test_an_unknown_modality_lists_those_known() -> None:
    with pytest.raises(WrongWords, match="smell") as caught:
        modality("smell")
    assert all(one.name in caught.value.remedy for one in MODALITIES)


def test_the_page_of_the_handbook_shows_this_table() -> None:
    page = (paths.resources_dir() / "handbook" / "modalities.md").read_text("utf-8").splitlines()
    rows = {cells[1].strip(): [cell.strip() for cell in cells[3:-1]] for cells in (line.split("|") for line in page)
            if len(cells) == 9}
    assert rows["property"] == [one.name for one in MODALITIES]
    for prop in PROPERTIES:
        assert rows[prop.name] == [one.properties[prop.name] for one in MODALITIES]
