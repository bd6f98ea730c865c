"""Accuracy against one cost: the candidates that may be compared in it, their front and its knee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from suite.core import dominance
from suite.core.measures import is_stable
from suite.core.study import Objective
from suite.report.comparison import Comparison
from suite.report.entries import Entry

_FEW = 3  # members of a front that are always shown


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Accuracy against one cost, for candidates that may be compared in it."""

    comparison: Comparison
    quality: Objective  # upwards
    cost: Objective  # to the right
    place: str  # where the cost was measured; "" when it does not matter
    entries: Sequence[Entry]  # candidates with both measures
    broken: Sequence[Entry]  # trained, but breaking a constraint

    @property
    def pair(self) -> tuple[Objective, Objective]:
        """The two objectives."""
        return self.quality, self.cost

    @cached_property
    def front(self) -> list[Entry]:
        """The entries that no other dominates, the cheapest first."""
        best = self.comparison.best(self.entries, self.pair)
        return sorted(best, key=lambda entry: (self.x(entry), self.y(entry)))

    @cached_property
    def knee(self) -> Entry | None:
        """The front point farthest from the line between the ends of the front; None if the front has no bend."""
        front = self.front
        if len(front) < 3:
            return None
        bend = dominance.knee([entry.trial for entry in front], self.pair)
        found = next(entry for entry in front if entry.trial is bend)
        return None if self.x(found) in (self.x(front[0]), self.x(front[-1])) else found

    @property
    def log(self) -> bool:
        """Whether the cost spans more than a factor of ten."""
        costs = [self.x(entry) for entry in (*self.entries, *self.broken)]
        return min(costs) > 0 and max(costs) > 10 * min(costs)

    def span(self, objective: Objective) -> tuple[float, float]:
        """Return the values that its axis shows: from the best to the worst on the front, or in the best quarter.

        Where the front is short, it is the best half.
        A candidate on the front whose quality is far below all others does not stretch the axis.
        """
        sign = -1.0 if objective.goal == "max" else 1.0  # the better is the smaller
        values, members = (
            sorted(sign * entry.trial.measures[objective.measure] for entry in entries)
            for entries in (self.entries, self.front)
        )
        while sign < 0 and len(members) > _FEW and members[-1] - members[-2] > 2 * (members[-2] - members[0]):
            members.pop()
        part = 4 if len(self.front) >= _FEW else 2
        low, high = sorted((sign * values[0], sign * max(members[-1], values[len(values) // part])))
        return low, high

    def is_stable(self, entry: Entry) -> bool:
        """Whether both values are stable enough to compare."""
        return all(is_stable(entry.trial.measures, objective.measure) for objective in self.pair)

    def x(self, entry: Entry) -> float:
        """Its cost."""
        return entry.trial.measures[self.cost.measure]

    def y(self, entry: Entry) -> float:
        """Its quality."""
        return entry.trial.measures[self.quality.measure]


def planes(comparison: Comparison) -> list[Plane]:
    """Return a plane for each cost; a cost that depends on the device has one for each place."""
    return [
        plane
        for cost in comparison.costs
        for place, group in comparison.groups([cost]).items()
        if (plane := _plane(comparison, cost, place, group)).entries
    ]


def _plane(comparison: Comparison, cost: Objective, place: str, group: Sequence[Entry]) -> Plane:
    pair = comparison.quality, cost
    broken = [
        entry
        for entry in comparison.entries
        if entry.trial.state == "complete" and not entry.fits and (not place or entry.place == place)
    ]
    kept, over = (
        [entry for entry in entries if all(o.measure in entry.trial.measures for o in pair)]
        for entries in (group, broken)
    )
    return Plane(comparison=comparison, quality=comparison.quality, cost=cost, place=place, entries=kept, broken=over)
