"""What a user reads when the database of a study refuses: what was wrong, where, and the way out; no password."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from suite.core.errors import StoreError
from suite.search import folder, refusals
from tests import studies

SECRET = "hush-hush"


def refused(home: Path, url: str) -> str:
    """Open a run with a database and return what is said."""
    with pytest.raises(StoreError) as error:
        folder.opened(home, studies.study(), url)
    said = str(error.value)
    assert SECRET not in said
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("url", "way"),
    [
        (f"postgresql+psycopg://suite:{SECRET}@no-such-host.invalid:5432/suite", "Check the name of the host"),
        (f"postgresql+psycopg://suite:{SECRET}@127.0.0.1:1/suite", "Is the database running there"),
        (f"postgresql+psycopg://suite:{SECRET}@:x@host/suite", "Write postgresql+psycopg://USER:PASSWORD@HOST"),
        (f"postgresql+psycopg://suite:a:{SECRET}:b@host:port/suite", "Write postgresql+psycopg://USER:PASSWORD@HOST"),
        (f"suite {SECRET}", "Write postgresql+psycopg://USER:PASSWORD@HOST"),
    ],
)
def test_a_database_that_is_not_there_is_told_with_the_way_out_and_without_the_password(
    tmp_path: Path, url: str, way: str
) -> None:
    assert way in refused(tmp_path / "run", url)


def test_tables_of_another_version_of_optuna_are_told_with_the_way_out(tmp_path: Path) -> None:
    folder.opened(tmp_path / "run", studies.study()).close()
    with sqlite3.connect(tmp_path / "run" / "trials.db") as database:
        database.execute("update alembic_version set version_num = 'v0.9.0.a'")
    database.close()
    with pytest.raises(StoreError, match="optuna storage upgrade"):
        folder.opened(tmp_path / "run", studies.study())
    with pytest.raises(StoreError, match="optuna storage upgrade"):
        folder.read(tmp_path / "run")


@pytest.mark.parametrize(
    ("message", "way"),
    [  # as PostgreSQL 15 and psycopg 3 write them
        ('connection failed: FATAL:  password authentication failed for user "suite"', "user and the password"),
        ("fe_sendauth: no password supplied", "user and the password"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "max_connections"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "suite"', "pg_hba.conf"),
        ("connection timeout expired", "reach that host"),
        ("permission denied for schema public", "GRANT CREATE"),
    ],
)
def test_a_known_refusal_has_a_way_out(message: str, way: str) -> None:
    assert way in refusals.way_out(message)


def test_an_unknown_refusal_has_none() -> None:
    assert not refusals.way_out("database disk image is malformed")


@pytest.mark.postgres
def test_a_server_says_no_to_a_user_a_database_and_one_connection_too_many(tmp_path: Path, postgres: str) -> None:
    import psycopg

    nobody = postgres.replace("postgres:@", f"nobody:{SECRET}@")
    assert "Check the user and the password" in refused(tmp_path / "run", nobody)
    nowhere = postgres.replace("/test_", "/no_such_")
    assert "Create it (createdb NAME)" in refused(tmp_path / "run", nowhere)
    plain = postgres.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as server:
        server.execute(f"create role few login superuser password '{SECRET}'")
        server.execute("alter role few nosuperuser connection limit 1")
        few = postgres.replace("postgres:@", f"few:{SECRET}@")
        with psycopg.connect(few.replace("+psycopg", "")):
            assert "max_connections" in refused(tmp_path / "run", few)
        server.execute("drop role few")


@pytest.mark.postgres
def test_a_worker_opens_few_connections(tmp_path: Path, postgres: str) -> None:
    """So that thirty workers fit into the hundred connections of a server as it is installed."""
    import psycopg

    with folder.opened(tmp_path / "run", studies.study(), postgres) as store:
        for _ in range(3):
            store.finish(studies.complete(store.ask()))
        with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as server:
            others = "datname = current_database() and pid <> pg_backend_pid()"
            (open_now,) = server.execute(f"select count(*) from pg_stat_activity where {others}").fetchone()
    assert 1 <= open_now <= refusals.CONNECTIONS
