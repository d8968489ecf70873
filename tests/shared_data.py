"""Where the shared data lies, if it is there: tests that need it skip with a reason when it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PLACES = (os.environ.get("FINEVIEW_SHARED", ""), str(Path(__file__).parents[2] / "shared" / "data"))
SHARED: Path | None = next((Path(place) for place in _PLACES if place and Path(place).is_dir()), None)
needs_shared = pytest.mark.skipif(SHARED is None, reason="shared data not found; set FINEVIEW_SHARED to its folder")
