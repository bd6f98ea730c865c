"""`suite.load`: runs and tables of results as frames, figures, and what a notebook displays by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from suite.core.errors import SuiteError, did_you_mean
from suite.core.measures import MEASURES
from suite.core.study import Constraint
from suite.core.trial import Run
from suite.notebook import display
from suite.report import choice, shown
from suite.report import results as results_tables
from suite.report.comparison import Comparison, compare
from suite.report.entries import Entry
from suite.report.results import Results, objective
from suite.report.shown import Shown
from suite.report.study import fronts, tables, wording
from suite.report.study.plane import Plane, planes
from suite.search import exchange, folder

RUNS = Path("runs")  # where a run is looked for that is named without its folder


def load(*paths: str | PathLike[str], objectives: Sequence[str] = ()) -> Loaded:
    """Return runs, by their folder or their name within `runs`, and tables of results (CSV), as one comparison.

    The front is that in `objectives`, names of measures; by default those of the runs. TensorFlow is not loaded. What
    is loaded stays as it was when it was read: load a study that still runs again for its news.

    Raises StoreError for a folder without a run, TableError for a table that cannot be read, and SuiteError when
    nothing is named, or what is named cannot be compared.
    """
    asked = tuple(objective(_known(name)) for name in dict.fromkeys(objectives))
    found = [_read(str(path)) for path in paths]
    for table in found:
        if isinstance(table, Results):
            results_tables.require(table, asked)
    return Loaded(compare(found, asked))


class Loaded:
    """Runs and tables that were read: what was found, and what to take. A notebook displays the front and the answer.

    `comparison` holds the candidates themselves.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def front(self) -> pd.DataFrame:
        """Return the candidates that no other dominates in the objectives, the most accurate first.

        The columns are those of `suite front --format csv`. Raises NothingTrainedError when no candidate was trained.
        """
        return _frame(shown.shown(self.comparison))

    def trials(self) -> pd.DataFrame:
        """Return every trial, in the columns of a report's trials.csv. Unknown values are missing."""
        return tables.every_trial(self.comparison)

    def curves(self) -> pd.DataFrame:
        """Return a row for every epoch of every trial: accuracies in percent, `val_` of the validation pictures."""
        return tables.curves(self.comparison)

    def best(self, **limits: float) -> pd.Series[Any]:
        """Return the most accurate candidate within limits, named by its trial.

        A limit is named by its measure: `latency=5` is at most 5 ms, `accuracy=90` at least 90 %. Candidates that are
        surely within come first. Raises NothingFitsError, with the nearest, when no candidate is.
        """
        wanted = _limits(limits)
        return self._series(choice.best(self.comparison, wanted), wanted)

    def knee(self, **limits: float) -> pd.Series[Any]:
        """Return the knee of the front within limits: beyond this candidate, more accuracy becomes dear."""
        wanted = _limits(limits)
        return self._series(choice.knee(self.comparison, wanted), wanted)

    def plot(self, cost: str = "") -> Figure:
        """Draw the front of accuracy against a cost; by default, the first that the studies ask for.

        `savefig` writes it as PNG, SVG or PDF. Raises SuiteError when no candidate has the cost.
        """
        return fronts.draw(self._plane(cost)).figure

    @property
    def answer(self) -> list[str]:
        """What was found, in sentences, and how sure it is."""
        comparison = self.comparison
        known = shown.table(comparison, comparison.front).sentences if comparison.front else []
        return [*known, *wording.headlines(comparison, planes(comparison))]

    def __repr__(self) -> str:
        """Return what was found as text."""
        return "\n".join([wording.listed(self.comparison.names), *self.answer])

    def _repr_html_(self) -> str:
        """Return the answer, the front and its figure: markup that needs nothing else."""
        drawn = fronts.draw(planes(self.comparison)[0]).figure if planes(self.comparison) else None
        front = shown.shown(self.comparison) if self.comparison.front else None
        return display.markup(wording.listed(self.comparison.names), self.answer, front, drawn)

    def _series(self, entry: Entry, wanted: Sequence[Constraint]) -> pd.Series[Any]:
        row = shown.table(self.comparison, [entry], wanted)
        values: Mapping[str, Any] = {name: row.rows[0][name] for name in row.columns if name != "trial"}
        return pd.Series(values, name=entry.name, dtype=object)

    def _plane(self, cost: str) -> Plane:
        known = planes(self.comparison)
        found = [plane for plane in known if not cost or plane.cost.measure == _known(cost)]
        if not found:
            there = wording.listed(list(dict.fromkeys(plane.cost.measure for plane in known))) or "nothing"
            raise SuiteError(f"no trained candidate has {cost or 'an accuracy and a cost'}. Known: {there}")
        return found[0]


def _read(name: str) -> Run | Results:
    home = folder.named(name, RUNS)
    if not folder.is_run(home) and results_tables.is_table(name):
        return results_tables.read(Path(name))
    return exchange.exchanged(home)


def _known(name: str) -> str:
    if name not in MEASURES:
        raise SuiteError(f"no measure '{name}'.{did_you_mean(name, MEASURES)}")
    return name


def _limits(limits: Mapping[str, float]) -> tuple[Constraint, ...]:
    sides = {name: "at_most" if MEASURES[_known(name)].goal == "min" else "at_least" for name in limits}
    return tuple(Constraint(measure=name, **{sides[name]: limit}) for name, limit in limits.items())


def _frame(table: Shown) -> pd.DataFrame:
    return pd.DataFrame(
        [{name: row.get(name) for name in table.columns} for row in table.rows], columns=list(table.columns)
    )
