"""Every engine has everything the port names, and says truly whose words its map is where nobody asked for any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.core.evidence import Method, ModelIdentity
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameKey
from fineview.models import shelf
from fineview.models.language.engine import ReaderEngine
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token
from fineview.services.ports import Engine
from tests.models import test_decoupled_engine, tiny_folders
from tests.models.test_readers import reader_of
from tests.services.tiny_encoders import tiny_folder

# What each one's plain map is about where no text was given, from the formulas of the engines: the embedded encoder's
# text row needs words, a language model its general prompt; a CLS row and an activation energy have no part for a text.
DEFAULTS = {"own": "lesion", "clip-text": None, "resnet": None, "decoupled": None,
            "llava": "Write a general description of the image."}


def made(kind: str, folder: Path) -> Any:
    if kind == "llava":
        return ReaderEngine(reader_of("llava"), ModelIdentity("tiny", "llava", "ab" * 32))
    save = {"own": lambda: tiny_folder(folder, "own", 1), "decoupled": lambda: test_decoupled_engine.save(folder / "d")}
    return shelf.open_encoder(str(save.get(kind, lambda: tiny_folders.save(kind, folder / kind))()), (), "cpu")


@pytest.mark.parametrize(("kind", "words"), DEFAULTS.items())
def test_the_port_is_whole_and_the_default_words_are_the_maps_own(kind: str, words: str | None, tmp_path: Path
                                                                  ) -> None:
    engine = made(kind, tmp_path)
    names = {name for name in vars(Engine) if not name.startswith("_")}
    assert "default_text" in names and not [name for name in names if not hasattr(engine, name)]
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    pixels[30:50, 60:90] = 240
    request, encodings = FrameRequest(FrameKey("s", 0), Raster(pixels), Spacing(), "OP"), Encodings()
    seen = analyse(request, engine, encodings, Token())
    silent = heat_map(request, seen, engine, encodings, Token(), Method.RAW)
    assert silent.text == words == engine.default_text
    if words is not None:
        spoken = heat_map(request, seen, engine, encodings, Token(), Method.RAW, words)
        assert spoken.text == words and np.array_equal(spoken.values, silent.values)
