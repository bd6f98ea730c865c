"""The folder in which what was found out about this machine is kept for its user."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def folder() -> Path:
    """Return that folder: SUITE_CACHE, or where the system keeps such things, or else a temporary one."""
    named = os.environ.get("SUITE_CACHE")
    wanted = Path(named) if named else platformdirs.user_cache_path("keras-comparison-suite")
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        (wanted / ".writable").touch()
    except OSError:
        return Path(tempfile.gettempdir()) / "keras-comparison-suite"
    return wanted
