"""What the search of one family found beside that of another: at an equal number of trials, on other pictures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from suite.core import fronts
from suite.statistics.chosen import TOGETHER
from suite.statistics.intervals import CONFIDENCE, Interval, farthest
from suite.statistics.searches import Agreement, agreement
from suite.statistics.seeds import Mean

Array = NDArray[np.float64]

RESAMPLES = 400
DRAWS = 8  # of trials in each resample
FEWEST = 5  # trainings whose rankings are compared
TINY = 1e-12  # of a variance, so that none is zero


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
    found, whole, every = np.empty((resamples, each)), np.empty((resamples, each)), right.mean(axis=1)
    for row, of_all, seen, true in zip(found, whole, inside, outside, strict=True):
        for place in range(each):
            taken = random.permutation(len(right))[:count]
            row[place] = _of_the_front(seen[taken], true[taken], prices[taken], worst, best)
            of_all[place] = _of_the_front(every[taken], every[taken], prices[taken], worst, best)
    # What the trials that were drawn dominate by all pictures is no luck with the pictures.
    by_picture, _ = _variances(found - whole)
    _, by_draw = _variances(found)
    half = float(ndtri(0.5 + confidence / 2)) * math.sqrt(TOGETHER * by_picture + by_draw / found.size)
    value = float(found.mean())
    return Mean(value, Interval(max(0.0, value - half), min(1.0, value + half)))


def _of_the_front(
    seen: Array, true: Array, prices: Array, worst: tuple[float, float], best: tuple[float, float]
) -> float:
    """Return the share of the box that trials [K] dominate which are on the front as `seen`, judged by `true` [K]."""
    chosen = fronts.nondominated(np.column_stack([-seen, prices]))
    return area(true[chosen], prices[chosen], worst, best)


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

    The interval is a score interval: it holds the agreements that are not refused by what was seen. Each has the
    variance of tau of normal values (Esscher, Skandinavisk Aktuarietidskrift 7, 1924). Where the networks themselves
    tell that tau varies more, as of values that are not normal, it is so much larger.
    """
    found = agreement(short, long)
    if found is None or found.trials < FEWEST:
        return None
    known = (np.asarray(short, dtype=float), np.asarray(long, dtype=float))
    z = float(ndtri(0.5 + confidence / 2)) * math.sqrt(_wilder(*known, found.tau))

    def score(truth: float) -> float:
        return (found.tau - truth) / math.sqrt(_of_normal(truth, found.trials))

    return found, Interval(*(farthest(score, found.tau, end, z) for end in (-1.0, 1.0)))


def _of_normal(tau: float, trials: int) -> float:
    """Return the variance of Kendall's tau of so many pairs of normal values, whose true one is `tau`."""
    half = 2 / math.pi * math.asin(math.sin(math.pi * tau / 2) / 2)
    return 2 * (1 - tau**2 + 2 * (trials - 2) * (1 / 9 - half**2)) / (trials * (trials - 1)) + TINY


def _wilder(short: Array, long: Array, tau: float) -> float:
    """Return how much more the tau of these values [K] varies than that of normal ones, at least 1.

    Its variance is the jackknife's: of how far each network agrees with the others, and of how many it is tied with,
    as tau-b is a ratio. Few networks tell it badly, so it counts somewhat less.
    """
    trials = len(short)
    first, second = (np.sign(np.subtract.outer(values, values)) for values in (short, long))
    agrees, one, other = (signs.sum(axis=1) / (trials - 1) for signs in (first * second, first**2, second**2))
    each = agrees / math.sqrt(one.mean() * other.mean()) - tau / 2 * (one / one.mean() + other / other.mean())
    variance = 4 * (trials - 1) * float(each.var()) / (trials - 2) ** 2
    return max(1.0, variance / _of_normal(tau, trials) / (1 + 1 / math.sqrt(trials))) if abs(tau) < 1 else 1.0
