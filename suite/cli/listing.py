"""What `suite list` lists: rows of plain values, without TensorFlow."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from suite import architectures, studyfile
from suite.core.errors import ArchitectureError, StudyError, did_you_mean
from suite.core.measures import MEASURES
from suite.core.presets import PRESETS
from suite.core.rules import written
from suite.core.study import split

COLUMNS = {
    "architectures": (
        "name", "title", "family", "year", "top1", "top5", "parameters", "total_parameters", "whole_parameters", "macs",
        "resolution", "source",
    ),
    "studies": ("name", "architecture", "dataset", "question", "file"),
    "measures": ("name", "unit", "goal", "known", "per_device", "meaning"),
    "presets": ("name", "meaning", "recipe", "source"),
    "runs": ("name", "complete", "paused", "refused", "dropped", "failed", "architecture", "dataset", "problem"),
}  # fmt: skip


# How wide tables fit a terminal: the columns to leave out, and the column that groups rows.
SPARE = {
    "measures": ("per_device",),
    "runs": ("dataset", "architecture", "paused", "dropped"),
    "architectures": ("family", "source", "resolution", "total_parameters", "year", "macs", "whole_parameters"),
}
APART = {"architectures": "family"}
_ONE = {
    "architectures": "architecture", "studies": "study", "measures": "measure",
    "presets": "preset", "runs": "run",
}  # fmt: skip


def rows(what: str, root: Path, pattern: str = "*") -> Sequence[dict[str, Any]]:
    """Return the rows of one kind, with the keys of its COLUMNS; `root` is the folder of the runs.

    The wildcard `pattern` must match a name; if no name matches, a title with the same capitals; if no such title, a
    title with any capitals. Raises ArchitectureError or StudyError when nothing matches.
    """
    listed: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "architectures": _architectures, "studies": _studies, "measures": _measures, "presets": _presets,
        "runs": lambda: importlib.import_module("suite.cli.runs").rows(root),
    }  # fmt: skip
    found = listed[what]()
    matches = _matching(found, pattern)
    if not matches and pattern != "*":
        _refuse(what, found, pattern)
    return matches


def columns(what: str, rows: Sequence[dict[str, Any]], format: str) -> tuple[str, ...]:
    """Return the columns of one kind to show; a table leaves out those that no row has a value for."""
    known = COLUMNS[what]
    if format != "table" or not rows:
        return known
    return tuple(column for column in known if any(row.get(column) is not None for row in rows))


def _matching(found: Sequence[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    titled = [(str(row.get("title", "")), row) for row in found]
    return (
        [row for row in found if fnmatch.fnmatchcase(str(row["name"]), pattern)]
        or [row for title, row in titled if fnmatch.fnmatchcase(title, pattern)]  # ViT-G/14 is not ViT-g/14
        or [row for title, row in titled if fnmatch.fnmatchcase(title.lower(), pattern.lower())]
    )


def _refuse(what: str, found: Sequence[dict[str, Any]], pattern: str) -> NoReturn:
    words = {str(row[key]) for row in found for key in ("name", "title") if key in row}
    hint = did_you_mean(pattern.strip("*"), words)
    if not hint or "Known:" in hint:  # hundreds of names would hide the mistake
        hint = f" `suite list {what}` lists them all."
    kind = ArchitectureError if what == "architectures" else StudyError
    raise kind(f"no {_ONE[what]} '{pattern}'.{hint}")


def _architectures() -> list[dict[str, Any]]:
    cited, counted = architectures.published(), architectures.recorded()
    by_year = sorted(counted, key=lambda name: architectures.FAMILIES.index(split(name)[0]))
    return [_architecture(counted[name], cited.get(name)) for name in by_year]


def _architecture(counted: architectures.Recorded, cited: architectures.Published | None) -> dict[str, Any]:
    """Return the row of one network. A network without a paper is for tests, and its title says so."""
    family, variant = split(counted.name)
    said = vars(cited) if cited else {"title": f"{family} {variant} (no paper)"}
    return {column: said.get(column) for column in COLUMNS["architectures"]} | vars(counted) | {"family": family}


def _studies() -> list[dict[str, Any]]:
    found = []
    for file in sorted(Path("studies").rglob("*.toml")):
        study = studyfile.read(file)
        found.append({key: getattr(study, key) for key in COLUMNS["studies"][:-1]} | {"file": str(file)})
    return found


def _measures() -> list[dict[str, Any]]:
    return [{key: getattr(measure, key) for key in COLUMNS["measures"]} for measure in MEASURES.values()]


def _presets() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "meaning": preset.meaning,
            "recipe": ", ".join(f"{key} = {written(value)}" for key, value in preset.fields.items()),
            "source": preset.source,
        }
        for name, preset in PRESETS.items()
    ]
