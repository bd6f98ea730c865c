"""Check study files and print their search spaces.

No network is built and no picture is read.

\b
suite check studies/*.toml
suite check studies/resnet.toml --set budget.trials=5 fidelity.epochs=1
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import formatted, overriding
from suite.cli.printing import show
from suite.cli.speaking import tell
from suite.studyfile import binding


@click.command(help=__doc__)
@click.argument("files", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@overriding
@formatted
def command(files: Sequence[Path], overrides: Sequence[str], format: str) -> None:
    """Check the studies and print what they search over."""
    files, overrides = arguments.told_apart(files, overrides)
    for file in files:
        study = pipeline.check(file, overrides)
        show([row._asdict() for row in binding.summary(study)], format, binding.Row._fields)
        size = "infinitely many" if study.size == float("inf") else f"{study.size:,.0f}"
        tell(f"{file}: in order. {study.name}: {size} configurations from {study.architecture}.")
