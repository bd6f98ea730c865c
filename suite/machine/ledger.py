"""Ledgers: small databases of what was sent where, which may be lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

WAIT = 20  # seconds that another process may hold a ledger


def opened(file: Path | str, table: str) -> sqlite3.Connection:
    """Open or create a ledger with its `table`, an SQL statement; a damaged one makes way for an empty one.

    Every statement is a transaction of its own. Raises sqlite3.Error where the file cannot be written.
    """
    try:
        return _connected(file, table)
    except sqlite3.OperationalError:  # a full or read-only disk, a lock: the file itself may be good
        raise
    except sqlite3.DatabaseError:
        with suppress(OSError):
            Path(file).unlink()
        return _connected(file, table)


def _connected(file: Path | str, table: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
    try:
        connection.execute(table)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
