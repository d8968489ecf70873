"""``fineview thickness``: words, refusals, and the grid of an instrument's own file."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview import paths
from fineview.core.kept_grid import KeptGrid
from fineview.core.thickness import EtdrsGrid, FieldValue
from fineview.store.cellar import Cellar
from tests.cli.spoken import speak
from tests.formats import made_heyex
from tests.reports.sample_grids import grid_entry


@pytest.mark.parametrize("words", [("--layers", "ILM"), ("--layers", "ILM-ILM"), ("--centre", "3"),
                                   ("--centre", "-1,4"), ("--lines", "mine")])
def test_words_that_do_not_fit(words: tuple[str, str], tmp_path: Path) -> None:
    assert speak("thickness", tmp_path, *words).code == 2


def test_a_photograph_is_no_volume(tmp_path: Path) -> None:
    Image.new("L", (40, 30), 90).save(tmp_path / "a.png")
    assert speak("thickness", tmp_path / "a.png", "--json").error["code"] == "no-series"


def test_a_file_without_lines_is_named() -> None:
    assert speak("thickness", paths.sample_dir(), "--lines", "file", "--json").error["code"] == "no-lines"


@pytest.fixture
def slab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VOL file of a left eye: 27 B-scans of 6.6 mm in 6.5 mm, Bruch's membrane 300 um below the inner membrane."""
    for name, value in (("COLS", 132), ("SCANS", 27), ("ROWS", 100), ("SLO", 250), ("SLO_MM", 0.028),
                        ("ACROSS_MM", 0.05), ("STEP_MM", 0.25)):
        monkeypatch.setattr(made_heyex, name, value)
    # Unevenly spaced about every fifth B-scan.
    places = [(0.2, y, 6.8, y) for y in (6.75 - 0.25 * n + (0.1 if n % 5 == 2 else 0.0) for n in range(27))]
    lines = np.full((27, 3, 132), 10.0, np.float32)
    lines[:, 1] += 300 / (made_heyex.DEPTH_MM * 1000)
    lines[:, 2] += 20.0
    path = tmp_path / "slab.vol"
    path.write_bytes(made_heyex.vol(lines=lines, places=places))
    return path


def test_the_nine_fields_of_an_instrument_s_own_file(slab: Path) -> None:
    spoken = speak("thickness", slab, "--json")
    told = spoken.json
    assert spoken.code == 0 and spoken.err == ""
    fields = {one["name"]: one for one in told["fields"]}
    assert set(fields) == {"centre"} | {f"{ring} {side}" for ring in ("inner", "outer")
                                        for side in ("superior", "nasal", "inferior", "temporal")}
    assert [one["mean_um"] for one in told["fields"]] == pytest.approx([300.0] * 9, abs=1.0)
    assert told["volume"] == {"mm3": pytest.approx(0.3 * math.pi * 9, abs=0.03), "loinc": "57118-2"}
    assert (fields["centre"]["loinc"], fields["inner nasal"]["loinc"]) == ("57109-1", "57111-7")
    assert told["layers"]["source"] == "file" and "HSF-OCT-103" in told["layers"]["by"]
    assert told["laterality"]["value"] == "L" and told["scale"] == {"axial": "calibrated", "lateral": "calibrated"}


def test_a_centre_of_one_s_own_and_other_lines(slab: Path) -> None:
    told = speak("thickness", slab, "--layers", "ILM-RNFL", "--centre", "13,90", "--json").json
    fields = {one["name"]: one for one in told["fields"]}
    # Columns 65.5 and 90 lie 24.5 steps of 0.05 mm apart; in a left eye later columns are temporal.
    assert fields["outer temporal"]["words"] == "not covered" and fields["outer temporal"]["mean_um"] is None
    assert fields["outer nasal"]["mean_um"] == pytest.approx(20 * made_heyex.DEPTH_MM * 1000, abs=0.1)
    assert {one["loinc"] for one in told["fields"]} == {None} and told["centre"]["column"] == 90
    assert told["volume"]["mm3"] is None


def test_the_table_for_people_and_a_centre_outside(slab: Path) -> None:
    spoken = speak("thickness", slab)
    assert spoken.code == 0 and "300 \u00b5m   100 % covered" in spoken.out and "left eye (OS)" in spoken.out
    assert speak("thickness", slab, "--centre", "13,900", "--json").error["code"] == "frame-range"


def test_what_changed_since_an_earlier_volume(slab: Path, tmp_path: Path) -> None:
    places = [(0.2, y, 6.8, y) for y in (6.75 - 0.25 * n for n in range(27))]
    lines = np.full((27, 3, 132), 10.0, np.float32)
    # 310 um, but for the first 66 columns, nasal in a left eye, of 320 um.
    lines[:, 1] += 310 / (made_heyex.DEPTH_MM * 1000)
    lines[:, 1, :66] += 10 / (made_heyex.DEPTH_MM * 1000)
    for name, eye in (("later.vol", b"OS"), ("other.vol", b"OD")):
        (tmp_path / name).write_bytes(made_heyex.vol(lines=lines, places=places, eye=eye))
    told = speak("thickness", tmp_path / "later.vol", "--against", slab, "--json").json["change"]
    changes = {one["name"]: one["change_um"] for one in told["fields"]}
    assert changes["outer nasal"] == pytest.approx(20.0, abs=0.2)
    assert changes["outer temporal"] == pytest.approx(10.0, abs=0.2)
    assert changes["centre"] == pytest.approx(15.0, abs=0.3)
    assert told["volume_mm3"] == pytest.approx(0.015 * math.pi * 9, abs=0.003)
    assert not any("part of the change" in note for note in told["notes"])
    spoken = speak("thickness", tmp_path / "later.vol", "--against", slab)
    assert "outer nasal            300 \u00b5m       320 \u00b5m       +20 \u00b5m    +7 %" in spoken.out
    assert told["alignment"]["by"] == "centre" and told["why_not"] is None
    # The right eye's own fields are nasal where the left eye's later columns are temporal: halves change places.
    eyes = speak("thickness", tmp_path / "other.vol", "--against", slab, "--json").json["change"]
    assert eyes["of_eyes"] and eyes["alignment"]["flip"] == [-1, 1]
    halves = {one["name"]: one["change_um"] for one in eyes["fields"]}
    assert halves["outer temporal"] == pytest.approx(20.0, abs=0.2)
    assert halves["outer nasal"] == pytest.approx(10.0, abs=0.2)
    stranger = tmp_path / "stranger.vol"
    stranger.write_bytes((tmp_path / "later.vol").read_bytes().replace(b"P-7", b"P-8"))
    assert "two patients" in speak("thickness", stranger, "--against", slab, "--json").error["what"]


def test_a_grid_that_was_ticked_is_in_the_report(slab: Path, tmp_path: Path) -> None:
    told = speak("thickness", slab, "--json").json
    found = speak("info", slab, "--json").json
    study = next(one["uid"] for one in found["studies"])
    fields = tuple(FieldValue(one["name"], one["mean_um"], 1.0, one["area_mm2"], one["loinc"])
                   for one in told["fields"])
    grid = EtdrsGrid(tuple(told["centre"]["mm"]), told["centre"]["from"], fields, 300.0)
    entry = replace(grid_entry(), grid=grid, series_uid=told["series"]["uid"])
    store = Cellar(paths.data_dir())
    store.record_grid("put the grid into the report", None,
                      KeptGrid(study, entry.series_uid, in_report=True, entry=entry), "2026-03-04T10:00:00+01:00")
    store.close()
    spoken = speak("report", slab, "--out", tmp_path / "out", "--format", "json,html", "--json")
    assert spoken.json["grids"] == 1 and spoken.json["findings"] == 0
    (grids,) = json.loads((tmp_path / "out" / "report.json").read_text())["grids"]
    assert {one["loinc"]: one["mean_um"] for one in grids["fields"]}["57109-1"] == pytest.approx(300.0, abs=1.0)
    text = (tmp_path / "out" / "report.html").read_text()
    assert text.count("data:image/png") == 2 and "Change from 2024-01-10 to 2025-01-10" in text
