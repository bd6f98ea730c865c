"""The database of a study: opened when others may be creating it, changed by one worker at a time, and what it says
turned into words for a user.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from suite.core.errors import MissingExtraError, StoreError

ATTEMPTS = 6  # to open a database that others may be creating
HEARTBEAT = 30  # seconds
GRACE = 150  # seconds without a heartbeat after which a worker on another machine counts as dead
PATIENCE = 300  # seconds that another worker may hold an SQLite file while it proposes


def opened(url: str) -> RDBStorage:
    """Return the database at `url`, with its tables. Raises MissingExtraError where its driver is not installed.

    Two that open an empty database at once both create the tables, and one of them fails: it finds them the next time.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return _storage(url)
        except SQLAlchemyError:
            time.sleep(0.1 * attempt)
    return _storage(url)


def _storage(url: str) -> RDBStorage:
    waiting = {"connect_args": {"timeout": PATIENCE}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        return RDBStorage(url, engine_kwargs=waiting, heartbeat_interval=HEARTBEAT, grace_period=GRACE)
    except ImportError as error:
        raise MissingExtraError(
            f"no driver for {url.partition(':')[0]} is installed ({error.__cause__}). For PostgreSQL: "
            "pip install 'keras-comparison-suite[postgres]', and begin the URL with postgresql+psycopg://"
        ) from error


@contextmanager
def alone(storage: RDBStorage, study: str) -> Iterator[None]:
    """Make of all that this thread does with `storage` one transaction, in which no other worker of `study` has one.

    So what is read in it holds until its end, and a process that dies in it has done nothing. Optuna's own transactions
    become parts of it: savepoints.
    """
    with storage.engine.connect() as connection:
        _lock(connection, study)
        storage.scoped_session.registry.set(Session(connection, join_transaction_mode="create_savepoint"))
        try:
            yield
            connection.commit()
        finally:
            storage.remove_session()


def _lock(connection: Connection, study: str) -> None:
    if connection.dialect.name == "sqlite":
        # Python's driver begins a transaction with the first write, which is after the first reading: too late.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT study_id FROM studies WHERE study_name = :name FOR UPDATE"), {"name": study})


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
