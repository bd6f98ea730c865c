"""The ledger: which files of a run folder its depot has, in a small database that may be lost without harm."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from suite.depot.copies import Copy
from suite.machine.ledger import opened

FILE = "depot.ledger"
_TABLE = """CREATE TABLE IF NOT EXISTS entry
(depot TEXT, file TEXT, version INTEGER, digest TEXT, size INTEGER, modified INTEGER, PRIMARY KEY (depot, file))"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What was last delivered of a file, or brought."""

    version: int  # in the depot; 0: the depot had another, which is still to be brought
    digest: str
    size: int  # of the file here when its digest was taken, bytes
    modified: int  # when it was written here, nanoseconds

    def is_copy(self, copy: Copy) -> bool:
        """Whether this copy was delivered or brought."""
        return (self.version, self.digest) == (copy.version, copy.digest)

    def is_of(self, file: Path) -> bool:
        """Whether a file of this machine is still as it was. Raises OSError when it is gone."""
        state = file.stat()
        return (self.size, self.modified) == (state.st_size, state.st_mtime_ns)


def entry(version: int, digest: str, file: Path) -> Entry:
    """Return the entry of a file as it is now. Raises OSError when it is gone."""
    state = os.stat(file)
    return Entry(version=version, digest=digest, size=state.st_size, modified=state.st_mtime_ns)


class Ledger:
    """Entries by file, of one run folder and one depot. Any thread and any process may use it.

    Where it cannot be written (a full or read-only disk), files are compared with the depot's by their digests.
    """

    def __init__(self, folder: Path, depot: str) -> None:
        self._file, self._depot = folder / FILE, depot

    def entries(self) -> dict[str, Entry]:
        """Return all entries, by file."""
        with suppress(sqlite3.Error), closing(opened(self._file, _TABLE)) as database:
            rows = database.execute(
                "SELECT file, version, digest, size, modified FROM entry WHERE depot = ?", (self._depot,)
            )
            return {row[0]: Entry(version=row[1], digest=row[2], size=row[3], modified=row[4]) for row in rows}
        return {}

    def note(self, file: str, entry: Entry) -> None:
        """Remember what the depot has of a file."""
        with suppress(sqlite3.Error), closing(opened(self._file, _TABLE)) as database:
            values = (self._depot, file, *astuple(entry))
            database.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", values)
