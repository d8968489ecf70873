"""Which folders hold a model that answers in words: read from their configuration alone, without torch.

A person's own language models lie in a folder of the program's data, one folder each, or anywhere else by their path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fineview.core.dialogue import Speaker
from fineview.core.errors import WeightsProblem
from fineview.models import folder
from fineview.models.language.families import speaks
from fineview.models.reachable import reachable


def speaker(path: Path) -> Speaker:
    """What a folder says it is.  Raises ``WeightsProblem`` where it holds no model that answers in words here."""
    with reachable(path):
        return _speaker(path)


def _speaker(path: Path) -> Speaker:
    if not path.is_dir():
        raise WeightsProblem(f"There is no folder {folder.clean(path.name)}.",
                             "Choose a folder with config.json and safetensors.", "weights-missing")
    if not speaks(path):
        raise WeightsProblem(f"The folder {folder.clean(path.resolve().name)} holds no language model that answers "
                             "about pictures.", "Choose a folder of LLaVA-1.5, BLIP-2 or InstructBLIP.", "no-answerer")
    family = str(folder.read_json(path, folder.CONFIG)["model_type"])
    return Speaker(str(path), folder.clean(path.resolve().name), family)


def speakers(places: Sequence[Path]) -> tuple[Speaker, ...]:
    """Every folder of ``places`` that holds one, in order of name."""
    found = []
    for path in (one for place in places for one in place.glob("*") if one.is_dir() and not one.name.startswith(".")):
        try:
            found.append(speaker(path))
        except WeightsProblem:
            continue  # it says itself what is wrong with it when it is chosen by its path
    return tuple(sorted(found, key=lambda one: one.name))
