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

DRAWS = 400
FEWEST = 5  # trainings whose rankings are compared


def area(accuracy: ArrayLike, cost: ArrayLike, worst: tuple[float, float], best: tuple[float, float]) -> float:
    """Return the share of the box from `worst` to `best` (accuracy, cost) that trials [K] dominate."""
    known = np.column_stack([-np.asarray(accuracy, dtype=float), np.asarray(cost, dtype=float)])
    box = (best[0] - worst[0]) * (worst[1] - best[1])
    return fronts.hypervolume(known, (-worst[0], worst[1])) / box


def hypervolume(
    right: NDArray[np.bool_], cost: ArrayLike, worst: tuple[float, float], best: tuple[float, float], count: int,
    *, draws: int = DRAWS, seed: int = 0, confidence: float = CONFIDENCE,
) -> Mean:  # fmt: skip
    """Return the share of a box that the front of `count` of the K trials of `right` [K, N] dominates on new pictures.

    In each draw `count` trials are taken at random, their front is chosen by a resample of the pictures, and judged by
    the pictures that were not drawn, as in `chosen.corrected`: so a front does not profit from luck with the pictures
    that chose it, nor a family from more trials. The interval is for other pictures and other draws of these trials;
    what another search would have found it does not know.
    """
    known, prices = right.astype(np.float32), np.asarray(cost, dtype=float)
    random, pictures = np.random.default_rng(seed), right.shape[1]
    found = []
    for _ in range(draws):
        taken = random.permutation(len(known))[:count]
        times = random.multinomial(pictures, np.full(pictures, 1 / pictures))
        inside = known[taken] @ times.astype(np.float32) / pictures
        chosen = taken[fronts.nondominated(np.column_stack([-inside, prices[taken]]))]
        judges = times == 0 if 0 in times else times > 0  # of very few pictures, all may be drawn
        found.append(area(known[chosen][:, judges].mean(axis=1), prices[chosen], worst, best))
    value, half = float(np.mean(found)), float(ndtri(0.5 + confidence / 2)) * math.sqrt(TOGETHER * np.var(found))
    return Mean(value, Interval(max(0.0, value - half), min(1.0, value + half)))


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
