"""Fronts: dominance, rank, hypervolume and knee, on arrays of minimised values [N points, M objectives].

One point dominates another when it is nowhere larger and somewhere smaller. The front is what nothing dominates.
"""

from __future__ import annotations

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.study import Objective
from suite.trial import Trial

Values = NDArray[np.float64]


def dominates(a: ArrayLike, b: ArrayLike) -> bool:
    """Whether point `a` [M] is nowhere larger than point `b` [M] and somewhere smaller."""
    first, second = np.asarray(a), np.asarray(b)
    return bool(np.all(first <= second) and np.any(first < second))


def nondominated(values: Values) -> NDArray[np.bool_]:
    """Mask [N] of the points that no other dominates; equal points are kept together."""
    return np.asarray(moocore.is_nondominated(values, keep_weakly=True), dtype=bool)


def rank(values: Values) -> NDArray[np.int64]:
    """Ranks [N]: 1 for the front, 2 for the front of what remains without it, and so on (Deb et al. 2002, NSGA-II)."""
    return np.asarray(moocore.pareto_rank(values), dtype=np.int64) + 1


def hypervolume(values: Values, reference: ArrayLike) -> float:
    """Volume that the points dominate within `reference` [M]; a point beyond the reference adds nothing."""
    return float(moocore.hypervolume(values, ref=np.asarray(reference, dtype=float))) if len(values) else 0.0


def hypervolume_curve(values: Values, reference: ArrayLike) -> Values:
    """Hypervolume [N] of the first 1, 2, ... N points: how far a search had come after each trial."""
    limit = np.asarray(reference, dtype=float)
    curve = np.zeros(len(values))
    front = np.empty((0, len(limit)))
    for index, point in enumerate(values):
        if np.any(point >= limit) or np.any(np.all(front <= point, axis=1)):
            curve[index] = curve[index - 1] if index else 0.0
            continue
        front = np.vstack([front[~np.all(point <= front, axis=1)], point])
        curve[index] = hypervolume(front, limit)
    return curve


def knee(values: Values) -> int:
    """Index of the front point that lies farthest below the line (M = 3: plane) between the extremes of the front.

    Every axis is first scaled so that the front spans 0 to 1. Of equal points the first is taken. A front that bends
    the other way has no knee: the answer is then one of its ends.
    """
    front = np.flatnonzero(nondominated(values))
    low, high = values[front].min(axis=0), values[front].max(axis=0)
    scaled = (values[front] - low) / np.where(high > low, high - low, 1.0)
    # The distance to a plane with equal slopes falls as the sum of the coordinates does.
    return int(front[np.argmin(np.round(scaled.sum(axis=1), 12))])


def minimised(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Values:
    """Values [N, M] of the objectives, those to be maximised negated. Every trial must have been measured in all."""
    signs = [-1.0 if objective.goal == "max" else 1.0 for objective in objectives]
    rows = [[sign * t.measures[o.measure] for o, sign in zip(objectives, signs, strict=True)] for t in trials]
    return np.array(rows, dtype=float).reshape(len(trials), len(objectives))


def front(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """Return the candidates that no other dominates, in their order; one that lacks an objective is left out."""
    measured = _measured(trials, objectives)
    mask = nondominated(minimised(measured, objectives)) if measured else ()
    return [trial for trial, kept in zip(measured, mask, strict=True) if kept]


def ranks(trials: Sequence[Trial], objectives: Sequence[Objective]) -> dict[int, int]:
    """Return the rank of every candidate of one run by its number; one that lacks an objective is left out."""
    measured = _measured(trials, objectives)
    found = rank(minimised(measured, objectives)) if measured else ()
    return {trial.number: int(place) for trial, place in zip(measured, found, strict=True)}


def _measured(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    return [trial for trial in trials if all(objective.measure in trial.measures for objective in objectives)]
