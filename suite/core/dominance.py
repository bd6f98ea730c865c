"""Which candidate is better: the only definition of dominance, and from it the front, the ranks and the knee.

Candidate `a` dominates `b` when it is worse in no objective and better in one. If an objective has intervals (`latency`
between `latency_low` and `latency_high`), two values are equal *for this pair* when their intervals overlap; else their
middles decide. A value without an interval has an interval of zero width.

Equality is not transitive: `a` may equal `b`, and `b` may equal `c`, while `a` is better than `c`. So nothing
here gives several candidates one shared value: each pair is judged by itself. If two or more objectives have
intervals, candidates may even dominate each other in a circle. No member of a circle is better than the others, so a
circle that no candidate outside dominates is on the front as a whole. Thus a front is never empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import moocore
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from suite.core import fronts
from suite.core.measures import interval, is_stable
from suite.core.study import Objective
from suite.core.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCK = 2**22  # pairs compared at once: some 4 MB per objective


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals [N candidates, M objectives] of values; less is better in each objective."""

    low: Array
    high: Array

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Intervals:
        return Intervals(self.low[chosen], self.high[chosen])

    @property
    def unsure(self) -> int:
        """The number of objectives in which some candidate has an interval wider than zero."""
        return int((self.low < self.high).any(axis=0).sum())

    @property
    def values(self) -> Array:
        """The values [N, M], if every interval has zero width."""
        return self.low


def nondominated(intervals: Intervals) -> Mask:
    """Mask [N] of the front: undominated candidates, and circles that no candidate outside dominates."""
    if not intervals.unsure:
        return fronts.nondominated(intervals.values)
    free = ~_is_dominated(intervals)
    # Intervals of one objective are ordered: if all other values are exact, there is no circle.
    return free if intervals.unsure == 1 else free | _in_leading_circle(intervals)


def contenders(intervals: Intervals) -> Mask:
    """Mask [N] of the candidates that no other surely dominates, wherever in the intervals the values are.

    `a` surely dominates `b` when the upper ends of `a` dominate the lower ends of `b`.
    """
    sure = np.zeros(len(intervals), dtype=bool)
    for objective in range(intervals.low.shape[1]):
        sure |= _has_below(intervals.low, intervals.high, objective)
    return ~sure


def rank(intervals: Intervals) -> NDArray[np.int64]:
    """Ranks [N]: 1 for the front, 2 for the front of what remains without it, and so on."""
    if not intervals.unsure:
        return fronts.rank(intervals.values)
    ranks = np.zeros(len(intervals), dtype=np.int64)
    left = np.arange(len(intervals))
    while len(left):
        ranks[left] += 1
        left = left[~nondominated(intervals[left])]
    return ranks


def _is_dominated(intervals: Intervals) -> Mask:
    """Mask [N] of the candidates that another dominates.

    `a` dominates `b` by objective m when its upper end in m is below the lower end of `b`, and in every other
    objective its lower end is at most the upper end of `b`. So each m is a search for a point below another; it is
    enough to search the points that no other dominates.
    """
    dominated = np.zeros(len(intervals), dtype=bool)
    for objective in range(intervals.low.shape[1]):
        searched, asked = intervals.low.copy(), intervals.high.copy()
        searched[:, objective] = intervals.high[:, objective]
        asked[:, objective] = intervals.low[:, objective]
        dominated |= _has_below(asked, searched, objective)
    return dominated


def _has_below(asked: Array, searched: Array, strictly: int) -> Mask:
    """Mask [N] of the points `asked` [N, M] with a point of `searched` [K, M] nowhere above them.

    In the objective `strictly`, that point must be below.
    """
    found = np.zeros(len(asked), dtype=bool)
    asked = asked.copy()
    asked[:, strictly] = np.nextafter(asked[:, strictly], -np.inf)
    searched = searched[moocore.is_nondominated(searched, keep_weakly=False)]
    step = max(1, BLOCK // len(searched))
    for start in range(0, len(asked), step):
        part = slice(start, start + step)
        below = np.ones((len(asked[part]), len(searched)), dtype=bool)
        for objective in range(asked.shape[1]):
            below &= searched[:, objective] <= asked[part, objective, None]
        found[part] = below.any(axis=1)
    return found


def _in_leading_circle(intervals: Intervals) -> Mask:
    """Mask [N] of the members of circles of dominance that no candidate outside dominates."""
    winners, losers = _pairs(intervals)
    count = len(intervals)
    graph = csr_array((np.ones(len(winners), dtype=np.int8), (winners, losers)), shape=(count, count))
    circles, of = connected_components(graph, directed=True, connection="strong")
    led = np.ones(circles, dtype=bool)
    led[of[losers[of[winners] != of[losers]]]] = False
    return np.asarray(led[of] & (np.bincount(of)[of] > 1), dtype=bool)


def _pairs(intervals: Intervals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of a candidate and one that it dominates: two arrays of indices, winners and losers."""
    found = []
    step = max(1, BLOCK // max(1, len(intervals)))
    for start in range(0, len(intervals), step):
        better, worse = _compared(intervals[np.arange(start, min(start + step, len(intervals)))], intervals)
        winners, losers = np.nonzero(better & ~worse)
        found.append((winners + start, losers))
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def _compared(these: Intervals, all_of_them: Intervals) -> tuple[Mask, Mask]:
    """Return two masks [n, N]: `these` [n, M] better, and worse, than `all_of_them` [N, M] in some objective."""
    better = np.zeros((len(these), len(all_of_them)), dtype=bool)
    worse = better.copy()
    for objective in range(these.low.shape[1]):
        better |= these.high[:, objective, None] < all_of_them.low[:, objective]
        worse |= all_of_them.high[:, objective] < these.low[:, objective, None]
    return better, worse


def minimised(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Array:
    """Values [N, M] of the objectives, those to be maximised negated. Every trial must have been measured in all."""
    signs = [-1.0 if objective.goal == "max" else 1.0 for objective in objectives]
    rows = [[sign * t.measures[o.measure] for o, sign in zip(objectives, signs, strict=True)] for t in trials]
    return np.array(rows, dtype=float).reshape(len(trials), len(objectives))


def intervals(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Intervals:
    """Intervals [N, M] of the objectives, those to be maximised negated. Every trial must have been measured in all."""
    ends = np.array([[interval(t.measures, o.measure) for o in objectives] for t in trials], dtype=float)
    ends = ends.reshape(len(trials), len(objectives), 2)
    most = np.array([objective.goal == "max" for objective in objectives], dtype=bool)
    return Intervals(np.where(most, -ends[..., 1], ends[..., 0]), np.where(most, -ends[..., 0], ends[..., 1]))


def front(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """Return the candidates on the front, in the same sequence; candidates that lack an objective are left out."""
    measured = _measured(trials, objectives)
    mask = nondominated(intervals(measured, objectives)) if measured else ()
    return [trial for trial, kept in zip(measured, mask, strict=True) if kept]


def ranks(trials: Sequence[Trial], objectives: Sequence[Objective]) -> dict[int, int]:
    """Return the ranks of one run's candidates by number; candidates that lack an objective are left out."""
    measured = _measured(trials, objectives)
    found = rank(intervals(measured, objectives)) if measured else ()
    return {trial.number: int(place) for trial, place in zip(measured, found, strict=True)}


def undecided(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """Return the candidates that may be on the front but have an unstable value, in the same sequence."""
    measured = _measured(trials, objectives)
    mask = contenders(intervals(measured, objectives)) if measured else ()
    return [
        trial
        for trial, may in zip(measured, mask, strict=True)
        if may and not all(is_stable(trial.measures, objective.measure) for objective in objectives)
    ]


def knee(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Trial | None:
    """Return the knee of the front of `trials`: where a gain in one objective begins to cost much in the others.

    The front is that of `front`; its bend is computed from the middles. None if nothing was measured.
    """
    best = front(trials, objectives)
    return best[fronts.knee(minimised(best, objectives))] if best else None


def _measured(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """Return the trials that have a number for every objective; NaN is no number."""
    return [t for t in trials if all(not np.isnan(t.measures.get(o.measure, np.nan)) for o in objectives)]
