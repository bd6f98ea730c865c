"""The epochs of trials that are being trained, for whoever watches: `runs/NAME/epochs/NUMBER.jsonl`, a row an epoch.

The store learns of a trial when it ends. Its file is removed then; what watches may lose it at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from suite.core.trial import Trial


class Diary:
    """A watcher of a search that writes down its epochs. A disk that refuses them ends nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, trial: Trial) -> None:
        """Forget what a trial has left that is run again."""
        for number in (trial.number, trial.reruns):
            if number is not None:
                self._forget(number)

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Add one epoch, a row of the curve of a trial."""
        file = _file(self._folder, number)
        with suppress(OSError):
            file.parent.mkdir(exist_ok=True)
            with file.open("a", encoding="utf-8") as rows:
                rows.write(json.dumps(dict(row)) + "\n")

    def end(self, trial: Trial) -> None:
        """Forget a trial that ended: the store has its curve."""
        self._forget(trial.number)

    def _forget(self, number: int) -> None:
        with suppress(OSError):
            _file(self._folder, number).unlink(missing_ok=True)


def read(folder: Path, number: int) -> list[dict[str, float]]:
    """Return the epochs so far of a trial that runs; none where they are not known."""
    with suppress(OSError):
        written = _file(folder, number).read_text(encoding="utf-8")
        return [json.loads(line) for line in written.splitlines(keepends=True) if line.endswith("\n")]  # whole ones
    return []


def _file(folder: Path, number: int) -> Path:
    return folder / "epochs" / f"{number}.jsonl"
