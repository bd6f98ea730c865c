"""A copy of the trials of a run, beside them, for the day on which the disk damages `trials.db`.

Only trials in the run folder are copied: a server has backups of its own.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from suite.core import files
from suite.core.errors import StoreError
from suite.core.numbered import numbered

FILE, COPY = "trials.db", "trials.backup.db"
EVERY = 600.0  # seconds between two copies while trials end


def check(folder: Path) -> None:
    """Raise StoreError when `trials.db` has lost its trials: SQLite takes a file that is cut to nothing for a new one.

    A run that has just begun has none either: nothing else in its folder says that there were any.
    """
    file = folder / FILE
    if file.is_file() and file.stat().st_size < 512 and _had_trials(folder):
        raise StoreError(f"{file}: it is empty, and the trials were in it. {_restore(folder)}")


def keep(folder: Path) -> None:
    """Copy the trials, if they are sound; what keeps them from being copied does not keep the study from going on."""
    if not (folder / FILE).is_file():
        return
    with suppress(sqlite3.Error, OSError), files.replacing(folder / COPY) as draft:
        _copy(folder / FILE, draft)


def _copy(file: Path, draft: Path) -> None:
    """Copy a database whole. Raises sqlite3.Error when it is damaged."""
    with closing(_opened(file)) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy)
        if copy.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("damaged")


def way_out(folder: Path, refusal: str) -> str:
    """Return what to do about the message of an SQLite file that is damaged; empty for any other message."""
    damaged = any(said in refusal for said in ("malformed", "file is not a database", "damaged", "no such table"))
    return _restore(folder) if damaged and (folder / FILE).exists() else ""


def _restore(folder: Path) -> str:
    copy = folder / COPY
    if not copy.is_file():
        return "Restore a copy of it, or move the folder away and run the study again."
    return f"Copy {copy}, which has {numbered(_count(copy), 'trial')}, over it: what came after them is trained again."


def _had_trials(folder: Path) -> bool:
    return (folder / COPY).is_file() or any((folder / "models").glob("*.keras"))


def _count(copy: Path) -> int:
    with suppress(sqlite3.Error), closing(_opened(copy)) as database:
        return int(database.execute("SELECT count(*) FROM trials WHERE state != 'WAITING'").fetchone()[0])
    return 0


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
