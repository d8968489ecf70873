"""The example of plugins/README.md is a plugin that works, from the folder to the pixels."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from fineview.app import App
from fineview.core.errors import InputProblem
from fineview.core.study import Catalogue
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all

PAGE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text("utf-8")


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two blocks of the page, as a person would save them in their own folder."""
    monkeypatch.setenv("FINEVIEW_DATA", str(tmp_path))
    blocks = dict(re.findall(r"```(toml|python)\n(.*?)```", PAGE, re.DOTALL))
    folder = tmp_path / "plugins" / "acme_reader"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(blocks["toml"], "utf-8")
    (folder / "acme.py").write_text(blocks["python"], "utf-8")
    return folder


def test_the_example_reads_its_files(example: Path, tmp_path: Path) -> None:
    pixels = np.arange(6 * 5, dtype=np.uint8).reshape(6, 5)
    (tmp_path / "eye.acme").write_bytes(b"ACME" + struct.pack("<HH", 6, 5) + pixels.tobytes())
    (tmp_path / "cut.acme").write_bytes(b"ACME" + struct.pack("<HH", 6, 5) + pixels.tobytes()[:-1])
    app = App()

    def scanned(name: str) -> Catalogue:
        return scan_all(app.archive, [tmp_path / name], Token())

    try:
        with pytest.raises(InputProblem, match="was not enabled yet"):
            scanned("eye.acme")
        app.plugins.enable("acme_reader")
        (series,) = scanned("eye.acme").studies[0].series
        assert (series.modality, series.rows, series.cols, series.laterality.value) == ("OP", 6, 5, None)
        assert (series.spacing.col_mm, series.spacing.source) == (0.010, "assumed") and "brochure" in series.warnings[0]
        assert np.array_equal(app.archive.read_frame(series.frames[0]).pixels, pixels)
        with pytest.raises(InputProblem) as cut:
            scanned("cut.acme")
        assert cut.value.code == "truncated"
    finally:
        app.close()


def test_the_page_names_every_hook() -> None:
    from fineview.extend.hooks import HOOKS

    assert all(f"`{name}`" in PAGE for name in HOOKS)
