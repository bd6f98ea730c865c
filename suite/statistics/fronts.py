"""How sure it is that a trial is on the front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.core.dominance import Intervals, nondominated

RESAMPLES = 500


def on_front(
    right: NDArray[np.bool_], costs: Intervals, *, resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float64]:
    """Return the share [K] of resamples of the pictures of `right` [K, N] in which each trial is on the front.

    The front is that of accuracy and `costs` [K, M], whose intervals count as everywhere (`core.dominance`). Trials
    that are never on it have 0.
    """
    trials, pictures = right.shape
    random, numbers = np.random.default_rng(seed), right.astype(np.float32)
    times = np.zeros(trials)
    for _ in range(resamples):
        drawn = random.multinomial(pictures, np.full(pictures, 1 / pictures)).astype(np.float32)
        missed = (pictures - numbers @ drawn).astype(float)[:, None]
        times += nondominated(Intervals(np.hstack([missed, costs.low]), np.hstack([missed, costs.high])))
    return times / resamples
