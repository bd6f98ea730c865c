"""Register a trained model in MLflow's registry.

The trial is exported into EXPORTS/NAME and checked, as `suite export` does, unless it is there. Then it is a version
of the registered model NAME, which plain MLflow loads, without this package:
mlflow.pyfunc.load_model("models:/NAME@champion").predict(pictures), with pictures as uint8 [B, h, w, C]. TRIAL is a
number (with several runs RUN/NUMBER), `best` or `knee`. MLFLOW_TRACKING_URI names a server.

\b
suite register resnet best --name shapes --alias champion
suite register resnet mobilenet knee --name shapes --max-latency 5
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import limited, rooted
from suite.cli.speaking import say, tell
from suite.report.comparison import compare


@click.command(help=__doc__)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.argument("trial")
@click.option("--name", required=True, help="Name of the registered model.")
@click.option("--alias", "aliases", multiple=True, help="Alias that is moved to this version, such as champion.")
@click.option(
    "--exports",
    type=click.Path(path_type=Path, file_okay=False),
    default="exports",
    show_default=True,
    help="Folder of the exports.",
)
@limited
@rooted
def command(
    runs: Sequence[str],
    trial: str,
    name: str,
    aliases: Sequence[str],
    exports: Path,
    root: Path,
    **limits: float | None,
) -> None:
    """Export the trial, register it, and print what MLflow loads it by."""
    found = arguments.runs(runs, root)
    comparison, wanted = compare(found), arguments.limits(limits)
    entry = arguments.entry(comparison, trial, wanted)
    done = pipeline.export(entry, found, exports / entry.name.replace("/", "-"))
    made = pipeline.register(entry, found, done, root, name, aliases)
    for uri in made.uris:
        say(uri)
    tell(
        f"{entry.name} is {'' if made.is_new else 'already '}version {made.version} of {made.name}, from {done.folder}."
    )
