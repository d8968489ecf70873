"""Heidelberg E2E through the real plugin, in its real child process, with the real eyepy.

The files are written byte by byte from the published layout (``made_e2e``); expected values are worked out by hand.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.app import App
from fineview.core.errors import FineViewError, InputProblem
from fineview.core.study import Catalogue
from fineview.extend.requirements import missing
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from tests.plugins.made_e2e import EMPTY, Volume, code, file_of

NEEDED = missing(["eyepy>=0.21,<0.22"])
with_eyepy = pytest.mark.skipif(bool(NEEDED), reason="eyepy is not installed: pip install fineview[eyepy]")
ROWS, COLS = 20, 30
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One for all: its children are started once.  It keeps a store of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINEVIEW_DATA", str(tmp_path_factory.mktemp("store")))
        made = App()
        assert made.plugins.entries() and made.journal.trouble is None
    yield made
    made.close()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(*volumes: Volume, backwards: bool = False, name: str = "eye.E2E") -> Path:
        (tmp_path / name).write_bytes(file_of(list(volumes), backwards))
        return tmp_path / name

    return made


def scanned(app: App, path: Path) -> Catalogue:
    return scan_all(app.archive, [path], Token())


def volume(count: int = 3, **changed: object) -> Volume:
    """B-scans 15 degrees wide, 2.5 degrees apart, the first one lowest; every pixel says which B-scan it is of."""
    codes = np.empty((count, ROWS, COLS), np.uint16)
    codes[:] = [[[code(63 - 4 * n, 0)]] for n in range(count)] if count else 0
    heights = [5 - 2.5 * n for n in range(count)]
    localizer = np.arange(60 * 40, dtype=np.uint16).astype(np.uint8).reshape(40, 60)
    made = Volume(codes, [(-7.5, y) for y in heights], [(7.5, y) for y in heights], localizer)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


@with_eyepy
def test_all_volumes_of_the_file_are_offered(app: App, write: Write) -> None:
    found = scanned(app, write(volume(), volume(2, side="L")))
    (study,) = found.studies
    assert (study.patient.name, study.patient.id, study.patient.sex) == ("Lovelace^Ada", "id 7", "F")
    assert study.date == "20180320"  # 131,659,776 thousand million times 100 ns after 1601-01-01
    assert [(one.modality, len(one.frames), one.laterality.value) for one in study.series] == [
        ("OPT", 3, "R"), ("OP", 1, "R"), ("OPT", 2, "L"), ("OP", 1, "L")]
    right, photograph, left, _ = study.series
    assert right.localizer_uid == photograph.uid != left.localizer_uid
    assert (right.rows, right.cols, right.description, right.is_volume) == (ROWS, COLS, "OCT ART Volume", True)
    assert len({one.uid for one in study.series}) == 4


@with_eyepy
def test_visits_are_studies_of_their_own(app: App, write: Write) -> None:
    found = scanned(app, write(volume(2), volume(2, study=51), volume(2, side="L")))
    assert [[one.laterality.value for one in study.series if one.modality == "OPT"] for study in found.studies] == [
        ["R", "L"], ["R"]]


@with_eyepy
def test_the_scale_is_assumed_with_its_reason(app: App, write: Write) -> None:
    right, photograph = scanned(app, write(volume())).studies[0].series
    spacing = right.spacing
    assert spacing.source == "assumed" and not spacing.known
    assert spacing.row_mm == pytest.approx(0.003872) and spacing.col_mm == pytest.approx(15 / 30 * 0.2896)
    assert spacing.slice_mm == pytest.approx(2.5 * 0.2896)
    assert any("in degrees only" in words for words in right.warnings)
    assert any("30 degrees are assumed" in words for words in right.warnings)
    assert photograph.spacing.source == "assumed" and photograph.spacing.col_mm == pytest.approx(30 * 0.2896 / 60)
    # 15 of 30 degrees in the middle of 60 columns; 5 degrees below the middle of 40 rows.
    assert right.frames[0].scan_line == (pytest.approx((15, 20 + 40 / 6)), pytest.approx((45, 20 + 40 / 6)))
    assert right.frames[2].scan_line == (pytest.approx((15, 20)), pytest.approx((45, 20)))


@with_eyepy
def test_pixels_are_the_fourth_root_of_reflectivity(app: App, write: Write) -> None:
    one = volume(1)
    # 1, 1/16, 1/256, (1 + 1/2) / 4, next to nothing, not scanned
    one.codes[0, 3, :6] = [code(63, 0), code(59, 0), code(55, 0), code(61, 512), code(0, 0), EMPTY]
    found = scanned(app, write(one)).studies[0].series
    pixels = app.archive.read_frame(found[0].frames[0]).pixels
    assert pixels.dtype == np.uint8 and pixels.shape == (ROWS, COLS)
    assert pixels[3, :6].tolist() == [255, 128, 64, round(255 * 0.375 ** 0.25), 0, 0]
    assert np.array_equal(app.archive.read_frame(found[1].frames[0]).pixels, one.localizer)
    one.codes[0].flat[:] = np.linspace(code(50, 0), code(63, 0), ROWS * COLS).astype(np.uint16)
    (rising,) = scanned(app, write(replace(one, localizer=None))).studies[0].series
    steps = np.diff(app.archive.read_frame(rising.frames[0]).pixels.ravel().astype(int))
    assert steps.min() == 0 and steps.max() == 2  # more light is never darker


@with_eyepy
@pytest.mark.parametrize("backwards", [False, True])
def test_b_scans_come_in_the_order_they_were_taken(app: App, write: Write, backwards: bool) -> None:
    frames = scanned(app, write(volume(), volume(2), backwards=backwards)).studies[0].series[0].frames
    assert [int(app.archive.read_frame(one).pixels[0, 0]) for one in frames] == [255, 128, 64]


@with_eyepy
def test_layer_lines_of_the_file(app: App, write: Write) -> None:
    rows = np.linspace(2, 9, 3 * COLS, dtype=np.float32).reshape(3, COLS)
    gap = rows + 4
    gap[1, 5:8] = np.float32(3.4028235e38)
    one = volume(lines={0: rows, 1: gap, 16: np.full((3, COLS), np.float32(3.4028235e38))}, edited=True)
    series = scanned(app, write(one)).studies[0].series
    ilm, bm = app.archive.read_layers(series[0].frames[1])  # the RPE is nowhere known
    assert (ilm.name, bm.name, ilm.source) == ("ILM", "BM", "file") and "edited by hand" in ilm.by
    assert np.array_equal(ilm.row_px, rows[1])
    assert np.isnan(bm.row_px[5:8]).all() and np.array_equal(np.delete(bm.row_px, [5, 6, 7]),
                                                             np.delete(gap[1], [5, 6, 7]))
    assert app.archive.read_layers(series[1].frames[0]) == ()


@with_eyepy
@pytest.mark.parametrize("side", ["", "?"])
def test_a_side_that_is_not_said_stays_unknown(app: App, write: Write, side: str) -> None:
    for series in scanned(app, write(volume(side=side))).studies[0].series:
        assert (series.laterality.value, series.laterality.source) == (None, "none")


@with_eyepy
def test_a_circle_has_no_width_and_no_line(app: App, write: Write) -> None:
    circle, _ = scanned(app, write(volume(1, pattern=2))).studies[0].series
    assert circle.frames[0].scan_line is None
    assert circle.spacing.col_mm is None and circle.spacing.row_mm == pytest.approx(0.003872)
    assert any("circle" in words for words in circle.warnings)


@with_eyepy
def test_a_volume_without_a_localizer(app: App, write: Write) -> None:
    (only,) = scanned(app, write(volume(localizer=None))).studies[0].series
    assert only.localizer_uid is None and only.frames[0].scan_line is None


@with_eyepy
def test_pictures_of_other_kinds_are_counted(app: App, write: Write) -> None:
    shown = scanned(app, write(volume(others=2))).studies[0].series
    assert [len(one.frames) for one in shown] == [3, 1]
    assert any("Not shown: 2 of the file's 6 pictures" in words for words in shown[0].warnings)
    with pytest.raises(InputProblem, match="no picture of a kind known here") as told:
        scanned(app, write(volume(0, localizer=None, others=1)))
    assert told.value.code == "not-supported"


@with_eyepy
def test_damaged_files_are_the_files_fault(app: App, write: Write) -> None:
    whole = write(volume()).read_bytes()
    rng = np.random.default_rng(5)
    broken = [whole[:cut] for cut in (40, 100, 700, 2000, len(whole) - 3000, len(whole) - 9)]
    for _ in range(12):
        data = bytearray(whole)
        for at in rng.integers(16, 3000, 8):
            data[at] = rng.integers(256)
        broken.append(bytes(data))
    for data in broken:
        path = write(name="broken.e2e")
        path.write_bytes(data)
        try:
            for one in scanned(app, path).studies[0].series:
                app.archive.read_frame(one.frames[0])
        except FineViewError as error:
            assert error.code in ("damaged", "limit", "not-supported"), error
    assert app.plugins.entries()[0].state == "on"


@with_eyepy
def test_a_directory_in_a_circle_ends(app: App, write: Write) -> None:
    path = write(volume())
    data = bytearray(path.read_bytes())
    (entries,) = struct.unpack_from("<I", data, 88 + 36)
    struct.pack_into("<II", data, 88 + 52 + 44 * (entries - 1) + 4, 88 - 60, 0)  # the next block is this one
    path.write_bytes(data)
    with pytest.raises(InputProblem, match="leads back to itself"):
        scanned(app, path)
    assert app.plugins.entries()[0].state == "on"


def test_a_topcon_file_is_named_with_a_way_out(app: App, tmp_path: Path) -> None:
    (tmp_path / "eye.fda").write_bytes(b"FOCTFDA\x02\0\0\0" + bytes(600))
    with pytest.raises(InputProblem, match="Topcon FDA or FDS: no plugin at hand reads it") as told:
        scanned(app, tmp_path / "eye.fda")
    assert told.value.code == "no-reader" and "DICOM" in told.value.remedy


@with_eyepy
def test_a_frame_is_known_again_in_another_export(app: App, write: Write) -> None:
    """Exported once alone and once behind another eye: other numbers, other file, the same B-scans."""
    def stamps(path: Path) -> list[list[str]]:
        return [[frame.stamp for frame in one.frames] for study in scanned(app, path).studies for one in study.series]

    alone = stamps(write(volume(3)))
    both = stamps(write(volume(3), volume(2), name="both.E2E"))
    assert both[:2] == alone and len({stamp for one in both for stamp in one}) == 3 + 1 + 2 + 1
