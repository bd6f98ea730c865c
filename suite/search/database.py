"""The database of a study: workers open it at once and change it one at a time; its errors become words for a user."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from suite.core.errors import MissingExtraError, StoreError, first_line
from suite.search import backup, refusals
from suite.search.outage import AwayError, is_away
from suite.search.refusals import CONNECTIONS

ATTEMPTS = 6  # to open a database that others may be creating
HEARTBEAT = 30  # seconds
GRACE = 150  # seconds without a heartbeat after which a worker on another machine counts as dead
CONNECT = 20  # seconds to wait for a connection
IDLE = 1800  # seconds after which a connection is made anew: firewalls forget those that are silent
PATIENCE = 300  # seconds that another worker may hold an SQLite file while it proposes


def opened(url: str) -> RDBStorage:
    """Return the database at `url`, with its tables.

    If two workers open an empty database at once, both create the tables and one fails; its next attempt finds them.
    Raises MissingExtraError when its driver is not installed, StoreError when `url` is none.
    """
    _check(url)
    for attempt in range(1, ATTEMPTS):
        try:
            return _storage(url)
        except SQLAlchemyError as error:
            if is_away(error) or refusals.way_out(str(error)):
                raise
            time.sleep(0.1 * attempt)
    return _storage(url)


def _check(url: str) -> None:
    """Raise StoreError, without a word of `url`, which may hold a password, when it is none."""
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "--storage: this is no URL of a database. Write postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME, with "
            "%40 for @, %3A for : and %2F for / in a password. Or leave the password out, and put it into PGPASSWORD."
        ) from None


def _storage(url: str) -> RDBStorage:
    try:
        plain = url.replace("{", "{{").replace("}", "}}")  # Optuna takes it for a template
        return _Storage(plain, engine_kwargs=_engine(url), grace_period=GRACE)
    except ImportError as error:
        raise MissingExtraError(
            f"no driver for {url.partition(':')[0]} is installed ({error.__cause__}). For PostgreSQL: "
            "pip install 'keras-comparison-suite[postgres]', and begin the URL with postgresql+psycopg://"
        ) from error


class _Storage(RDBStorage):
    """A database whose heartbeats `Store._beat` sends. Optuna, which need not know, would warn that these are new."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heartbeat_interval = HEARTBEAT  # by which Optuna finds trials whose worker is silent

    def get_heartbeat_interval(self) -> None:
        """Say that Optuna sends none."""


def _engine(url: str) -> dict[str, Any]:
    """Return how connections are kept: few, as a server has some hundred for all; none that the server has closed."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": PATIENCE}}
    pool = {"pool_size": 1, "max_overflow": CONNECTIONS - 1, "pool_pre_ping": True, "pool_recycle": IDLE}
    return {**pool, "connect_args": {"connect_timeout": CONNECT}} if url.startswith("postgresql") else pool


class _UndoneError(Exception):
    """All that a transaction has done is undone, by the error that is the cause: nothing may follow."""


class _Part(Session):
    """A transaction of Optuna's within `alone`, in which nothing follows once the whole is undone.

    Optuna tries again to create a trial if that has failed. By then all before it is undone, and others are at work.
    """

    _undone_by: BaseException | None = None

    def rollback(self) -> None:
        """Undo the whole."""
        self._undone_by = self._undone_by or sys.exception()
        super().rollback()

    def get_bind(self, *arguments: Any, **named: Any) -> Engine | Connection:
        """Return the connection. Every statement asks for it. Raises _UndoneError when the whole is undone."""
        if self._undone_by:
            raise _UndoneError from self._undone_by
        return super().get_bind(*arguments, **named)


@contextmanager
def alone(storage: RDBStorage, study: str) -> Iterator[None]:
    """Make the block one transaction of this thread on `storage`; no other worker of `study` has one meanwhile.

    What the block reads stays true until its end. A process that dies in the block changes nothing. Optuna's own
    transactions become parts of it: they end with it, and an error in one undoes it all. (Savepoints in their place
    would be a third of all statements.)
    """
    with storage.engine.connect() as connection:
        _lock(connection, study)
        storage.scoped_session.registry.set(_Part(connection, join_transaction_mode="rollback_only"))
        try:
            yield
            connection.commit()
        except _UndoneError as error:
            raise error.__cause__ or error from None
        finally:
            storage.remove_session()


def _lock(connection: Connection, study: str) -> None:
    if connection.dialect.name == "sqlite":
        # Python's driver begins a transaction at the first write: too late, as the block reads before it writes.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT study_id FROM studies WHERE study_name = :name FOR UPDATE"), {"name": study})


@contextmanager
def legible() -> Iterator[None]:
    """Raise StorageInternalError, which `guarded` puts in words, for rows that Optuna or we cannot make sense of."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise optuna.exceptions.StorageInternalError(f"damaged: {type(error).__name__}: {error}") from error


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Raise StoreError when the database cannot be read or written."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, OSError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, (SQLAlchemyError, OSError)) else error
        what = getattr(cause, "orig", cause)
        way = refusals.way_out(str(what)) or backup.way_out(folder, str(what)) or "Mend the disk or the database."
        refusal = first_line(what) or type(cause).__name__
        said = (
            f"{folder}: the trials cannot be read or written ({refusal}). {way} "
            "Finished trials are safe: then run the same command again."
        )
        raise (AwayError(said, refusal) if is_away(cause) else StoreError(said)) from error
    except RuntimeError as error:
        if not (way := refusals.way_out(str(error))):
            raise
        raise StoreError(f"{folder}: the trials cannot be read ({first_line(error)}). {way}") from error
