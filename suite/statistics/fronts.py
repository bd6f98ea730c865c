"""How sure it is that a trial is on the front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.core.dominance import Intervals, nondominated

RESAMPLES = 500
SURE = 6.0  # standard deviations of a difference that no resample overcomes


def on_front(
    right: NDArray[np.bool_], costs: Intervals, *, resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float64]:
    """Return the share [K] of resamples of the pictures of `right` [K, N] in which each trial is on the front.

    The front is that of accuracy and `costs` [K, M], whose intervals count as everywhere (`core.dominance`). Trials
    that are never on it have 0.
    """
    shares, may = np.zeros(len(right)), np.flatnonzero(_contend(right, costs))
    shares[may] = _shares(right[may], costs[may], resamples, seed)
    return shares


def _contend(right: NDArray[np.bool_], costs: Intervals) -> NDArray[np.bool_]:
    """Mask [K] of the trials that may be on the front of a resample: the others only cost time.

    A member of the front of all pictures dominates a trial in every resample if it is nowhere dearer, and ahead by so
    many pictures that no resample overcomes it. With two costs that have intervals there are circles, see
    `core.dominance`: then all may be.
    """
    numbers = right.astype(np.float32)
    wrong = right.shape[1] - numbers.sum(axis=1)
    if costs.unsure > 1:
        return np.ones(len(right), dtype=bool)
    beaten = np.zeros(len(right), dtype=bool)
    for one in np.flatnonzero(nondominated(_joined(wrong, costs))):
        ahead, both = wrong - wrong[one], numbers @ numbers[one]
        differ = wrong + wrong[one] - 2 * (right.shape[1] - numbers.sum(axis=1) - numbers[one].sum() + both)
        spread = np.sqrt(np.maximum(differ - ahead**2 / right.shape[1], 0))
        beaten |= (ahead > SURE * spread) & (costs.low[one] <= costs.high).all(axis=1)
    return ~beaten


def _joined(wrong: NDArray[np.floating], costs: Intervals) -> Intervals:
    """Return the objectives of trials: how many pictures each has wrong [K], and its costs."""
    exact = wrong.astype(float)[:, None]
    return Intervals(np.hstack([exact, costs.low]), np.hstack([exact, costs.high]))


def _shares(right: NDArray[np.bool_], costs: Intervals, resamples: int, seed: int) -> NDArray[np.float64]:
    trials, pictures = right.shape
    random, numbers = np.random.default_rng(seed), right.astype(np.float32)
    times = np.zeros(trials)
    for _ in range(resamples):
        drawn = random.multinomial(pictures, np.full(pictures, 1 / pictures)).astype(np.float32)
        times += nondominated(_joined(pictures - numbers @ drawn, costs))
    return times / resamples
