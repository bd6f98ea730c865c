"""A measured search problem: a table with the error and the cost of every configuration, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from suite.core.fronts import Values, hypervolume

Configuration = tuple[int, ...]  # an index for each column; with two fidelities one more: 0 a low run, 1 a full one

REFERENCE = (1.0, 1.0)
LOW_COST = 0.06  # of a low run, in full trainings
HOPELESS = 0.85  # quantile of the error that scales to 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """One table. What the search is told may differ from what it is scored on."""

    name: str
    columns: tuple[str, ...]  # cat:NAME or ord:NAME
    rows: Sequence[Configuration]
    error: Values  # [N] scored
    told: Values  # [N] error that a full run answers
    low: Values | None  # [N] error that a low run answers
    cost: Values  # [N]

    @cached_property
    def index(self) -> dict[Configuration, int]:
        """Row of each configuration."""
        return {configuration: row for row, configuration in enumerate(self.rows)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns without their kind."""
        return tuple(column.partition(":")[2] for column in self.columns)

    @cached_property
    def choices(self) -> tuple[list[int], ...]:
        """Indices that occur in each column, ascending."""
        return tuple(sorted(set(values)) for values in zip(*self.rows, strict=True))

    def ordered(self, column: int) -> bool:
        """Whether neighbouring indices of a column are alike."""
        return self.columns[column].startswith("ord:")

    def scale(self, error: Values, cost: Values) -> Values:
        """Return [..., 2] such that (1, 1) bounds what counts: the protocol's scale, which no search may know."""
        best, limit = self.error.min(), np.quantile(self.error, HOPELESS)
        low = np.log10(self.cost[self.error < limit].min())
        high = np.log10(1.001 * self.cost.max())  # the dearest network must still count
        return np.stack([(error - best) / (limit - best), (np.log10(cost) - low) / (high - low)], axis=-1)

    @cached_property
    def scaled(self) -> Values:
        """Return every row [N, 2] on the protocol's scale."""
        return self.scale(self.error, self.cost)

    @cached_property
    def whole(self) -> float:
        """Return the hypervolume of the whole table."""
        return hypervolume(self.scaled, REFERENCE)

    def row(self, configuration: Configuration) -> int | None:
        """Return the row of a configuration, whatever its fidelity; None when the table lacks it."""
        return self.index.get(configuration[: len(self.columns)])

    def full(self, configuration: Configuration) -> bool:
        """Whether a full run is asked for: only an added 0 asks for a low one."""
        return len(configuration) == len(self.columns) or configuration[-1] == 1

    def answer(self, configuration: Configuration) -> tuple[float, float]:
        """Return error and cost as the search is told them: the worst of the table for a row that it lacks."""
        row, errors = self.row(configuration), self.told if self.full(configuration) else self.low
        assert errors is not None, f"{self.name} has no low runs"
        if row is None:
            return float(errors.max()), float(self.cost.max())
        return float(errors[row]), float(self.cost[row])


def read(path: Path, one_seed: bool = False) -> Problem:
    """Return the table of a CSV file. With `one_seed`, full runs answer the error of a single training."""
    table = pd.read_csv(path)
    columns = tuple(name for name in table.columns if ":" in name)
    return Problem(
        name=path.name.partition(".")[0],
        columns=columns,
        rows=list(map(tuple, table[list(columns)].to_numpy(dtype=int).tolist())),
        error=table["error"].to_numpy(dtype=float),
        told=table["error_one_seed" if one_seed else "error"].to_numpy(dtype=float),
        low=table["error_low"].to_numpy(dtype=float) if "error_low" in table else None,
        cost=table["cost"].to_numpy(dtype=float),
    )


def offers(path: Path, column: str) -> bool:
    """Whether the table of a CSV file has `column`."""
    return column in pd.read_csv(path, nrows=0).columns
