"""The ledger: what one run folder has delivered to MLflow, in a small database that may be lost without harm."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from suite.machine.ledger import opened

FILE = "mlflow.ledger"
_TABLE = "CREATE TABLE IF NOT EXISTS entry (uri TEXT, key TEXT, id TEXT, digest TEXT, PRIMARY KEY (uri, key))"

_log = logging.getLogger("suite.tracking")


class Ledger:
    """Entries `key -> (id in MLflow, digest of what was last sent)` of one folder and one tracking URI.

    Belongs to the thread that opened it. If the file cannot be written (disk full, read-only), the entries live in
    memory: lost entries are found again by the tags in MLflow, and sending twice changes nothing there.
    """

    def __init__(self, folder: Path, uri: str) -> None:
        """Open or create the ledger in `folder`; never raises."""
        self._uri = uri
        self._connection = _opened(folder / FILE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def id(self, key: str) -> str | None:
        """Return the id of `key` in MLflow; None if it is not there."""
        return self._entry(key)[0]

    def digest(self, key: str) -> str | None:
        """Return the digest of what was last sent for `key`."""
        return self._entry(key)[1]

    def note(self, key: str, id: str, digest: str = "") -> None:
        """Remember that `key` is `id` in MLflow and that content with `digest` was sent."""
        entry = (self._uri, key, id, digest)
        self._write(lambda c: c.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", entry))

    def forget(self, key: str = "%") -> None:
        """Forget `key`, or all entries of this URI, because MLflow has lost it."""
        self._write(lambda c: c.execute("DELETE FROM entry WHERE uri = ? AND key LIKE ?", (self._uri, key)))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock other processes out, so that no two create the same run. In memory there is no lock."""
        with suppress(sqlite3.Error):
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._write(lambda c: c.commit())

    def _entry(self, key: str) -> tuple[str | None, str | None]:
        query = "SELECT id, digest FROM entry WHERE uri = ? AND key = ?"
        try:
            return self._connection.execute(query, (self._uri, key)).fetchone() or (None, None)
        except sqlite3.Error as error:
            self._move_to_memory(error)
            return None, None

    def _write(self, change: Callable[[sqlite3.Connection], object]) -> None:
        try:
            change(self._connection)
        except sqlite3.Error as error:
            self._move_to_memory(error)
            change(self._connection)

    def _move_to_memory(self, error: sqlite3.Error) -> None:
        _log.warning("the run folder cannot record what was delivered to MLflow (%s)", error)
        entries: list[tuple[str, ...]] = []
        with suppress(sqlite3.Error):
            entries = self._connection.execute("SELECT * FROM entry").fetchall()
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = opened(":memory:", _TABLE)
        self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", entries)


def _opened(file: Path) -> sqlite3.Connection:
    try:
        return opened(file, _TABLE)
    except sqlite3.Error as error:
        _log.warning("%s cannot record what was delivered to MLflow (%s)", file, error)
        return opened(":memory:", _TABLE)
