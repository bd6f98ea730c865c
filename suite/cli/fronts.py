"""The front of runs and tables as a table, or the single best model within limits."""

from __future__ import annotations

from collections.abc import Sequence

from suite.cli.printing import show
from suite.cli.speaking import tell, wrapped
from suite.core.errors import SuiteError
from suite.core.study import Constraint, Objective
from suite.core.trial import Run
from suite.report import beside, certainty, families
from suite.report.comparison import beside as side_by_side
from suite.report.comparison import compare
from suite.report.results import Results
from suite.report.shown import shown


def print_front(
    runs: Sequence[Run | Results], limits: Sequence[Constraint], format: str, asked: Sequence[Objective] = ()
) -> None:
    """Print the front, or with `limits` the best model.

    Raises NothingFitsError when no model is within them, and NothingTrainedError when there is no model at all.
    """
    comparison = side_by_side(runs, asked)
    if comparison.left_out:
        tell(comparison.left_out)
    found = shown(comparison, limits)
    show(found.rows, format, found.columns, spare=found.spare)
    for line in found.sentences:
        tell(wrapped(line))


def print_families(runs: Sequence[Run | Results], format: str, asked: Sequence[Objective] = ()) -> None:
    """Print families side by side at an equal budget. Raises SuiteError when there is nothing to compare."""
    comparison = compare(runs, asked)
    sure = certainty.of(comparison)
    found = families.of(comparison, sure)
    if found is None:
        raise SuiteError(
            f"{', '.join(comparison.names)}: no two families to compare. It takes two runs, or a run of several "
            "families, that keep their answers and were measured in one place"
        )
    rows = found.rows()
    show(rows, format, spare=[name for name in rows[0] if name.endswith(("_low", "_high"))])
    for line in beside.told(comparison, sure):
        tell(wrapped(line))
