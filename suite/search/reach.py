"""Whether the database of --storage can be used, asked without making anything in it."""

from __future__ import annotations

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from suite.core.errors import MissingExtraError, StoreError, first_line
from suite.search import refusals

PATIENCE = 5  # seconds for a connection


def reached(url: str) -> str:
    """Connect to the database at `url`, and return what it is, without its password.

    Raises StoreError when it refuses, and MissingExtraError when its driver is not installed. No password is said.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "This is no URL of a database. Write postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME."
        ) from None
    shown = address.render_as_string(hide_password=True)
    patient = {"connect_timeout": PATIENCE} if address.get_backend_name() == "postgresql" else {}
    try:
        engine = create_engine(address, connect_args=patient)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            name = f"{connection.dialect.name} {'.'.join(map(str, connection.dialect.server_version_info or ()))}"
        engine.dispose()
    except ImportError as error:
        raise MissingExtraError(
            f"No driver for {address.drivername} is installed. For PostgreSQL: "
            "pip install 'keras-comparison-suite[postgres]', and begin the URL with postgresql+psycopg://"
        ) from error
    except SQLAlchemyError as error:
        said = first_line(getattr(error, "orig", None) or error)
        hidden = said.replace(address.password, "***") if address.password else said
        raise StoreError(f"{shown}: {hidden}. {refusals.way_out(str(error))}".rstrip()) from None
    return f"{name} at {shown}"
