"""Print the Pareto front of runs, or the best model within limits.

With several runs it is the front of all of them together. Two values are equal if their intervals overlap. A limit is
met `surely` if the whole interval is within it. If no model is within the limits, the nearest ones are named and the
exit code is 3.

Trials keep their answers to the validation pictures. From these come, without another training: the 95 % interval of
each accuracy (`wilson_low` to `wilson_high`); letters in `group`, where two candidates that share a letter cannot be
told apart by their accuracy; and `front_share`, the share of resamples of the pictures in which a candidate is on the
front, in percent.

Below the table stands what to take within the limits: what to expect of it on new pictures, the cheapest that is not
measurably worse, what its neighbours on the front cost and gain, and what would make it surer.

With --families, each run (or each family of the only run) has a row: its best accuracy within four limits of the first
cost, as expected on new pictures, and `hypervolume`, the share of the box of accuracy and cost that its front dominates
there with as many trials as the smallest family has. Each has its 95 % interval.

With --as, the front is that of a format in which networks are deployed, such as LiteRT in 8 bits. What is on the front,
and what may not be told from it, is converted, asked about the validation pictures and timed on the format's own
runtime, each once. The front is then one of accuracy, latency and size of the file as that format.

TABLE.csv is any table of results. Its first column names the candidates. Its other columns are named as the measures;
`latency_low` and `latency_high` hold an interval. Tables of timm and of `suite measure` work too.

\b
suite front quickstart-resnet quickstart-mobilenet
suite front quickstart-resnet quickstart-mobilenet --families
suite front resnet --max-latency 5 --max-parameters 2e6
suite front resnet --as litert-int8 --max-latency 1
suite front results.csv --objective accuracy --objective latency
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

import click

from suite.cli import arguments
from suite.cli.fronts import print_families, print_front
from suite.cli.options import aimed, formatted, limited, rooted
from suite.core.paths import DEPLOYED
from suite.export.formats import FORMATS

DEPLOYED_AS = tuple(name for name in FORMATS if name in DEPLOYED)


@click.command(help=__doc__)
@click.argument("runs", metavar="RUN|TABLE.csv...", nargs=-1, required=True)
@click.option(
    "--families", is_flag=True, help="Put families side by side at an equal number of trials, and equal cost."
)
@click.option(
    "--as", "deployed", metavar="FORMAT", type=click.Choice(DEPLOYED_AS), help=f"One of {', '.join(DEPLOYED_AS)}."
)
@click.option(
    "--most", type=click.IntRange(1), default=10, show_default=True, help="With --as: most networks to convert."
)
@limited
@aimed
@rooted
@formatted
def command(
    runs: Sequence[str],
    root: Path,
    format: str,
    aims: Sequence[str],
    families: bool,
    deployed: str | None,
    most: int,
    **limits: float | None,
) -> None:
    """Print the front of what is named."""
    if families and deployed:
        raise click.UsageError("give --families or --as, not both")
    asked = arguments.objectives(aims)
    if deployed:
        found = arguments.runs(runs, root)
        printer = importlib.import_module("suite.cli.in_format").print_front_in_format  # others load less
        printer(deployed, most, found, arguments.limits(limits), format, asked)
        return
    if families:
        print_families(arguments.results(runs, root, asked), format, asked)
        return
    print_front(arguments.results(runs, root, asked), arguments.limits(limits), format, asked)
