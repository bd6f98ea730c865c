"""The folder of an export: its versions, and the card beside each model. To look at it takes no TensorFlow.

exports/resnet-7/1/saved_model.pb          the model, with its weights in variables/
exports/resnet-7/1/assets.extra/card.json  what it is: classes, measures, study, background, agreement
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from suite.core.errors import ExportError

AGAIN = "`suite export` makes it anew, in another DIR."


def latest(export: Path) -> Path:
    """Return the folder of the SavedModel in `export`: itself, or its highest version (`resnet-7/2`).

    Raises ExportError when there is none.
    """
    try:
        for folder in (export, *sorted(versions(export), key=lambda folder: -int(folder.name))):
            if (folder / "saved_model.pb").is_file():
                return folder
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise ExportError(f"{export}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    raise ExportError(f"{export}: no exported model here. `suite export RUN TRIAL DIR` makes one.")


def versions(export: Path) -> list[Path]:
    """Return the folders of all versions in `export`."""
    return [folder for folder in export.iterdir() if folder.name.isdecimal()] if export.is_dir() else []


def card(export: Path) -> dict[str, Any]:
    """Return what was written beside the exported model, among it `classes`, their names.

    Raises ExportError when it cannot be read, or names no classes.
    """
    file = latest(export) / "assets.extra" / "card.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(f"{file}: cannot be read ({error.strerror}). {AGAIN}") from error
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{file}: damaged, no JSON. {AGAIN}") from error
    if not isinstance(told, dict) or not _are_names(told.get("classes")):
        raise ExportError(f"{file}: damaged, it names no classes. {AGAIN}")
    return told


def digest(folder: Path) -> str:
    """Return a digest of all files in a folder, by their names and what they hold."""
    content = hashlib.sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        held = hashlib.sha256(file.read_bytes()).hexdigest()
        content.update(f"{file.relative_to(folder).as_posix()}\0{held}\n".encode("utf-8", "surrogateescape"))
    return content.hexdigest()


def _are_names(classes: Any) -> bool:
    return isinstance(classes, list) and bool(classes) and all(isinstance(name, str) for name in classes)
