"""Open MLflow's pages on the runs.

Prints a link for each run that shows its trials as a table.

\b
suite ui
suite ui resnet --port 8080
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.ending import until_interrupted
from suite.cli.options import rooted
from suite.cli.speaking import say


@click.command(help=__doc__)
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@rooted
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port of the server.")
def command(runs: Sequence[str], root: Path, port: int) -> None:
    """Print the links, then serve until interrupted."""
    with until_interrupted("the pages are closed. Every run is kept."):
        for line in pipeline.ui(arguments.runs(runs, root) if runs else arguments.every_run(root), root, port):
            say(line)
