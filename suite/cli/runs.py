"""What `suite list runs` lists. Only then is it imported: to read a run takes a database and NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.core.errors import SuiteError
from suite.core.trial import Run, counted
from suite.search import folder


def rows(root: Path) -> list[dict[str, Any]]:
    """Return a row for each run; a damaged run has its error as `problem`."""
    found = []
    for home in filter(folder.is_traced, folder.inside(root)):
        try:
            found.append(_run(folder.read(home)))
        except SuiteError as error:
            found.append({"name": home.name, "problem": str(error)})
    return found


def _run(run: Run) -> dict[str, Any]:
    study = run.study
    return {"name": study.name, **counted(run.trials), "architecture": study.network, "dataset": study.dataset}
