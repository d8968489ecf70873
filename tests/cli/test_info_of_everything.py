"""``fineview info`` on the whole of the shared data, in a process of its own: the contract's shape, every file told.

What each verdict must be stands in ``tests/formats/test_catalogue_of_real_files.py``.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.cli.spoken import child
from tests.formats.real_files import catalogue, shared
from tests.shared_data import SHARED, needs_shared

pytestmark = needs_shared
_SERIES = {"uid", "modality", "sop_class", "description", "frames", "rows", "cols", "bits", "photometric",
           "transfer_syntax", "laterality", "spacing_mm"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    spoken = child("info", SHARED, "--json")
    assert spoken.code == 0 and spoken.err == ""
    return dict(spoken.json)


def test_every_series_has_the_contracts_keys_and_kinds(told: dict[str, Any]) -> None:
    assert {"studies", "files", "problems"} <= set(told)
    for study in told["studies"]:
        assert isinstance(study["uid"], str) and study["uid"] and isinstance(study["date"], str)
        assert study["series"]
        for one in study["series"]:
            assert set(one) >= _SERIES
            assert all(isinstance(one[name], int) and one[name] > 0 for name in ("frames", "rows", "cols", "bits"))
            assert one["laterality"]["value"] in ("R", "L", "B", None)
            assert one["laterality"]["source"] in ("header", "file-name", "none")
            assert (one["laterality"]["value"] is None) == (one["laterality"]["source"] == "none")
            _check_spacing(one["spacing_mm"])


def _check_spacing(spacing: dict[str, Any]) -> None:
    assert set(spacing) == {"row", "col", "slice", "source"}
    assert spacing["source"] in ("calibrated", "projected", "assumed", "none")
    known = [spacing[name] for name in ("row", "col")]
    assert all(value is None for value in known) if spacing["source"] == "none" else all(value > 0 for value in known)
    assert spacing["slice"] is None or spacing["slice"] > 0


def test_every_file_has_one_verdict_and_every_problem_its_reason(told: dict[str, Any]) -> None:
    verdicts = {one["path"]: one for one in told["files"]}
    assert len(verdicts) == len(told["files"])
    assert {str(shared(row["path"])) for row in catalogue()} <= set(verdicts)
    for one in told["files"]:
        assert set(one) >= {"path", "sop_uid", "rows", "cols", "frames", "verdict", "same_as"}
        assert one["verdict"] in ("image", "object", "duplicate", "problem")
        assert (one["same_as"] is not None) == (one["verdict"] == "duplicate")
        if one["same_as"] is not None:
            assert verdicts[one["same_as"]]["verdict"] in ("image", "object")
    for one in told["problems"]:
        assert set(one) == {"path", "code", "what", "remedy"} and all(isinstance(text, str) for text in one.values())
        assert one["code"] and one["what"].endswith(".") and one["remedy"].endswith(".")
    broken = [one["path"] for one in told["files"] if one["verdict"] == "problem"]
    assert Counter(broken) == Counter(one["path"] for one in told["problems"] if one["path"] in verdicts)


def test_every_frame_of_every_dicom_image_is_in_a_series(told: dict[str, Any]) -> None:
    # Four of the files do not say which instance they are.
    listed = sum(one["frames"] for one in told["files"] if one["verdict"] == "image"
                 and (one["sop_uid"] or one["path"].endswith(".dcm")))
    shown = sum(one["frames"] for study in told["studies"] for one in study["series"] if one["sop_class"])
    assert listed == shown > 1500
