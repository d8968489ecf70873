"""Where things live: resources of a checkout, a wheel or a frozen bundle, and the person's own data."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def _root() -> Path:
    bundle = getattr(sys, "_MEIPASS", None)
    return Path(bundle) if bundle else Path(__file__).resolve().parent.parent


def resources_dir() -> Path:
    """Folder ``resources``: beside the package in a checkout or bundle, under ``sys.prefix/share`` in a wheel."""
    beside = _root() / "resources"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "fineview" / "resources"


def weights_dir() -> Path:
    """Folder that holds one folder per embedded encoder.  ``FINEVIEW_WEIGHTS`` overrides it."""
    override = os.environ.get("FINEVIEW_WEIGHTS")
    return Path(override) if override else resources_dir() / "weights"


def sample_dir() -> Path:
    """The bundled sample study (DICOM files)."""
    return resources_dir() / "sample"


def plugins_dir() -> Path:
    """Folder of the bundled plugins, found as ``resources`` is; the person's own are in ``data_dir`` / plugins."""
    beside = _root() / "plugins"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "fineview" / "plugins"


def data_dir() -> Path:
    """The person's store.  ``FINEVIEW_DATA`` overrides it; created on first use by the store, not here."""
    override = os.environ.get("FINEVIEW_DATA")
    if override:
        return Path(override)
    from platformdirs import user_data_path

    return user_data_path("fineview", appauthor=False)
