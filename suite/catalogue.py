"""What `suite list` lists: rows of plain values, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite import architectures, studyfile
from suite.errors import SuiteError
from suite.measures import MEASURES

COLUMNS = {
    "architectures": (
        "name", "title", "family", "year", "top1", "top5", "parameters", "total_parameters", "macs", "resolution",
        "source",
    ),
    "studies": ("name", "architecture", "dataset", "question", "file"),
    "measures": ("name", "unit", "goal", "known", "meaning"),
    "runs": ("name", "complete", "refused", "failed", "architecture", "dataset"),
}  # fmt: skip


def rows(what: str, root: Path) -> Sequence[dict[str, Any]]:
    """Return the rows of one kind, with the keys COLUMNS has for it; `root` is the folder that holds the runs."""
    return {"architectures": _architectures, "studies": _studies, "measures": _measures, "runs": lambda: _runs(root)}[
        what
    ]()


def _architectures() -> list[dict[str, Any]]:
    cited = architectures.published()
    return [_architecture(name, cited.get(name), counted) for name, counted in architectures.recorded().items()]


def _architecture(name: str, cited: architectures.Published | None, counted: architectures.Recorded) -> dict[str, Any]:
    row = {
        "name": name,
        "family": name.partition("/")[0],
        **dict.fromkeys(("title", "year", "top1", "top5", "source")),
    }
    for key in ("title", "year", "top1", "top5", "source") if cited else ():
        row[key] = getattr(cited, key)
    return row | {key: getattr(counted, key) for key in ("parameters", "total_parameters", "macs", "resolution")}


def _studies() -> list[dict[str, Any]]:
    found = []
    for file in sorted(Path("studies").rglob("*.toml")):
        study = studyfile.read(file)
        found.append({key: getattr(study, key) for key in COLUMNS["studies"][:-1]} | {"file": str(file)})
    return found


def _measures() -> list[dict[str, Any]]:
    return [{key: getattr(measure, key) for key in COLUMNS["measures"]} for measure in MEASURES.values()]


def _runs(root: Path) -> list[dict[str, Any]]:
    from suite.search import folder

    found = []
    for file in sorted(root.glob("*/study.toml")):
        try:
            run = folder.read(file.parent)
        except SuiteError:  # begun just now, or being written
            continue
        counts = {
            state: sum(trial.state == state for trial in run.trials) for state in ("complete", "refused", "failed")
        }
        study = run.study
        found.append({"name": study.name, **counts, "architecture": study.architecture, "dataset": study.dataset})
    return found
