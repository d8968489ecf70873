"""Volumes against the NIfTI twins of the same series: every voxel has the same value at the same place."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.formats.archive import FileArchive
from fineview.imaging.reformat import PATIENT, cut
from fineview.services.jobs import Token
from fineview.services.volumes import build_volume
from tests.formats.conftest import last
from tests.formats.nifti import read_nifti
from tests.formats.real_files import shared
from tests.imaging.stacks import middle_of

_ROOT = "C_dicom/dicom2nifti/"
# Twins keep their matrix in float32, and made it from positions that are rounded to 0.001 mm.
_OFF_MM = 2e-4
TWINS = {"generic/compressed_rle/001": "generic/compressed_rle/001_ground_truth.nii.gz",
         "generic/compressed_jpegls/001": "generic/compressed_rle/001_ground_truth.nii.gz",
         "generic/rgb/001": "generic/rgb/001_ground_truth.nii.gz",
         "philips_enhanced/anatomical/001": "philips_enhanced/anatomical/001_ground_truth.nii.gz",
         "siemens_multiframe/anatomical/001": "siemens_multiframe/anatomical/001_ground_truth.nii.gz"}


@pytest.mark.parametrize("folder", TWINS)
def test_every_voxel_and_its_place_agree_with_the_twin(archive: FileArchive, folder: str) -> None:
    series = last(archive, shared(_ROOT + folder)).studies[0].series[0]
    made = build_volume(series, archive.read_frame, Token())
    voxels, to_mm = read_nifti(shared(_ROOT + TWINS[folder]))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in voxels.shape[:3]), indexing="ij"), axis=-1).reshape(-1, 3)
    place = index @ to_mm[:3, :3].T + to_mm[:3, 3]
    ours = np.rint(made.grid.to_index(place)).astype(np.intp)
    away = np.linalg.norm(made.grid.to_mm(ours.astype(np.float64)) - place, axis=1)
    column, row, frame = ours.T
    # Each of ours is met once: none is left out and none twice.
    assert len(np.unique(np.ravel_multi_index((frame, row, column), made.voxels.shape[:3]))) == len(index)
    assert len(index) == made.voxels[..., 0].size if made.is_colour else made.voxels.size
    assert away.max() <= _OFF_MM
    theirs = voxels.reshape(-1, 4)[:, :3] if voxels.ndim == 4 else voxels.reshape(-1)
    found = made.voxels[frame, row, column]
    if theirs.dtype.kind == "f":  # rescaled: the last bit depends on the order of the sums
        np.testing.assert_allclose(found, theirs, rtol=3e-7)
    else:
        np.testing.assert_array_equal(found, theirs)
    print(f"{folder}: {len(index)} voxels, at most {away.max():.2g} mm apart")


@pytest.mark.parametrize("folder", ["siemens_multiframe/anatomical/001", "philips_enhanced/anatomical/001"])
def test_planes_show_what_lies_there_in_the_twin(archive: FileArchive, folder: str) -> None:
    """Each pixel of the three planes against the twin's own eight voxels around that place, mixed in float64."""
    series = last(archive, shared(_ROOT + folder)).studies[0].series[0]
    volume = build_volume(series, archive.read_frame, Token())
    voxels, to_mm = read_nifti(shared(_ROOT + TWINS[folder]))
    for plane in PATIENT:
        made = cut(volume, plane, middle_of(volume))
        row, column = np.nonzero(np.isfinite(made.pixels))
        points = np.array(made.place.corner_mm) + made.mm * (column[:, None] * np.array(plane.right)
                                                             + row[:, None] * np.array(plane.down))
        index = (points - to_mm[:3, 3]) @ np.linalg.inv(to_mm[:3, :3]).T
        low = np.clip(np.floor(index + 1e-9), 0, np.array(voxels.shape) - 2).astype(int)
        share = index - low
        expected = np.zeros(len(points))
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(np.array(corner), share, 1 - share), axis=1)
            expected += weight * voxels[tuple((low + corner).T)]
        # Places agree to 1e-4 mm; neighbours differ by up to some hundreds.
        assert len(points) > 1000 and np.abs(made.pixels[row, column] - expected).max() < 0.1
