"""Why a database refuses, and the way out."""

from __future__ import annotations

import re

CONNECTIONS = 3  # that a worker opens at most

_WAYS = (
    (
        r"too many (clients|connections)|remaining connection slots",
        "The database has no connection left. Raise its max_connections, or run fewer workers: "
        f"each takes up to {CONNECTIONS}.",
    ),
    (
        r"password authentication failed|no password supplied|role .* does not exist",
        "Check the user and the password in --storage. A password may also stand in PGPASSWORD or in ~/.pgpass.",
    ),
    (r"database .* does not exist", "Create it (createdb NAME), or name another at the end of --storage."),
    (r"failed to resolve host|could not translate host name", "Check the name of the host in --storage."),
    (
        r"connection refused|no such file or directory.*is the server running",
        "Is the database running there, and is this its port? The one of docker-compose.yml is 5432.",
    ),
    (r"timeout expired|timed out|no route to host|unreachable", "Can this machine reach that host and port?"),
    (r"no pg_hba\.conf entry", "The server lets nobody in from this machine: add a line to its pg_hba.conf."),
    (
        r"permission denied for schema",
        "Let the user create tables: GRANT CREATE ON SCHEMA public TO the user, in that database.",
    ),
    (
        r"no longer compatible with the table schema",
        "Another version of Optuna made its tables. Install one version of it on all machines, or stop all workers and "
        "run `optuna storage upgrade --storage URL` once.",
    ),
)


def way_out(refusal: str) -> str:
    """Return what to do about the message of a database; empty if it is not known."""
    return next((way for pattern, way in _WAYS if re.search(pattern, refusal, re.IGNORECASE | re.DOTALL)), "")
