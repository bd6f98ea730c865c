"""Options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from suite.cli.printing import FORMATS

Command = TypeVar("Command", bound=Callable[..., Any])

LIMITS = {"max_latency": "latency", "max_parameters": "parameters", "max_macs": "macs"}

formatted = click.option(
    "--format", "format", type=click.Choice(FORMATS), default="table", help="Format of the answer."
)
overriding = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE...", help="Replace keys of the study, one or several."
)
aimed = click.option(
    "--objective",
    "aims",
    multiple=True,
    metavar="MEASURE",
    help="Compare by this measure (see `suite list measures`). Give two or more.",
)
rooted = click.option(
    "--runs",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default="runs",
    show_default=True,
    help="Folder of the runs.",
)


def limited(command: Command) -> Command:
    """Add the options for limits on costs."""
    for option, measure in reversed(LIMITS.items()):
        unit = " in ms" if measure == "latency" else ""
        name = f"--{option.replace('_', '-')}"
        command = click.option(name, option, type=float, help=f"Largest {measure} allowed{unit}.")(command)
    return command
