"""The names of the classes of a run, in the order of its networks' outputs: `classes.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from suite.core import files
from suite.core.errors import StoreError, first_line


def keep(folder: Path, names: Sequence[str]) -> None:
    """Write the names, once: an export needs them, also when the pictures are gone."""
    file = folder / "classes.json"
    if file.exists():
        return
    try:
        files.write(file, json.dumps(list(names)))
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror})") from error


def read(folder: Path) -> tuple[str, ...]:
    """Return the names; none for a run of an earlier version. Raises StoreError when they cannot be read."""
    file = folder / "classes.json"
    try:
        names = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{file}: cannot be read ({first_line(error)})") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StoreError(f"{file}: damaged, it names no classes")
    return tuple(names)
