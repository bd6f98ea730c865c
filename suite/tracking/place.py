"""Where MLflow is, and whether it answers. Does not import MLflow: a dead server costs neither time nor imports."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from suite.core import sqlite

PATIENCE = 5  # seconds that a server has for its first answer
ARTIFACTS = "mlartifacts"  # the folder beside an SQLite file
_PORTS = {"postgresql": 5432, "mysql": 3306}
_AWAY = (502, 503, 504)  # what a proxy answers when nobody is behind it


def uri(root: Path) -> str:
    """Return MLFLOW_TRACKING_URI if it is set, else the URI of the database beside the runs in `root`."""
    return os.environ.get("MLFLOW_TRACKING_URI", "").rstrip("/") or sqlite.url(root.resolve() / "mlflow.db")


def is_web(uri: str) -> bool:
    """Whether `uri` is a web server."""
    return urlsplit(uri).scheme in ("http", "https")


def artifacts(uri: str) -> Path | None:
    """Return the folder of an SQLite `uri`'s artifacts; None if a server decides."""
    file = sqlite.file(uri)
    return file.resolve().with_name(ARTIFACTS) if file else None


def is_empty(file: Path) -> bool:
    """Whether there is no database in `file` yet."""
    return not file.exists() or not file.stat().st_size


def knock(uri: str) -> None:
    """Raise OSError, ValueError or sqlite3.Error unless `uri` can be reached now; takes PATIENCE seconds at most."""
    file, parts = sqlite.file(uri), urlsplit(uri)
    if file:
        _open(file)
    elif parts.scheme == "sqlite":
        raise ValueError("a database in memory keeps nothing")
    elif is_web(uri):
        _get(f"{uri}/health")
    elif parts.hostname and (port := parts.port or _PORTS.get(parts.scheme.partition("+")[0])):
        socket.create_connection((parts.hostname, port), timeout=PATIENCE).close()


def _open(file: Path) -> None:
    """Raise if the database is locked, damaged or read-only: MLflow would go on trying for minutes."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _get(url: str) -> None:
    """Raise if no server answers. Any answer counts: one that asks for a password, or for another certificate, is up.

    MLflow asks through requests too, so both know the same proxies and take a password in the address.
    """
    import requests

    with suppress(requests.exceptions.SSLError):
        answer = requests.get(url, timeout=PATIENCE, allow_redirects=False)
        if answer.status_code in _AWAY:
            raise OSError(f"error code {answer.status_code}")
