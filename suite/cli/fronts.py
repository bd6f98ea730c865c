"""The front of runs and tables as a table, or the single best model within limits."""

from __future__ import annotations

from collections.abc import Sequence

from suite.cli.printing import show
from suite.cli.speaking import tell
from suite.core import seen
from suite.core.measures import MEASURES
from suite.core.study import Constraint, Objective
from suite.core.trial import Run
from suite.report import choice
from suite.report.comparison import compare
from suite.report.results import Results


def print_front(
    runs: Sequence[Run | Results], limits: Sequence[Constraint], format: str, asked: Sequence[Objective] = ()
) -> None:
    """Print the front, or with `limits` the best model.

    Raises NothingFitsError when no model is within them, and NothingTrainedError when there is no model at all.
    """
    comparison = compare(runs, asked)
    if comparison.left_out:
        tell(comparison.left_out)
    columns, rows = choice.table(
        comparison.front if comparison.front and not limits else [choice.best(comparison, limits)],
        limits,
        comparison.objectives,
    )
    needed = {limit.measure for limit in limits} | {objective.measure for objective in comparison.objectives}
    others = [name for name in columns if name in MEASURES and (MEASURES[name].part_of or name) not in needed]
    ends = [name for name in columns if name.endswith(("_low", "_high"))]
    show(rows, format, columns, spare=[*reversed(others), *ends])
    if baseline := seen.baseline(entry.trial for entry in comparison.candidates):
        tell(seen.to_beat(*baseline))
