"""Analyse and ask on real files of every kind; outside the eye the encoder keeps silent, and its maps are still there.

One app and one cache for all, as ``ask --questions`` has it: each content is encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview import paths
from fineview.app import App
from fineview.cli.study import _Asker
from fineview.core.dialogue import Answer
from fineview.core.evidence import Method
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.services.analysis_files import AnalysisWish, analyse_to_files
from fineview.services.frame_choice import choose_frame, choose_series
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from tests.formats.real_files import shared

pytestmark = pytest.mark.slow

EYES = {
    "sample": None, "fundus camera DICOM": "A_ophthalmic/op_dicom/sample-op.dcm",
    "B-scans as DICOM": "A_ophthalmic/opt_dicom_DERIVED", "fundus JPEG": "A_ophthalmic/fundus/retina.jpg",
    "Spectralis TIFF": "B_ground_truth/spectralis_drusen/bscan/1-Input.tif"}
OTHERS = {"MR series": "C_dicom/series_mr_hfs_sagittal", "CT with three slices": "C_dicom/ct_3slice_with_seg"}
SYNTAXES = "C_dicom/transfer_syntaxes_same_pixels"


class Desk:
    def __init__(self) -> None:
        self.app = App(device="cpu")
        self.asker = _Asker(self.app)

    def analyse(self, path: Path, out: Path) -> dict[str, Any]:
        _, series = choose_series(scan_all(self.app.archive, [path], Token()), None)
        return analyse_to_files(series, choose_frame(series, None), AnalysisWish(Method.DAR), self.app.archive,
                                self.app.engine(), self.asker._encodings, out, Token())

    def ask(self, path: Path, text: str, region: Region | None = None) -> Answer:
        return self.asker.ask(path, text, None, region)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINEVIEW_DATA", str(tmp_path_factory.mktemp("store")))
        made = Desk()
        yield made
        made.app.close()


def _check_maps(made: dict[str, Any], folder: Path) -> None:
    size = made["frame"]["rows"], made["frame"]["cols"]
    for name in (made["maps"]["raw"], made["maps"]["dar"], *made["maps"]["lesion"].values()):
        values = np.load(folder / name)
        assert values.shape == size and np.isfinite(values).all()
        assert values.min() >= 0 and values.max() <= 1
    assert (folder / made["overlay"]).stat().st_size > 0


@pytest.mark.parametrize("kind", EYES)
def test_an_eye_is_analysed_and_asked_about(kind: str, desk: Desk, tmp_path: Path) -> None:
    place = EYES[kind]
    path = shared(place) if place else paths.sample_dir()
    made = desk.analyse(path, tmp_path)
    _check_maps(made, tmp_path)
    assert made["encoder"]["domain"] in ("in", "unknown"), "a strong model says \"in\"; a weak one may not be sure"
    assert len(made["layers"]) == (3 if made["anatomy"] == "oct" else 0)
    rows, cols = made["frame"]["rows"], made["frame"]["cols"]
    region = Region.from_box(Box(cols / 4, rows / 4, cols / 2, rows / 2))
    size = desk.ask(path, "How large is it?", region)
    assert size.value is not None and size.unit in ("mm2", "px2") and size.value > 0
    seen = desk.ask(path, "Is there a lesion?", region)
    assert seen.verdict in ("yes", "no", "cannot tell") and seen.model == desk.app.engine().identity


@pytest.mark.parametrize("kind", OTHERS)
def test_outside_the_eye_the_model_keeps_silent(kind: str, desk: Desk, tmp_path: Path) -> None:
    path = shared(OTHERS[kind])
    made = desk.analyse(path, tmp_path)
    _check_maps(made, tmp_path)
    assert made["encoder"]["domain"] == "out" and made["proposals"] == [] and made["layers"] == []
    for question in ("Is there a haemorrhage?", "Is there fluid?", "What is this?", "How many lesions?"):
        told = desk.ask(path, question)
        assert told.abstained and told.verdict == "cannot tell" and told.label is None and told.value is None
    bright = desk.ask(path, "How bright is it?", Region.from_box(Box(10, 10, 20, 20)))
    assert bright.value is not None


def test_nine_transfer_syntaxes_of_the_same_pixels_give_one_answer(desk: Desk, tmp_path: Path) -> None:
    files = sorted(shared(SYNTAXES).iterdir())
    assert len(files) == 9
    made = [desk.analyse(path, tmp_path / path.stem) for path in files]
    encoded = desk.asker._encodings.encoded
    told = {(answer.text.split(" Suggested")[0], answer.verdict, answer.value) for answer in
            (desk.ask(path, "How bright is it?", Region.from_box(Box(100, 100, 50, 50))) for path in files)}
    silent = {desk.ask(path, "Is there a lesion?").verdict for path in files}
    assert len(told) == 1 and silent == {"cannot tell"}
    assert desk.asker._encodings.encoded == encoded
    assert all(one["encoder"]["domain"] == "out" and one["proposals"] == [] for one in made)
    first = np.load(tmp_path / files[0].stem / "raw.npy")
    assert all(np.array_equal(np.load(tmp_path / path.stem / "raw.npy"), first) for path in files)


def test_a_folder_of_nine_copies_is_nine_frames(desk: Desk) -> None:
    found = scan_all(desk.app.archive, [shared(SYNTAXES)], Token())
    assert sum(len(series.frames) for study in found.studies for series in study.series) == 9
