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

TABLE.csv is any table of results. Its first column names the candidates. Its other columns are named as the measures;
`latency_low` and `latency_high` hold an interval. Tables of timm and of `suite measure` work too.

\b
suite front quickstart-resnet quickstart-mobilenet
suite front quickstart-resnet quickstart-mobilenet --families
suite front resnet --max-latency 5 --max-parameters 2e6
suite front results.csv --objective accuracy --objective latency
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite.cli import arguments
from suite.cli.fronts import print_families, print_front
from suite.cli.options import aimed, formatted, limited, rooted


@click.command(help=__doc__)
@click.argument("runs", metavar="RUN|TABLE.csv...", nargs=-1, required=True)
@click.option(
    "--families", is_flag=True, help="Put families side by side at an equal number of trials, and equal cost."
)
@limited
@aimed
@rooted
@formatted
def command(
    runs: Sequence[str], root: Path, format: str, aims: Sequence[str], families: bool, **limits: float | None
) -> None:
    """Print the front of what is named."""
    asked = arguments.objectives(aims)
    if families:
        print_families(arguments.results(runs, root, asked), format, asked)
        return
    print_front(arguments.results(runs, root, asked), arguments.limits(limits), format, asked)
