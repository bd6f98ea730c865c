"""Paths in a study file, made absolute: of your own architecture, of a folder of pictures, of a table of captions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite.core.study import is_own, split


def placed(entry: Any, absolute: Callable[[str, Path], str], folder: Path) -> Any:
    """Return a path, or each of several, as absolute, from `folder`; anything else as it is."""
    if isinstance(entry, (list, tuple)):
        return type(entry)(placed(one, absolute, folder) for one in entry)
    return absolute(entry, folder) if isinstance(entry, str) else entry


def _absolute(architecture: str, folder: Path) -> str:
    """Return `networks/mine.py/small` as an absolute path, from `folder`; `resnet/50` as it is."""
    return (
        os.path.abspath(folder / os.path.expanduser(architecture)) if is_own(split(architecture)[0]) else architecture
    )


def _absolute_folder(dataset: str, folder: Path) -> str:
    """Return a path that begins with `.`, `~` or `/` as absolute, from `folder`; a dataset's name as it is."""
    if dataset.startswith("hf:"):
        return f"hf:{_absolute_folder(dataset.removeprefix('hf:'), folder)}"
    is_path = dataset.startswith((".", "~")) or Path(dataset).is_absolute()
    return os.path.abspath(folder / os.path.expanduser(dataset)) if is_path else dataset


def place_pairs(document: dict[str, Any], folder: Path) -> None:
    """Make the path of a table of captions absolute, from `folder`; one without a folder lies beside the pictures."""
    words = document.get("words")
    if isinstance(words, dict) and isinstance(words.get("pairs"), str):
        document["words"] = {**words, "pairs": _absolute_folder(words["pairs"], folder)}


PLACES: dict[str, Callable[[str, Path], str]] = {
    "architecture": _absolute,
    "dataset": _absolute_folder,
    "weights": _absolute_folder,
}
