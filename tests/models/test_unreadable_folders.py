"""One folder that breaks after it was listed is told in a sentence, and never takes the other encoders away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.core.errors import WeightsProblem
from fineview.models import shelf
from fineview.models.importing import import_encoder
from fineview.models.language import at_hand
from tests.models import tiny_folders
from tests.models.broken_folders import WAYS, as_anybody, open_place
from tests.services.tiny_encoders import tiny_folder


@pytest.fixture(autouse=True)
def never_waits() -> Iterator[None]:
    """A pipe that is opened would hold the suite for ever."""
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.parametrize(("kind", "imported"), [("own", False), ("clip", True)], ids=["own", "imported-clip"])
@pytest.mark.parametrize("way", WAYS)
def test_a_sentence_and_the_other_encoder_stays(way: str, kind: str, imported: bool) -> None:
    with open_place() as root:
        place = root / "encoders"
        tiny_folder(place, "sound", 1)
        source = root / "source" if imported else place
        made = tiny_folder(source, "frail", 2) if kind == "own" else tiny_folders.save(kind, source / "frail")
        if imported:
            import_encoder(made, place, (place,))
        assert {one.name for one in shelf.entries((place,))} == {"sound", "frail"}
        WAYS[way](place / "frail")
        with as_anybody():
            with pytest.raises(WeightsProblem) as told:
                shelf.open_encoder("frail", (place,), "cpu")
            listed, problems = shelf.entries((place,)), shelf.problems((place,))
            at_hand.speakers((place,))
        assert told.value.code.startswith("weights-") and told.value.what and told.value.remedy
        assert "sound" in {one.name for one in listed}
        assert all(error.remedy for _, error in problems)
        if way == "no_permission":
            assert told.value.code == "weights-unreadable" and [path.name for path, _ in problems] == ["frail"]


def test_a_place_that_may_not_be_entered_is_told_too() -> None:
    with open_place() as root:
        tiny_folder(root / "mine", "sound", 1)
        tiny_folder(root / "shut", "frail", 2)
        (root / "shut").chmod(0o444)
        with as_anybody():
            assert [one.name for one in shelf.entries((root / "mine", root / "shut"))] == ["sound"]
            assert [error.code for _, error in shelf.problems((root / "mine", root / "shut"))] == ["weights-unreadable"]


def test_what_cannot_be_read_cannot_be_imported(tmp_path: Path) -> None:
    with open_place() as root:
        source = tiny_folder(root, "frail", 2)
        source.chmod(0)
        with as_anybody(), pytest.raises(WeightsProblem) as told:
            import_encoder(source, tmp_path, ())
        assert told.value.code == "weights-unreadable"
