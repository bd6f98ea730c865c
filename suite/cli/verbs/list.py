"""List architectures, studies, measures, presets of recipes or runs.

PATTERN is a wildcard for names. If no name matches, titles are searched.

\b
suite list
suite list architectures 'resnet/50*' --format csv
suite list architectures '*/50*'
suite list architectures 'ResNeXt*'
suite list runs
"""

from __future__ import annotations

from pathlib import Path

import click

from suite.cli import listing
from suite.cli.options import formatted, rooted
from suite.cli.printing import show


@click.command(help=__doc__)
@click.argument("what", default="architectures", type=click.Choice(tuple(listing.COLUMNS)))
@click.argument("pattern", default="*")
@rooted
@formatted
def command(what: str, pattern: str, root: Path, format: str) -> None:
    """Print what is listed."""
    rows = listing.rows(what, root, pattern)
    columns = listing.columns(what, rows, format)
    show(rows, format, columns, spare=listing.SPARE.get(what, ()), apart=listing.APART.get(what, ""))
