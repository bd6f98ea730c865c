"""The database of a study: opened when others may be creating it, and what it says turned into words for a user."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from suite.errors import StoreError

ATTEMPTS = 6  # to open a database that others may be creating
HEARTBEAT = 30  # seconds
GRACE = 150  # seconds without a heartbeat after which a worker on another machine counts as dead


def opened(url: str) -> RDBStorage:
    """Return the database at `url`, with its tables.

    Two that open an empty database at once both create the tables, and one of them fails: it finds them the next time.
    """
    # Another worker may be writing to the same SQLite file: wait for it rather than fail.
    waiting = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    for attempt in range(1, ATTEMPTS):
        try:
            return RDBStorage(url, engine_kwargs=waiting, heartbeat_interval=HEARTBEAT, grace_period=GRACE)
        except SQLAlchemyError:
            time.sleep(0.1 * attempt)
    return RDBStorage(url, engine_kwargs=waiting, heartbeat_interval=HEARTBEAT, grace_period=GRACE)


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Turn what a database says when it cannot read or write into a StoreError."""
    try:
        with warnings.catch_warnings():
            # Heartbeats are experimental since 2.0, and meant for Study.optimize: here `_beat` sends them.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.filterwarnings("ignore", message="Heartbeat of storage")
            yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, OSError) as error:
        cause = error.__cause__ or error
        what = str(getattr(cause, "orig", cause)).strip().splitlines()[0]
        raise StoreError(
            f"{folder}: the trials cannot be read or written ({what}). Finished trials are safe: mend the disk or the "
            "database and run the same command again."
        ) from error
