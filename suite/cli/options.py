"""Options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from suite.cli.printing import FORMATS
from suite.core.measures import MEASURES

Command = TypeVar("Command", bound=Callable[..., Any])

# A limit for every measure that is no part of another, by the name of its option.
LIMITS = {f"max_{name}" if m.goal == "min" else f"min_{name}": m for name, m in MEASURES.items() if not m.part_of}

formatted = click.option(
    "--format", "format", type=click.Choice(FORMATS), default="table", help="Format of the answer."
)
overriding = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE...", help="Replace keys of the study, one or several."
)
skipping = click.option("--skip-broken", is_flag=True, help="Leave out files of a folder that cannot be read.")
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
    """Add the options for limits on measures."""
    for option, measure in reversed(LIMITS.items()):
        unit = f" in {measure.unit}" if measure.unit else ""
        most = "Most" if measure.goal == "min" else "Least"
        name = f"--{option.replace('_', '-')}"
        command = click.option(name, option, type=float, metavar="N", help=f"{most} {measure.word}{unit}.")(command)
    return command
