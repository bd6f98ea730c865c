"""The addresses of SQLite files, as SQLAlchemy reads them: `%41` would be an A, and a question mark ends the path."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

START = "sqlite:///"


def url(file: Path) -> str:
    """Return the address of a file, which may be called anything."""
    return START + str(file.absolute()).replace("%", "%25").replace("?", "%3F")


def file(url: str) -> Path | None:
    """Return the file of an address; None if that is of another database."""
    return Path(unquote(url.removeprefix(START).partition("?")[0])) if url.startswith(START) else None
