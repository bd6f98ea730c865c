"""Write a study file for a folder of pictures: networks that can fit, sizes, a recipe, a budget.

The file has comments, and is yours to change. With --run the search begins at once.

\b
suite new ~/flowers
suite new ~/flowers --max-latency 5 --max-parameters 2e6 --hours 1 --run
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import formatted, limited, rooted, skipping
from suite.cli.speaking import tell
from suite.cli.verbs import run
from suite.core.errors import StudyError


@click.command(help=__doc__)
@click.argument("pictures", metavar="FOLDER")
@limited
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Budget.")
@skipping
@click.option("-o", "--output", "into", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--run", "at_once", is_flag=True, help="Run it, too.")
@rooted
@formatted
@click.pass_context
def command(
    context: click.Context,
    pictures: str,
    hours: float,
    skip_broken: bool,
    into: Path | None,
    at_once: bool,
    root: Path,
    format: str,
    **limits: float | None,
) -> None:
    """Look at the pictures, write the file, and say what it will do."""
    begun = pipeline.begin(pictures, arguments.limits(limits), hours, skip_broken=skip_broken)
    file = into or Path(f"{begun.name}.toml")
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(begun.text)
    except FileExistsError:
        raise StudyError(f"{file} is there already. Run it with `suite run {file}`, or name another with -o") from None
    except OSError as error:
        raise StudyError(f"{file}: cannot be written ({error.strerror}). Name another with -o") from error
    for line in begun.lines:
        tell(line)
    tell(f"Written to {file}. " + ("It runs now." if at_once else f"`suite run {file}` begins the search."))
    if at_once:
        sys.argv[1:] = ["run", str(file), "--runs", str(root), "--format", format]  # what its worker process is to do
        context.invoke(run.command, files=(file,), overrides=(), skip_broken=False, root=root, format=format)
