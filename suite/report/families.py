"""Families side by side at an equal budget: an equal number of trials, and an equal cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core.measures import formatted
from suite.core.study import Objective
from suite.core.trial import reached
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.statistics import families
from suite.statistics.chosen import Corrected
from suite.statistics.intervals import Interval
from suite.statistics.searches import Agreement
from suite.statistics.seeds import Mean

BUDGETS = 4  # costs at which families are compared: so many quantiles of all costs


@dataclass(frozen=True, kw_only=True)
class Families:
    """The candidates of several runs or families, by `Comparison.kind`, with one place and known answers."""

    comparison: Comparison
    sure: Certainty
    cost: Objective
    members: Mapping[str, Sequence[Entry]]

    @property
    def count(self) -> int:
        """The number of trials of the smallest family: all are compared at as many."""
        return min(map(len, self.members.values()))

    @cached_property
    def budgets(self) -> list[float]:
        """Costs from small to large, at which the best of each family is compared; the last lets in every candidate."""
        every = [self.price(entry) for entries in self.members.values() for entry in entries]
        shares = np.arange(1, BUDGETS + 1) / BUDGETS
        return np.unique(np.quantile(every, shares, method="higher")).tolist()

    def price(self, entry: Entry) -> float:
        """Return the cost of a candidate."""
        return entry.trial.measures[self.cost.measure]

    def errors(self, kind: str) -> NDArray[np.float64]:
        """Return the errors of a family in percent, the smallest first."""
        return np.sort([100 - entry.trial.measures["accuracy"] for entry in self.members[kind]])

    def best(self, kind: str, budget: float) -> Corrected | None:
        """Return the best accuracy of a family within a budget, as expected on new pictures; None if nothing fits."""
        return self._best[kind, budget]

    @cached_property
    def _best(self) -> dict[tuple[str, float], Corrected | None]:
        return {(kind, budget): self._found(kind, budget) for kind in self.members for budget in self.budgets}

    def _found(self, kind: str, budget: float) -> Corrected | None:
        known = self.sure.among([entry for entry in self.members[kind] if self.price(entry) <= budget])
        return known.corrected if known else None

    @cached_property
    def hypervolumes(self) -> dict[str, Mean]:
        """The share of one box that the front of each family dominates, with `count` trials each, on new pictures.

        The box reaches from the lowest accuracy and the largest cost of all to 100 % and the smallest cost.
        """
        every = [entry for entries in self.members.values() for entry in entries]
        prices, accuracies = [self.price(e) for e in every], [e.trial.measures["accuracy"] / 100 for e in every]
        low, high = min(prices), max(prices)
        worst, best = (min(accuracies) - 1e-9, high * (1 + 1e-9)), (1.0, low * (1 - 1e-9))
        return {
            kind: families.hypervolume(self._right(kind), [self.price(e) for e in known], worst, best, self.count)
            for kind, known in self.members.items()
        }

    def _right(self, kind: str) -> NDArray[np.bool_]:
        known = self.sure.among(self.members[kind])
        assert known
        return known.right

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each family: its trials, its best within each budget and its hypervolume, in percent."""
        return [self._row(kind) for kind in self.members]

    def _row(self, kind: str) -> dict[str, Any]:
        row: dict[str, Any] = {"family": kind, "trials": len(self.members[kind])}
        for budget in self.budgets:
            found, column = self.best(kind, budget), f"within {formatted(self.cost.measure, budget)}"
            row[column] = 100 * found.share if found else None
            row[f"{column}_low"] = 100 * found.interval.low if found else None
            row[f"{column}_high"] = 100 * found.interval.high if found else None
        volume = self.hypervolumes[kind]
        low, high = (100 * end for end in volume.interval)
        return row | {"hypervolume": 100 * volume.value, "hypervolume_low": low, "hypervolume_high": high}


def of(comparison: Comparison, sure: Certainty | None) -> Families | None:
    """Return the families of a comparison side by side.

    None if there are fewer than two with kept answers, or if their first cost was measured in several places.
    """
    if not sure or not comparison.costs or len(comparison.groups(comparison.costs[:1])) > 1:
        return None
    cost = comparison.costs[0]
    members: dict[str, list[Entry]] = {}
    for entry in sure.entries:
        if cost.measure in entry.trial.measures:
            members.setdefault(comparison.kind(entry), []).append(entry)
    if len(members) < 2:
        return None
    return Families(comparison=comparison, sure=sure, cost=cost, members=members)


def agreements(comparison: Comparison) -> list[tuple[int, Agreement, Interval]]:
    """Return for each epoch after which trials pause how far it ranked those that went on as their end did.

    Epoch 0 is the probe: a classifier of features. Only trials that promised much went on, so the ranking of all may
    agree more.
    """
    column = f"val_{comparison.quality.measure}"
    rungs = sorted({rung for run in comparison.studied for rung in run.study.rungs[:-1]})
    found = []
    for rung in rungs:
        pairs = [pair for entry in comparison.candidates if (pair := _pair(comparison, entry, rung, column))]
        known = families.agreed([short for short, _ in pairs], [long for _, long in pairs])
        found += [(rung, *known)] if known else []
    return found


def _pair(comparison: Comparison, entry: Entry, rung: int, column: str) -> tuple[float, float] | None:
    """Return the quality of a trial after a rung and at its end; None if it has none after the rung, or ended there."""
    at = [row[column] for row in entry.trial.curve if row["epoch"] == rung and column in row]
    end = entry.trial.measures.get(comparison.quality.measure)
    return (at[0], end) if at and end is not None and reached(entry.trial.curve) > rung else None
