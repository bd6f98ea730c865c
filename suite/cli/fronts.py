"""The front of runs and tables as a table, or the single best model within limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.cli.printing import show
from suite.cli.speaking import tell
from suite.core import seen
from suite.core.measures import MEASURES
from suite.core.study import Constraint, Objective
from suite.core.trial import Run
from suite.report import certainty, choice
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
    chosen = comparison.front if comparison.front and not limits else [choice.best(comparison, limits)]
    columns, rows = choice.table(chosen, limits, comparison.objectives)
    sure = certainty.of(comparison)
    if sure:
        columns, rows = _with_certainty(columns, rows, certainty.columns(sure, chosen))
    needed = {limit.measure for limit in limits} | {objective.measure for objective in comparison.objectives}
    others = [name for name in columns if name in MEASURES and (MEASURES[name].part_of or name) not in needed]
    ends = [name for name in columns if name.endswith(("_low", "_high"))]
    show(rows, format, columns, spare=[*reversed(others), *ends, *reversed(certainty.COLUMNS)])
    for line in certainty.told(sure) if sure else ():
        tell(line)
    if baseline := seen.baseline(entry.trial for entry in comparison.candidates):
        tell(seen.to_beat(*baseline))


def _with_certainty(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return a table of candidates with what is known of their certainty after their accuracy."""
    place = columns.index(certainty.MEASURE) + 1
    there = [name for name in certainty.COLUMNS if any(row[name] is not None for row in known.values())]
    return [*columns[:place], *there, *columns[place:]], [{**row, **known[row["trial"]]} for row in rows]
