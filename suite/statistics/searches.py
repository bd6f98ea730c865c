"""Whether the short trainings of a search tell what long ones would."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kendalltau


class Agreement(NamedTuple):
    """How far two rankings of the same trials agree."""

    tau: float  # Kendall's tau-b: 1 the same ranking, 0 no relation, -1 the reverse
    trials: int


def agreement(short: ArrayLike, long: ArrayLike) -> Agreement | None:
    """Return how far short and long trainings [K] of the same networks rank them alike; None if nothing differs.

    Kendall, 1945, Biometrika 33, for ties.
    """
    first, second = np.asarray(short, dtype=float), np.asarray(long, dtype=float)
    if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
        return None
    return Agreement(float(kendalltau(first, second).statistic), len(first))
