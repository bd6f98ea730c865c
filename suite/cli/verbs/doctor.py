"""Look whether everything is in order here, and say the way out where it is not.

Versions, extras, processors, permissions, disk, runs, and whether MLflow and the database of --storage answer. The exit
code is 1 if something is broken. Passwords are not printed.

\b
suite doctor
suite doctor --devices
suite doctor --storage postgresql+psycopg://user@host/suite --format json
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from suite.cli import health
from suite.cli.options import formatted, rooted
from suite.cli.printing import show


@click.command(help=__doc__)
@click.option("--storage", metavar="URL", help="Look whether this database answers, too.")
@click.option("--devices", is_flag=True, help="Ask TensorFlow for its devices; takes some seconds.")
@rooted
@formatted
def command(storage: str | None, devices: bool, root: Path, format: str) -> None:
    """Print what was found."""
    found = list(health.findings(root, storage, devices=devices))
    show([one.row for one in found], format)
    sys.exit(any(one.state == health.BROKEN for one in found))
