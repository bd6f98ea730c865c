"""What to take within limits, its neighbours on the front, and its rival: the other that may be as good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from suite.core.study import Constraint, Objective
from suite.report import choice
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.statistics import gaps
from suite.statistics.gaps import Gap


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The candidate to take within some limits."""

    comparison: Comparison
    asked: tuple[Constraint, ...]  # the limits
    among: tuple[Entry, ...]  # the candidates within them
    taken: Entry
    sure: Certainty | None  # of all candidates

    @cached_property
    def within(self) -> Certainty | None:
        """How sure the accuracies within the limits are; None if the answers of the candidate are not known."""
        known = self.sure.among(self.among) if self.sure else None
        return known if known and known.entries[known.best] is self.taken else None

    @cached_property
    def limits(self) -> list[Constraint]:
        """The limits asked for and those of its study, of several on one side of a measure the tightest."""
        tightest: dict[tuple[str, bool], Constraint] = {}
        for limit in [*self.asked, *self.taken.constraints]:
            side = limit.measure, limit.at_most is None
            if side not in tightest or limit.excess(tightest[side].limit) > 0:
                tightest[side] = limit
        return list(tightest.values())

    @cached_property
    def cost(self) -> Objective | None:
        """The cost of its neighbours: the first that is limited, or else the first that is asked for."""
        known = {cost.measure: cost for cost in self.comparison.costs if cost.measure in self.taken.trial.measures}
        limited = [known[limit.measure] for limit in self.asked if limit.measure in known]
        return next(iter([*limited, *known.values()]), None)

    @property
    def smaller(self) -> Entry | None:
        """The next cheaper candidate within the limits that is on their front; None if none is cheaper."""
        known = [one for one in self._front(self.among) if self.price(one) < self.price(self.taken)]
        return known[-1] if known else None

    @property
    def larger(self) -> Entry | None:
        """The next dearer candidate on the front that has more quality, within the limits or not."""
        known = [one for one in self._front(self.comparison.candidates) if self.price(one) > self.price(self.taken)]
        return next((one for one in known if self.quality(one) > self.quality(self.taken)), None)

    def _front(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of `entries` that no other dominates in quality and cost, the cheapest first."""
        if self.cost is None:
            return []
        pair = self.comparison.quality, self.cost
        groups = [{one.name for one in group} for group in self.comparison.groups(pair).values()]
        place = next(group for group in groups if self.taken.name in group)
        known = [one for one in entries if one.name in place and all(o.measure in one.trial.measures for o in pair)]
        return sorted(self.comparison.best(known, pair), key=self.price)

    @property
    def rival(self) -> Entry | None:
        """The cheapest that is not measurably worse, or else the best other one; None if all others are worse."""
        if self.within is None:
            return None
        peers = [one for one in self.within.peers if one != self.within.best]
        cheapest = [one for one in peers if one == self.within.cheapest]
        ranked = sorted(peers, key=lambda one: -int(self.within.right[one].sum()))  # type: ignore[union-attr]
        return self.within.entries[[*cheapest, *ranked][0]] if peers else None

    def price(self, entry: Entry) -> float:
        """Return the cost of a candidate."""
        return entry.trial.measures[self.cost.measure] if self.cost else 0.0

    def quality(self, entry: Entry) -> float:
        """Return the quality of a candidate."""
        return entry.trial.measures.get(self.comparison.quality.measure, -math.inf)

    def gap(self, one: Entry, other: Entry) -> Gap | None:
        """Return by how much one candidate is better than another, on the same pictures; None without answers."""
        answers = [self.sure.answers(each) if self.sure else None for each in (one, other)]
        return None if answers[0] is None or answers[1] is None else gaps.gap(answers[0], answers[1])


def of(
    comparison: Comparison, wanted: Sequence[Constraint] = (), sure: Certainty | None = None
) -> Recommendation | None:
    """Return what to take within the limits `wanted` and those of its study; None if nothing was trained to count.

    Raises as `choice.best`.
    """
    taken = choice.best(comparison, wanted)
    if comparison.quality.measure not in taken.trial.measures:
        return None  # a table of costs alone
    return Recommendation(
        comparison=comparison, asked=tuple(wanted), among=tuple(choice.fitting(comparison, wanted)), taken=taken,
        sure=sure,
    )  # fmt: skip
