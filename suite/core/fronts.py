"""Fronts of exact values: dominance, rank, hypervolume and knee, on minimised values [N points, M objectives].

One point dominates another when it is nowhere larger and somewhere smaller. The front is the set of
points that no other dominates. Measured candidates, whose values have intervals, are compared in `dominance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Values = NDArray[np.float64]


def dominates(a: ArrayLike, b: ArrayLike) -> bool:
    """Whether point `a` [M] is nowhere larger than point `b` [M] and somewhere smaller."""
    first, second = np.asarray(a), np.asarray(b)
    return bool(np.all(first <= second) and np.any(first < second))


def nondominated(values: Values) -> NDArray[np.bool_]:
    """Mask [N] of the points that no other dominates; of equal points all are kept, as are points of no values."""
    if not values.shape[1]:
        return np.ones(len(values), dtype=bool)
    return np.asarray(moocore.is_nondominated(values, keep_weakly=True), dtype=bool)


def rank(values: Values) -> NDArray[np.int64]:
    """Ranks [N]: 1 for the front, 2 for the front of what remains without it, and so on (Deb et al. 2002, NSGA-II)."""
    return np.asarray(moocore.pareto_rank(values), dtype=np.int64) + 1


def hypervolume(values: Values, reference: ArrayLike) -> float:
    """Volume that the points dominate within `reference` [M]; a point beyond the reference adds nothing."""
    return float(moocore.hypervolume(values, ref=np.asarray(reference, dtype=float))) if len(values) else 0.0


def hypervolume_curve(values: Values, reference: ArrayLike) -> Values:
    """Hypervolume [N] of the first 1, 2, ... N points: the progress of a search after each trial."""
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


def boxes(values: Values, reference: ArrayLike) -> tuple[Values, Values]:
    """Lower and upper ends [K, M] of boxes that tile the part within `reference` [M] that no point [N, M] dominates.

    Lower ends may be -inf. The search sweeps along the last objective: a box of the others stays open until a new
    point cuts it, so there are few boxes (N + 1 for two objectives).
    """
    limit = np.asarray(reference, dtype=float)
    inside = values[(values < limit).all(axis=1)] if len(values) else np.empty((0, len(limit)))
    found = list(_tiles(inside[nondominated(inside)] if len(inside) else inside, limit))
    return np.array([low for low, _ in found]).reshape(-1, len(limit)), np.array([up for _, up in found])


def _tiles(points: Values, limit: Values) -> Iterator[tuple[tuple[float, ...], tuple[float, ...]]]:
    if len(limit) == 1:
        yield (-np.inf,), (float(min(points[:, 0], default=limit[0])),)
        return
    opened: dict[tuple[tuple[float, ...], tuple[float, ...]], float] = {}
    for level in (-np.inf, *np.unique(points[:, -1]), float(limit[-1])):
        below = points[points[:, -1] <= level, :-1]
        tiles = set(_tiles(below[nondominated(below)] if len(below) else below, limit[:-1]))
        closed = opened.keys() if level == limit[-1] else opened.keys() - tiles
        for low, up in sorted(closed):
            yield (*low, opened[low, up]), (*up, float(level))
        opened = {tile: opened.get(tile, float(level)) for tile in tiles}


def expected_improvement(lower: Values, upper: Values, mean: Values, deviation: Values) -> Values:
    """Expected growth [N] of the hypervolume by each of N candidates with independent normal objectives.

    `lower` and `upper` [K, M] are the boxes of the front; `mean` and `deviation` [N, M] describe the candidates. A
    deviation of 0 is an exact value. The expected gain in a box is the product of the expected gains along its sides
    (the closed form of Yang et al., Swarm and Evolutionary Computation 44, 2019, section 4).
    """
    gain = np.ones((len(mean), len(lower)))
    for objective in range(mean.shape[1]):
        centre, spread = mean[:, objective, None], deviation[:, objective, None]
        below = _shortfall(upper[None, :, objective], centre, spread)
        gain *= below - _shortfall(lower[None, :, objective], centre, spread)
    return gain.sum(axis=1)


def _shortfall(bound: Values, mean: Values, deviation: Values) -> Values:
    """Expected distance of a normal variable below `bound`; 0 counts where it is above."""
    with np.errstate(divide="ignore", invalid="ignore"):
        away = bound - mean
        z = np.where(deviation > 0, away / deviation, 0.0)
        uncertain = away * ndtr(z) + deviation * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return np.where(np.isneginf(bound), 0.0, np.where(deviation > 0, uncertain, np.maximum(away, 0.0)))


def knee(front: Values) -> int:
    """Index of the point of `front` [N, M] that lies farthest below the line (M = 3: plane) between its extremes.

    Every axis is first scaled so that the front spans 0 to 1. Of equal points the first counts. A front that bends
    the other way has no knee: the result is then one of its ends.
    """
    low, high = front.min(axis=0), front.max(axis=0)
    scaled = (front - low) / np.where(high > low, high - low, 1.0)
    # The distance to a plane with equal slopes falls as the sum of the coordinates does.
    return int(np.argmin(np.round(scaled.sum(axis=1), 12)))
