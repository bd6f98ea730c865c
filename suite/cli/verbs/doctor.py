"""Look whether everything is in order here, and say the way out where it is not.

Versions, extras, processors, permissions, disks, runs, and whether MLflow, the depots of the runs, the database of
--storage and the depot of --depot answer. A small file is written into that depot and removed. The exit code is 1 if
something is broken. Passwords are not printed.

\b
suite doctor
suite doctor --devices
suite doctor --storage postgresql+psycopg://user@host/suite --depot s3://suite
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from suite.cli import health, reachable
from suite.cli.options import formatted, rooted
from suite.cli.printing import show


@click.command(help=__doc__)
@click.option("--storage", metavar="URL", help="Look whether this database answers, too.")
@click.option("--depot", metavar="PLACE", help="Look whether this depot can be read and written, too.")
@click.option("--devices", is_flag=True, help="Ask TensorFlow for its devices; takes some seconds.")
@rooted
@formatted
def command(storage: str | None, depot: str | None, devices: bool, root: Path, format: str) -> None:
    """Print what was found."""
    found = [*health.findings(root, devices=devices), *reachable.findings(root, storage, depot)]
    show([one.row for one in found], format)
    sys.exit(any(one.state == health.BROKEN for one in found))
