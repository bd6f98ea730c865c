"""Train chosen networks again with several seeds, and judge them by the test pictures.

One training is one draw. Chosen are the best network of each family and members of the front, at most --most. A seed
draws the validation pictures, the first weights, the sequence of the pictures and their augmentation anew. All networks
get the same seeds. The same command goes on after an interruption, and more seeds add to those that are there.

`low` to `high` is the 95 % interval of the accuracy for other seeds and other test pictures. Each network is compared
with the best: `behind` is by how many points it is behind, with its interval; `best_is_better` the probability that
another training of the best beats another one of it; `p` that of a sign-flip test of paired seeds (Holm); and
`practically_equal` the probability that both differ by no more than --equal points.

Networks of a study with [words] learn from texts anew too, from the pairs that the split leaves. `zero_shot` is their
accuracy by the texts of the classes alone.

Two networks need six seeds to be told apart, five need eight. With fewer the answer is only a range. --trial names the
networks in place of the chosen ones.

\b
suite confirm quickstart-resnet quickstart-mobilenet
suite confirm quickstart-resnet --trial 4 --trial 3
suite confirm resnet --seeds 10 --most 3 --max-latency 5
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import formatted, limited, rooted
from suite.cli.printing import show
from suite.cli.speaking import tell
from suite.report import confirmation
from suite.report.comparison import compare
from suite.statistics.seeds import fewest

SPARE = (
    "zero_shot_low", "zero_shot_high", "worst_seed", "best_seed", "activations", "macs", "behind_low", "behind_high",
    "practically_equal", "p", "seeds", "behind", "parameters", "latency",
)  # fmt: skip


@click.command(help=__doc__)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--seeds", type=click.IntRange(1), help="Trainings of each network; by default as many as can tell.")
@click.option("--most", type=click.IntRange(1), default=5, show_default=True, help="Most networks to train again.")
@click.option(
    "--trial", "trials", multiple=True, metavar="TRIAL",
    help="Train this one: NUMBER, RUN/NUMBER, `best` or `knee`. Several times for several.",
)  # fmt: skip
@click.option(
    "--equal", type=click.FloatRange(0), default=confirmation.EQUAL, show_default=True,
    help="Points of accuracy that do not matter.",
)  # fmt: skip
@limited
@rooted
@formatted
def command(
    runs: Sequence[str], seeds: int | None, most: int, trials: Sequence[str], equal: float, root: Path, format: str,
    **limits: float | None,
) -> None:  # fmt: skip
    """Train what is missing, and print the answer."""
    found = arguments.runs(runs, root)
    comparison = compare(found)
    wanted = arguments.limits(limits)
    named = {entry.name: entry for entry in (arguments.entry(comparison, trial, wanted) for trial in trials)}
    entries = list(named.values()) or confirmation.chosen(comparison, most, wanted)
    drawn = range(1, (seeds or fewest(max(1, len(entries) - 1))) + 1)
    for line in pipeline.confirm(confirmation.missing(comparison, entries, drawn)):
        tell(line)
    known = confirmation.of(comparison, entries, drawn)
    if known:
        show(known.rows(equal), format, spare=SPARE)
    for run in found:
        if said := pipeline.looks(run.folder):
            tell(f"{run.name}: {said}")
