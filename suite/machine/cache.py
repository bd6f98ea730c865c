"""Folders of a user outside of runs: what was found out about this machine, and prepared datasets."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def folder() -> Path:
    """Return the folder: SUITE_CACHE, or the user's cache folder, or a temporary one if that cannot be written."""
    named = os.environ.get("SUITE_CACHE")
    wanted = Path(named) if named else platformdirs.user_cache_path("keras-comparison-suite")
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        (wanted / ".writable").touch()
    except OSError:
        return Path(tempfile.gettempdir()) / "keras-comparison-suite"
    return wanted


def data_folder() -> Path:
    """Return where prepared datasets lie: TFDS_DATA_DIR as it is now, or tensorflow-datasets' own default."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets").expanduser()
