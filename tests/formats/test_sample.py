"""The bundled sample study: what git holds is what the recipe writes, valid, and read back exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview.core.geometry import ScaleSource
from fineview.core.orientation import Orientation
from fineview.formats.archive import FileArchive
from fineview.formats.write_sample import SampleImages, write_sample
from fineview.paths import sample_dir
from tests.formats.conftest import last
from tests.formats.test_sr import errors_of

# dciodvfy contradicts PS3.3 C.8.17.7 here: that module requires these three with the values 0, 1 and 1, to forbid
# concatenations; the validator's common module then calls each of them superfluous.
_VALIDATOR_CONTRADICTS = {"ConcatenationFrameOffsetNumber", "InConcatenationNumber", "InConcatenationTotalNumber"}


def _images() -> SampleImages:
    rng = np.random.default_rng(1)
    lines = np.array([[10.5, 40.5 + 5 * n, 50.5, 40.5 + 5 * n] for n in range(3)])
    return SampleImages(rng.integers(0, 255, (3, 20, 30), np.uint8), rng.integers(0, 255, (64, 60, 3), np.uint8),
                        (0.24, 0.004, 0.012), 0.014, lines, "R")


def test_equal_pixels_give_equal_bytes_that_read_back(archive: FileArchive, tmp_path: Path) -> None:
    images = _images()
    files = write_sample(images)
    assert files == write_sample(images)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    volume, photo = last(archive, tmp_path).studies[0].series
    # Frame 0 of the pixels is nearest to the head; spatial order begins at the feet.
    for index, frame in enumerate(volume.frames):
        assert np.array_equal(archive.read_frame(frame).pixels, images.volume[2 - index])
        assert frame.scan_line == ((10.5, 50.5 - 5 * index), (50.5, 50.5 - 5 * index))
    assert np.array_equal(archive.read_frame(photo.frames[0]).pixels, images.photo)


@pytest.mark.parametrize("name", ["volume.dcm", "photograph.dcm"])
def test_the_bundled_files_are_valid(name: str, tmp_path: Path) -> None:
    errors = errors_of((sample_dir() / name).read_bytes(), tmp_path)
    left = [line for line in errors if not any(f"<{known}>" in line for known in _VALIDATOR_CONTRADICTS)]
    assert left == [] and (name == "volume.dcm" or errors == [])


def test_the_bundled_study(archive: FileArchive) -> None:
    study = last(archive, sample_dir()).studies[0]
    volume, photo = study.series
    assert study.patient.name == "SAMPLE^EYE" and study.patient.id == "FV-SAMPLE"
    assert (volume.modality, len(volume.frames), volume.rows, volume.cols) == ("OPT", 25, 496, 512)
    assert volume.is_volume and volume.default_frame == 12 and volume.localizer_uid == photo.uid
    assert volume.spacing.source is ScaleSource.CALIBRATED and volume.spacing.slice_mm == pytest.approx(0.24)
    assert volume.frames[0].orientation == Orientation("N", "P")
    assert photo.frames[0].orientation.edges() == ("T", "H", "N", "F") and photo.photometric == "RGB"
    assert all(frame.scan_line is not None for frame in volume.frames)
    assert not volume.lossy and volume.laterality.value == "R"
    assert sum(path.stat().st_size for path in sample_dir().glob("*.dcm")) < 6_000_000
