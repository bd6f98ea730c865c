"""What the search of one family found beside that of another: at an equal number of trials, on other pictures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from suite.core import fronts
from suite.statistics.chosen import TOGETHER
from suite.statistics.intervals import CONFIDENCE, Interval
from suite.statistics.searches import Agreement, agreement
from suite.statistics.seeds import Mean

Array = NDArray[np.float64]

RESAMPLES = 400
DRAWS = 8  # of trials in each resample
FEWEST = 5  # trainings whose rankings are compared


def area(accuracy: ArrayLike, cost: ArrayLike, worst: tuple[float, float], best: tuple[float, float]) -> float:
    """Return the share of the box from `worst` to `best` (accuracy, cost) that trials [K] dominate."""
    known = np.column_stack([-np.asarray(accuracy, dtype=float), np.asarray(cost, dtype=float)])
    box = (best[0] - worst[0]) * (worst[1] - best[1])
    return fronts.hypervolume(known, (-worst[0], worst[1])) / box


def hypervolume(
    right: NDArray[np.bool_], cost: ArrayLike, worst: tuple[float, float], best: tuple[float, float], count: int,
    *, resamples: int = RESAMPLES, draws: int = DRAWS, seed: int = 0, confidence: float = CONFIDENCE,
) -> Mean:  # fmt: skip
    """Return the share of a box that the front of `count` of the K trials of `right` [K, N] dominates on new pictures.

    In each resample of the pictures `count` trials are taken at random, some times; their front is chosen by the
    resample, and judged by the pictures that were not drawn, as in `chosen.corrected`: so a front does not profit from
    luck with the pictures that chose it, nor a family from more trials. The interval is for other pictures; what
    another search would have found it does not know.
    """
    prices, random, pictures = np.asarray(cost, dtype=float), np.random.default_rng(seed), right.shape[1]
    each = draws if count < len(right) else 1  # every draw of all trials is the same
    times = random.multinomial(pictures, np.full(pictures, 1 / pictures), resamples)
    inside, outside = _judged(right, times)
    found = np.empty((resamples, each))
    for row, seen, true in zip(found, inside, outside, strict=True):
        for place in range(each):
            taken = random.permutation(len(right))[:count]
            chosen = taken[fronts.nondominated(np.column_stack([-seen[taken], prices[taken]]))]
            row[place] = area(true[chosen], prices[chosen], worst, best)
    by_picture, by_draw = _variances(found)
    half = float(ndtri(0.5 + confidence / 2)) * math.sqrt(TOGETHER * by_picture + by_draw / found.size)
    value = float(found.mean())
    return Mean(value, Interval(max(0.0, value - half), min(1.0, value + half)))


def _judged(right: NDArray[np.bool_], times: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the share right of each trial [R, K] in resamples that draw the pictures so many `times` [R, N].

    Then the same by the pictures that are not drawn; of very few pictures, all may be drawn, and all then judge.
    """
    judges = times == 0
    judges[~judges.any(axis=1)] = True
    known = right.astype(np.float32).T
    inside, outside = (weights.astype(np.float32) @ known for weights in (times, judges))
    return inside / right.shape[1], outside / judges.sum(axis=1, keepdims=True)


def _variances(found: Array) -> tuple[float, float]:
    """Return the variances of a table [R, D] by its rows alone, and by the draws within each."""
    if found.shape[1] == 1:
        return float(found.var(ddof=1)), 0.0
    within = float(found.var(axis=1, ddof=1).mean())
    return max(0.0, float(found.mean(axis=1).var(ddof=1)) - within / found.shape[1]), within


def agreed(short: ArrayLike, long: ArrayLike, confidence: float = CONFIDENCE) -> tuple[Agreement, Interval] | None:
    """Return how far short and long trainings [K] rank networks alike, with its interval; None if there are too few.

    The interval is Fieller's: Fisher's z of tau has the variance 0.437 / (K - 4) (Fieller, Hartley and Pearson,
    Biometrika 44, 1957).
    """
    found = agreement(short, long)
    if found is None or found.trials < FEWEST:
        return None
    half = float(ndtri(0.5 + confidence / 2)) * math.sqrt(0.437 / (found.trials - 4))
    middle = math.atanh(min(1 - 1e-9, max(-1 + 1e-9, found.tau)))
    return found, Interval(math.tanh(middle - half), math.tanh(middle + half))
